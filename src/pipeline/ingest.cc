#include "sluice/pipeline/ingest.h"

#include <string>
#include <utility>

#include "sluice/syslog/parser.h"
#include "sluice/syslog/repeat.h"

namespace sluice {
namespace {

std::uint64_t& malformed_counter(Stats& stats, ParseError error) {
  switch (error) {
    case ParseError::kEmpty:
      return stats.messages_malformed_empty;
    case ParseError::kNoPri:
      return stats.messages_malformed_no_pri;
    case ParseError::kBadTimestamp:
      return stats.messages_malformed_timestamp;
    case ParseError::kBadStructuredData:
      return stats.messages_malformed_structured_data;
    case ParseError::kBadHeader:
    case ParseError::kNone:
      break;
  }
  return stats.messages_malformed_header;
}

std::uint64_t& time_counter(Stats& stats, TimeSource source) {
  switch (source) {
    case TimeSource::kStamp:
      return stats.times_from_stamp;
    case TimeSource::kNoStamp:
      return stats.times_without_stamp;
    case TimeSource::kFuture:
      return stats.times_in_future;
    case TimeSource::kSkewed:
      return stats.times_skewed;
  }
  return stats.times_without_stamp;
}

}  // namespace

struct Ingest::State {
  State(const IngestOptions& chosen, std::shared_ptr<const RuleSet> rules, OnMalformed hook)
      : options(chosen),
        on_malformed(std::move(hook)),
        matcher(std::make_unique<Matcher>(std::move(rules), chosen.matcher)),
        aggregator(chosen.aggregator) {}

  // Fills all of `trace` but what the rules say.
  void read(const Message& message, Timestamp now, MessageTrace& trace);
  void count(const Message& message, const MessageTrace& trace);
  void expand_repeat(MessageTrace& trace);
  void take_in(const MessageTrace& trace, std::size_t rules_matched, const Peer& peer,
               Timestamp now);
  Matcher::Input input_of(const MessageTrace& trace, Timestamp now) const {
    return {.record = trace.record,
            .host = trace.host,
            .time = trace.event_time.time,
            .now = now,
            .weight = trace.weight};
  }

  IngestOptions options;
  OnMalformed on_malformed;
  EventTimes event_times;
  std::unique_ptr<Matcher> matcher;
  MatcherStats retired_matcher_stats;  // Of the matchers before the last reload.
  Aggregator aggregator;
  Stats stats;
  // Scratch, reused from message to message.
  MessageTrace current;
  std::string host;
  std::string claimed_host;
};

Ingest::Ingest(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
               OnMalformed on_malformed)
    : state_(std::make_unique<State>(options, std::move(rules), std::move(on_malformed))) {}
Ingest::~Ingest() = default;

void Ingest::receive(const Message& message, Timestamp now) {
  State& state = *state_;
  MessageTrace& trace = state.current;
  trace.samples.clear();
  state.read(message, now, trace);
  const std::size_t matched = state.matcher->match(state.input_of(trace, now), trace.samples);
  state.take_in(trace, matched, message.peer, now);
}

MessageTrace Ingest::explain(const Message& message, Timestamp now) {
  MessageTrace trace;
  state_->read(message, now, trace);
  const std::size_t matched =
      state_->matcher->explain(state_->input_of(trace, now), trace.samples, trace.rules);
  state_->take_in(trace, matched, message.peer, now);
  return trace;
}

Delta Ingest::take_delta() { return state_->aggregator.take_delta(); }

void Ingest::set_rules(std::shared_ptr<const RuleSet> rules) {
  const MatcherStats& old = state_->matcher->stats();
  MatcherStats& retired = state_->retired_matcher_stats;
  retired.rules_matched += old.rules_matched;
  retired.bad_values += old.bad_values;
  retired.names_folded += old.names_folded;
  retired.contexts_evicted += old.contexts_evicted;
  retired.contexts_expired += old.contexts_expired;
  state_->aggregator.forget_metrics();
  state_->matcher = std::make_unique<Matcher>(std::move(rules), state_->options.matcher);
}

std::uint64_t Ingest::pending_samples() const noexcept {
  return state_->aggregator.pending_samples();
}

Stats Ingest::stats() const noexcept {
  Stats stats = state_->stats;
  const MatcherStats& live = state_->matcher->stats();
  const MatcherStats& retired = state_->retired_matcher_stats;
  stats.rules_matched = live.rules_matched + retired.rules_matched;
  stats.rules_bad_values = live.bad_values + retired.bad_values;
  stats.rules_names_folded = live.names_folded + retired.names_folded;
  stats.rules_contexts_evicted = live.contexts_evicted + retired.contexts_evicted;
  stats.rules_contexts_expired = live.contexts_expired + retired.contexts_expired;
  return stats;
}

void Ingest::State::read(const Message& message, Timestamp now, MessageTrace& out) {
  parse_message(message.bytes, out.record);
  out.record.truncated = message.truncated;
  out.record.incomplete = message.incomplete;
  out.host = canonical_host(out.record.hostname, message.peer.text, options.host_names, host);
  out.event_time = event_times.resolve(out.record.stamp, out.host, message.zone, now);
  out.message = out.record.message;
  out.weight = 1;
  count(message, out);
  if (options.expand_repeats) expand_repeat(out);
}

void Ingest::State::count(const Message& message, const MessageTrace& one) {
  ++stats.messages_received;
  stats.octets_received += message.bytes.size();
  if (message.truncated) ++stats.messages_truncated;
  if (message.incomplete) ++stats.messages_incomplete;
  ++time_counter(stats, one.event_time.source);
  if (one.record.error == ParseError::kNone) {
    ++stats.messages_parsed;
    return;
  }
  ++stats.messages_malformed;
  ++malformed_counter(stats, one.record.error);
  if (on_malformed) on_malformed(one.record.error, message);
}

// The first of a run of equal messages was sent in full; the notice stands for the others.
void Ingest::State::expand_repeat(MessageTrace& out) {
  const auto notice = parse_repeat_notice(text_of(out.record));
  if (!notice || notice->refers_to_last) return;
  out.record.message = notice->text;
  out.weight = static_cast<std::uint32_t>(notice->count);
  stats.messages_repeated += notice->count;
}

void Ingest::State::take_in(const MessageTrace& one, std::size_t rules_matched, const Peer& peer,
                            Timestamp now) {
  ++(rules_matched > 0 ? stats.messages_matched : stats.messages_unmatched);
  if (rules_matched > 0) aggregator.hear(one.host, now);
  for (Sample sample : one.samples) {
    if (sample.is_claimed) {
      sample.host = canonical_host(sample.host, {}, options.host_names, claimed_host);
      sample.is_claimed = !peer.is_trusted && sample.host != one.host;
    }
    stats.samples += sample.weight;
    if (!aggregator.add(sample, now)) stats.samples_dropped_tick_full += sample.weight;
  }
}

}  // namespace sluice

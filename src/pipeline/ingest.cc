#include "sluice/pipeline/ingest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "pipeline/ingest_accounts.h"
#include "pipeline/ingest_state.h"
#include "pipeline/line_intake.h"

namespace sluice {
namespace {

// Notes kept between two reports: an outage of a large fleet gives a few hundred a second.
constexpr std::size_t kNotesMax = 2'000;

}  // namespace

Ingest::Ingest(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
               OnMalformed on_malformed, OnSkewed on_skewed, OnMalformedLine on_malformed_line)
    : state_(std::make_unique<State>(options, std::move(rules), std::move(on_malformed),
                                     std::move(on_skewed), std::move(on_malformed_line))) {}
Ingest::~Ingest() = default;

// Anything that is not plain: from a host nobody has heard of yet, not well formed, cut off, a
// repeat notice, the relay's own.
void Ingest::State::receive_one(const Message& message, Timestamp now, Ahead& one) {
  add_waiting();
  MessageTrace& trace = current;
  trace.samples.clear();
  Sender& sender = read(message, now, one, trace);
  if (is_own(trace)) {
    if (!trace.is_notice) remember(trace.record, true, sender, message.peer);
    ++stats.messages_own;
    return;
  }
  // Of a frame that its stream cut short nobody knows what the numbers were.
  const bool is_tried = !trace.record.incomplete && !trace.repeats_unread;
  const std::size_t matched = is_tried ? matcher->match(input_of(trace, now), trace.samples) : 0;
  if (!trace.is_notice) remember(trace.record, matched > 0, sender, message.peer);
  take_in(trace, matched, sender, message.peer, now);
  add_samples(trace, now, sender.place);
}

MessageTrace Ingest::explain(const Message& message, Timestamp now) {
  State::Ahead ahead;
  MessageTrace trace;
  state_->add_waiting();
  state_->parse(message, ahead);
  ahead.sender = state_->senders.number_of(state_->name_of_sender(ahead.record, message.peer),
                                           ahead.name_place);
  trace.sent = ahead.record;
  if (state_->options.expand_repeats) (void)take_repeat_notice(trace.sent);
  Sender& sender = state_->read(message, now, ahead, trace);
  // All of it: people ask why.
  if (!trace.is_notice) state_->remember(trace.record, true, sender, message.peer);
  if (state_->is_own(trace)) return trace;
  const std::size_t matched =
      trace.record.incomplete
          ? 0
          : state_->matcher->explain(state_->input_of(trace, now), trace.samples, trace.rules);
  const std::size_t noted = state_->notes.size();
  state_->take_in(trace, matched, sender, message.peer, now);
  state_->add_samples(trace, now, sender.place);
  trace.notes.assign(state_->notes.begin() + static_cast<std::ptrdiff_t>(noted),
                     state_->notes.end());
  return trace;
}

void Ingest::receive_line(const Message& line, Timestamp now) {
  State& state = *state_;
  MessageTrace& trace = state.current;
  trace.samples.clear();
  if (!state.read_line(line, now, trace)) return;
  const std::size_t matched = state.matcher->match(state.input_of(trace, now), trace.samples);
  state.take_in_line(trace, matched, now);
}

void Ingest::receive_lines(const Message& datagram, Timestamp now) {
  std::string_view rest = datagram.bytes;
  const bool is_last_cut = datagram.truncated && !rest.ends_with('\n');
  for (std::string_view line; next_graphite_line(rest, line);) {
    receive_line({.bytes = line,
                  .peer = datagram.peer,
                  .zone = datagram.zone,
                  .truncated = is_last_cut && rest.empty()},
                 now);
  }
}

MessageTrace Ingest::explain_line(const Message& line, Timestamp now) {
  MessageTrace trace;
  if (!state_->read_line(line, now, trace)) return trace;
  const std::size_t matched =
      state_->matcher->explain(state_->input_of(trace, now), trace.samples, trace.rules);
  state_->take_in_line(trace, matched, now);
  return trace;
}

Delta Ingest::take_delta() {
  state_->add_waiting();
  return state_->aggregator.take_delta();
}

SenderReport Ingest::take_senders() { return state_->senders.take_report(); }

Observations Ingest::take_observations() {
  state_->add_waiting();
  return {.unmatched = state_->unmatched.take(),
          .rules = state_->rule_tally.take(),
          .notes = std::exchange(state_->notes, {})};
}

bool Ingest::is_tick_full() const {
  state_->add_waiting();
  // More than one message gives; of a tiny tick, which only tests have, a part.
  constexpr std::size_t kRoomMax = 256;
  const std::size_t most = state_->options.aggregator.entries_max;
  return state_->aggregator.entry_count() + std::min(kRoomMax, most / 8) >= most;
}

void Ingest::set_rules(std::shared_ptr<const RuleSet> rules) {
  state_->add_waiting();
  const MatcherStats& old = state_->matcher->stats();
  MatcherStats& retired = state_->retired_matcher_stats;
  retired.rules_matched += old.rules_matched;
  retired.bad_values += old.bad_values;
  retired.fields_broken += old.fields_broken;
  retired.names_folded += old.names_folded;
  retired.contexts_evicted += old.contexts_evicted;
  retired.contexts_expired += old.contexts_expired;
  state_->aggregator.forget_metrics();
  auto fresh = std::make_unique<Matcher>(std::move(rules), state_->options.matcher);
  fresh->take_contexts(*state_->matcher);
  state_->matcher = std::move(fresh);
  state_->name_rules();
}

std::uint64_t Ingest::pending_samples() const {
  state_->add_waiting();
  return state_->aggregator.pending_samples();
}

Stats Ingest::stats() const {
  state_->add_waiting();
  Stats stats = state_->stats;
  const MatcherStats& live = state_->matcher->stats();
  const MatcherStats& retired = state_->retired_matcher_stats;
  stats.rules_matched = live.rules_matched + retired.rules_matched;
  stats.rules_bad_values = live.bad_values + retired.bad_values;
  stats.rules_fields_broken = live.fields_broken + retired.fields_broken;
  stats.rules_names_folded = live.names_folded + retired.names_folded;
  stats.rules_contexts_evicted = live.contexts_evicted + retired.contexts_evicted;
  stats.rules_contexts_expired = live.contexts_expired + retired.contexts_expired;
  return stats;
}

void Ingest::State::name_rules() {
  std::vector<std::string> names;
  for (std::uint32_t rule = 0; rule < matcher->rules().size(); ++rule)
    names.push_back(matcher->rules().name(rule));
  rule_tally.set_rules(names);
  aggregator.set_rule_names(std::move(names));
}

void Ingest::State::take_in(MessageTrace& one, std::size_t rules_matched, Sender& sender,
                            const Peer& peer, Timestamp now) {
  if (rules_matched > 0) {
    take_matched(one.host, one.event_time.time, one.weight, sender, peer, now);
  } else if (one.repeats_unread) {
    ++stats.messages_unmatched;
  } else {
    count_unmatched(one.record, one.host, now);
  }
  name_hosts(one.samples, one.host, peer, one.claimed_hosts);
}

// Accounts for a message that the matcher has just matched.
void Ingest::State::take_matched(std::string_view from, Timestamp time, std::uint32_t weight,
                                 Sender& sender, const Peer& peer, Timestamp now) {
  ++stats.messages_matched;
  hear(from, time, sender, now);
  count_rules(now);
  if (!matcher->notes().empty()) take_notes(from, time, weight, peer);
}

// Each pack with a presence takes the message for a sign of life.
void Ingest::State::hear(std::string_view from, Timestamp time, Sender& sender, Timestamp now) {
  std::string_view last = "";
  aggregator.hear(from, last, time, now, sender.place);
  for (const std::uint32_t rule : matcher->matched()) {
    const std::string_view presence = matcher->rules().presence(rule);
    if (presence == last) continue;
    aggregator.hear(from, presence, time, now, sender.place);
    last = presence;
  }
}

void Ingest::State::name_hosts(std::span<Sample> of, std::string_view from, const Peer& peer,
                               std::deque<std::string>& claimed) {
  std::size_t count = 0;
  for (Sample& sample : of) {
    if (!sample.is_claimed) continue;
    if (claimed.size() == count) claimed.emplace_back();
    // A capture that took no part names nobody: then it is the sender's own.
    sample.host = canonical_host(sample.host, from, options.host_names, claimed[count++]);
    sample.is_claimed = !peer.is_trusted && sample.host != from;
  }
}

// `place`: of the sender.
void Ingest::State::add_samples(const MessageTrace& one, Timestamp now,
                                Aggregator::HostPlace& place) {
  for (const Sample& sample : one.samples) {
    Aggregator::HostPlace unknown;
    add(sample, now, sample.host.data() == one.host.data() ? place : unknown);
  }
}

// False when there is nothing for rules to try.
bool Ingest::State::read_line(const Message& message, Timestamp now, MessageTrace& out) {
  const bool is_read = sluice::read_line(message, now, stats, out);
  if (out.line_error != LineError::kNone && on_malformed_line) {
    on_malformed_line(out.line_error, message);
  }
  const std::string& sender = message.peer.is_local ? options.local_host : message.peer.text;
  if (sender != line_sender) {
    line_sender = sender;
    line_sender_host = canonical_host(sender, sender, options.host_names, host);
  }
  out.host = line_sender_host;
  return is_read;
}

// Whose a line is only its samples say; each is a sign of life of its host.
void Ingest::State::take_in_line(MessageTrace& one, std::size_t rules_matched, Timestamp now) {
  ++(rules_matched > 0 ? stats.messages_matched : stats.messages_unmatched);
  count_rules(now);
  one.claimed_hosts.resize(std::max(one.claimed_hosts.size(), one.samples.size()));
  for (std::size_t i = 0; i < one.samples.size(); ++i) {
    Sample& sample = one.samples[i];
    if (sample.host.empty()) sample.host = one.host;
    // Lines of one host come in runs, and most names are canonical as they are sent.
    const bool is_known =
        line_host_stays && sample.host == line_host && sample.is_path_node == is_line_host_node;
    if (!is_known) name_line_host(sample, one.claimed_hosts[i]);
    aggregator.hear(sample.host, matcher->rules().presence(sample.rule), sample.time, now,
                    line_place, sample.is_path_node);
    add(sample, now, line_place);
  }
}

// Gives the sample the canonical name of its host, which may be kept in `scratch`.
void Ingest::State::name_line_host(Sample& sample, std::string& scratch) {
  const std::string_view sent = sample.host;
  is_line_host_node = sample.is_path_node;
  sample.host = canonical_line_host(sent, sample.is_path_node, options.host_names, scratch);
  line_host_stays = sample.host == sent && sample.is_path_node == is_line_host_node;
  if (sample.host == line_host) return;
  line_host = sample.host;
  line_place = {};
}

void Ingest::State::count_rules(Timestamp now) {
  for (const std::uint32_t rule : matcher->matched()) rule_tally.count_match(rule, now);
}

void Ingest::State::take_notes(std::string_view from, Timestamp time, std::uint32_t weight,
                               const Peer& peer) {
  for (const MatchedNote& made : matcher->notes()) {
    stats.notes += 1;
    if (notes.size() >= kNotesMax) {
      ++stats.notes_dropped;
      continue;
    }
    Note& note = notes.emplace_back();
    note.time = time;
    note.host = made.host;
    if (made.is_claimed) {
      note.host = canonical_host(made.host, from, options.host_names, note_host);
      note.is_claimed = !peer.is_trusted && note.host != from;
    }
    note.kind = made.definition->kind;
    note.clears = made.definition->clear;
    note.rule = matcher->rules().name(made.rule);
    note.text = made.text;
    note.ttl = made.ttl;
    note.weight = weight;
  }
}

void Ingest::State::add(const Sample& sample, Timestamp now, Aggregator::HostPlace& place) {
  stats.samples += sample.weight;
  rule_tally.count_samples(sample.rule, sample.weight);
  if (!aggregator.add(sample, now, place)) stats.samples_dropped_tick_full += sample.weight;
}

}  // namespace sluice

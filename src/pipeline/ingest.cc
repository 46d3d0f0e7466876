#include "sluice/pipeline/ingest.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "pipeline/line_intake.h"
#include "pipeline/repeat_memory.h"
#include "pipeline/repeat_notice.h"
#include "pipeline/rule_tally.h"
#include "pipeline/sender_book.h"
#include "sluice/syslog/parser.h"

namespace sluice {
namespace {

// A sender with a wrong zone sends with each line; the log is told this often.
constexpr std::chrono::hours kSkewToldEvery{1};

// Notes kept between two reports: an outage of a large fleet gives a few hundred a second.
constexpr std::size_t kNotesMax = 2'000;

char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

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
  State(const IngestOptions& chosen, std::shared_ptr<const RuleSet> rules, OnMalformed malformed,
        OnSkewed skewed, OnMalformedLine malformed_line)
      : options(chosen),
        on_malformed(std::move(malformed)),
        on_skewed(std::move(skewed)),
        on_malformed_line(std::move(malformed_line)),
        matcher(std::make_unique<Matcher>(std::move(rules), chosen.matcher)),
        aggregator(chosen.aggregator) {
    name_rules();
  }

  // Fills all of `trace` but what the rules say. The sender is known until the next message.
  Sender& read(const Message& message, Timestamp now, MessageTrace& trace);
  Sender& sender_of(const Record& record, const Peer& peer);
  Sender& meet(std::string_view sent);
  [[nodiscard]] bool is_own(const MessageTrace& one) const;
  void count(const Message& message, const MessageTrace& trace);
  void count_sender(Sender& sender, const Message& message, const MessageTrace& trace,
                    Timestamp now);
  void tell_skewed(Sender& sender, const Message& message, const MessageTrace& trace,
                   Timestamp now);
  void expand_repeat(const RepeatNotice& notice, Sender& sender, const Peer& peer,
                     MessageTrace& trace);
  void remember(const MessageTrace& one, bool is_read, Sender& sender, const Peer& peer);
  void hear(const MessageTrace& one, Sender& sender, Timestamp now);
  void name_rules();
  void take_in(MessageTrace& trace, std::size_t rules_matched, Sender& sender, const Peer& peer,
               Timestamp now);
  bool read_line(const Message& message, Timestamp now, MessageTrace& trace);
  void take_in_line(MessageTrace& trace, std::size_t rules_matched, Timestamp now);
  void count_rules(Timestamp now);
  void take_notes(const MessageTrace& one, const Peer& peer);
  void add(const Sample& sample, Timestamp now, Aggregator::HostPlace& place);
  Matcher::Input input_of(const MessageTrace& trace, Timestamp now) const {
    return {.record = trace.record,
            .host = trace.host,
            .time = trace.event_time.time,
            .now = now,
            .weight = trace.weight,
            .line = trace.is_graphite ? &trace.line : nullptr};
  }

  IngestOptions options;
  OnMalformed on_malformed;
  OnSkewed on_skewed;
  OnMalformedLine on_malformed_line;
  SenderBook senders{{}};
  RepeatMemory last_messages;
  EventTimes event_times;
  std::unique_ptr<Matcher> matcher;
  MatcherStats retired_matcher_stats;  // Of the matchers before the last reload.
  Aggregator aggregator;
  UnmatchedTally unmatched;
  RuleTally rule_tally;
  std::vector<Note> notes;  // Since the last report.
  Stats stats;
  // Scratch, reused from message to message.
  MessageTrace current;
  std::string host;
  std::string note_host;
  // Who sent the last line, and whose its last sample was.
  std::string line_sender;
  std::string line_sender_host;
  std::string line_host;
  Aggregator::HostPlace line_place;
};

Ingest::Ingest(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
               OnMalformed on_malformed, OnSkewed on_skewed, OnMalformedLine on_malformed_line)
    : state_(std::make_unique<State>(options, std::move(rules), std::move(on_malformed),
                                     std::move(on_skewed), std::move(on_malformed_line))) {}
Ingest::~Ingest() = default;

void Ingest::receive(const Message& message, Timestamp now) {
  State& state = *state_;
  MessageTrace& trace = state.current;
  trace.samples.clear();
  Sender& sender = state.read(message, now, trace);
  if (state.is_own(trace)) {
    state.remember(trace, true, sender, message.peer);
    ++state.stats.messages_own;
    return;
  }
  // Of a frame that its stream cut short nobody knows what the numbers were.
  const bool is_tried = !trace.record.incomplete && !trace.repeats_unread;
  const std::size_t matched =
      is_tried ? state.matcher->match(state.input_of(trace, now), trace.samples) : 0;
  state.remember(trace, matched > 0, sender, message.peer);
  state.take_in(trace, matched, sender, message.peer, now);
}

MessageTrace Ingest::explain(const Message& message, Timestamp now) {
  MessageTrace trace;
  parse_message(message.bytes, trace.sent);
  if (state_->options.expand_repeats) (void)take_repeat_notice(trace.sent);
  Sender& sender = state_->read(message, now, trace);
  state_->remember(trace, true, sender, message.peer);  // All of it: people ask why.
  if (state_->is_own(trace)) return trace;
  const std::size_t matched =
      trace.record.incomplete
          ? 0
          : state_->matcher->explain(state_->input_of(trace, now), trace.samples, trace.rules);
  const std::size_t noted = state_->notes.size();
  state_->take_in(trace, matched, sender, message.peer, now);
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

Delta Ingest::take_delta() { return state_->aggregator.take_delta(); }

SenderReport Ingest::take_senders() { return state_->senders.take_report(); }

Observations Ingest::take_observations() {
  return {.unmatched = state_->unmatched.take(),
          .rules = state_->rule_tally.take(),
          .notes = std::exchange(state_->notes, {})};
}

bool Ingest::is_tick_full() const noexcept {
  // More than one message gives; of a tiny tick, which only tests have, a part.
  constexpr std::size_t kRoomMax = 256;
  const std::size_t most = state_->options.aggregator.entries_max;
  return state_->aggregator.entry_count() + std::min(kRoomMax, most / 8) >= most;
}

void Ingest::set_rules(std::shared_ptr<const RuleSet> rules) {
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

std::uint64_t Ingest::pending_samples() const noexcept {
  return state_->aggregator.pending_samples();
}

Stats Ingest::stats() const noexcept {
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

Sender& Ingest::State::read(const Message& message, Timestamp now, MessageTrace& out) {
  out.is_graphite = false;
  parse_message(message.bytes, out.record);
  out.record.truncated = message.truncated;
  out.record.incomplete = message.incomplete;
  std::optional<RepeatNotice> notice;
  if (options.expand_repeats && may_be_repeat_notice(out.record)) {
    notice = take_repeat_notice(out.record);
  }
  Sender& sender = sender_of(out.record, message.peer);
  out.host = sender.host;
  out.event_time = event_times.resolve(out.record.stamp, sender.is_zone_proven, message.zone, now);
  out.message = out.record.message;
  out.weight = 1;
  out.is_notice = notice.has_value();
  out.repeats_unread = false;
  count(message, out);
  count_sender(sender, message, out, now);
  if (notice) expand_repeat(*notice, sender, message.peer, out);
  return sender;
}

// For a notice that comes next. `is_read`: a rule reads the message, so its repetitions count.
void Ingest::State::remember(const MessageTrace& one, bool is_read, Sender& sender,
                             const Peer& peer) {
  if (one.is_notice || !options.expand_repeats) return;
  UnreadMessage& unread = sender.unread;
  const bool was_unread = unread.is_of(peer.address);
  if (is_read) {
    last_messages.remember({sender.number, peer.address}, one.record, sender.last_message);
    if (was_unread) unread.clear();
    return;
  }
  if (!was_unread) last_messages.forget({sender.number, peer.address}, sender.last_message);
  unread.set(text_of(one.record), peer.address);
}

// The one place that decides whose a message is: HOSTNAME, else the address it came from, else,
// from a unix socket, this machine.
Sender& Ingest::State::sender_of(const Record& record, const Peer& peer) {
  const std::string& unnamed = peer.is_local ? options.local_host : peer.text;
  const std::string_view sent = record.hostname.empty() ? unnamed : record.hostname;
  if (Sender* const known = senders.known_as(sent)) return *known;
  return meet(sent);
}

// What this relay logs and the syslog daemon of its machine sends it back. A rule that matches such
// a line, or a warning about it, would make the next one.
bool Ingest::State::is_own(const MessageTrace& one) const {
  if (one.record.app_name != "sluice") return false;
  const std::string_view sent = one.host.substr(0, one.host.find('.'));
  const std::string_view here = options.local_host;
  return std::ranges::equal(sent, here.substr(0, here.find('.')), {}, ascii_lower, ascii_lower);
}

// Finds the sender the long way, by its canonical name.
Sender& Ingest::State::meet(std::string_view sent) {
  const std::uint64_t floods = senders.floods();
  Sender& sender = senders.find(canonical_host(sent, sent, options.host_names, host));
  if (senders.floods() != floods) last_messages.clear();  // It knows them by number.
  senders.remember_as(sent, sender);
  return sender;
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

void Ingest::State::count_sender(Sender& sender, const Message& message, const MessageTrace& one,
                                 Timestamp now) {
  const bool is_skewed = one.event_time.source == TimeSource::kSkewed;
  RecentCounts& counts = senders.counts_of(sender);
  ++counts.messages;
  counts.octets += message.bytes.size();
  counts.malformed += one.record.error == ParseError::kNone ? 0 : 1;
  counts.truncated += message.truncated ? 1 : 0;
  counts.last_received = std::max(counts.last_received, now);
  if (!is_skewed) return;
  ++counts.skewed;
  tell_skewed(sender, message, one, now);
}

void Ingest::State::tell_skewed(Sender& sender, const Message& message, const MessageTrace& one,
                                Timestamp now) {
  if (!on_skewed || !senders.may_tell_skew(sender, now, kSkewToldEvery)) return;
  on_skewed(sender.host, message, one.event_time);
}

// The first of a run of equal messages was sent in full; the notice stands for the others.
void Ingest::State::expand_repeat(const RepeatNotice& notice, Sender& sender, const Peer& peer,
                                  MessageTrace& out) {
  if (!notice.refers_to_last && !notice.is_cut) {
    out.record.message = notice.text;
  } else if (sender.unread.is_of(peer.address) && sender.unread.is_quoted_by(notice.text)) {
    out.repeats_unread = true;
  } else {
    // Half a text gives wrong numbers; the message that it repeats was whole.
    Record last = out.record;
    const bool is_found = last_messages.recall({sender.number, peer.address}, last) &&
                          text_of(last).starts_with(notice.text);
    if (!is_found) {
      ++stats.repeats_unresolved;
      return;
    }
    out.record = last;
  }
  out.weight = static_cast<std::uint32_t>(notice.count);
  stats.messages_repeated += notice.count;
}

// Each pack with a presence takes the message for a sign of life.
void Ingest::State::hear(const MessageTrace& one, Sender& sender, Timestamp now) {
  std::string_view last = "";
  aggregator.hear(one.host, last, one.event_time.time, now, sender.place);
  for (const std::uint32_t rule : matcher->matched()) {
    const std::string_view presence = matcher->rules().presence(rule);
    if (presence == last) continue;
    aggregator.hear(one.host, presence, one.event_time.time, now, sender.place);
    last = presence;
  }
}

void Ingest::State::take_in(MessageTrace& one, std::size_t rules_matched, Sender& sender,
                            const Peer& peer, Timestamp now) {
  ++(rules_matched > 0 ? stats.messages_matched : stats.messages_unmatched);
  if (rules_matched > 0) {
    hear(one, sender, now);
    count_rules(now);
    if (!matcher->notes().empty()) take_notes(one, peer);
  } else if (!one.repeats_unread &&
             !unmatched.add(one.record.app_name, text_of(one.record), one.host, now)) {
    ++stats.messages_unfolded;
  }
  std::size_t claimed_count = 0;
  for (Sample& sample : one.samples) {
    if (sample.is_claimed) {
      if (one.claimed_hosts.size() == claimed_count) one.claimed_hosts.emplace_back();
      // A capture that took no part names nobody: then it is the sender's own.
      sample.host = canonical_host(sample.host, one.host, options.host_names,
                                   one.claimed_hosts[claimed_count++]);
      sample.is_claimed = !peer.is_trusted && sample.host != one.host;
    }
    Aggregator::HostPlace unknown;
    add(sample, now, sample.host.data() == one.host.data() ? sender.place : unknown);
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
    sample.host = canonical_line_host(sample.host, sample.is_path_node, options.host_names,
                                      one.claimed_hosts[i]);
    // Lines of one host come in runs.
    if (sample.host != line_host) {
      line_host = sample.host;
      line_place = {};
    }
    aggregator.hear(sample.host, matcher->rules().presence(sample.rule), sample.time, now,
                    line_place, sample.is_path_node);
    add(sample, now, line_place);
  }
}

void Ingest::State::count_rules(Timestamp now) {
  for (const std::uint32_t rule : matcher->matched()) rule_tally.count_match(rule, now);
}

void Ingest::State::take_notes(const MessageTrace& one, const Peer& peer) {
  for (const MatchedNote& made : matcher->notes()) {
    stats.notes += 1;
    if (notes.size() >= kNotesMax) {
      ++stats.notes_dropped;
      continue;
    }
    Note& note = notes.emplace_back();
    note.time = one.event_time.time;
    note.host = made.host;
    if (made.is_claimed) {
      note.host = canonical_host(made.host, one.host, options.host_names, note_host);
      note.is_claimed = !peer.is_trusted && note.host != one.host;
    }
    note.kind = made.definition->kind;
    note.clears = made.definition->clear;
    note.rule = matcher->rules().name(made.rule);
    note.text = made.text;
    note.ttl = made.ttl;
    note.weight = one.weight;
  }
}

void Ingest::State::add(const Sample& sample, Timestamp now, Aggregator::HostPlace& place) {
  stats.samples += sample.weight;
  rule_tally.count_samples(sample.rule, sample.weight);
  if (!aggregator.add(sample, now, place)) stats.samples_dropped_tick_full += sample.weight;
}

}  // namespace sluice

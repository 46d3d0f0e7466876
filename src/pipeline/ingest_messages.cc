#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii_case.h"
#include "pipeline/ingest_state.h"

namespace sluice {
namespace {

// A sender with a wrong zone sends with each line; the log is told this often.
constexpr std::chrono::hours kSkewToldEvery{1};

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

void Ingest::State::parse(const Message& message, Ahead& one) {
  Record& record = one.trace.record;
  parser.parse(message.bytes, record);
  record.truncated = message.truncated;
  record.incomplete = message.incomplete;
  name_sender(message.peer, one);
}

// The one place that decides whose a message is: HOSTNAME, else the address it came from, else,
// from a unix socket, this machine.
void Ingest::State::name_sender(const Peer& peer, Ahead& one) {
  const std::string& unnamed = peer.is_local ? options.local_host : peer.text;
  one.sent = one.trace.record.hostname.empty() ? unnamed : one.trace.record.hostname;
  one.name_place = senders.expect(one.sent);
}

Sender& Ingest::State::read(const Message& message, Timestamp now, Ahead& one) {
  MessageTrace& out = one.trace;
  out.is_graphite = false;
  std::optional<RepeatNotice> notice;
  if (options.expand_repeats && may_be_repeat_notice(out.record)) {
    notice = take_repeat_notice(out.record);
    // A word of the notice may have stood for HOSTNAME.
    name_sender(message.peer, one);
    one.sender = senders.number_of(one.sent, one.name_place);
  }
  Sender& sender = sender_of(one);
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

Sender& Ingest::State::sender_of(const Ahead& one) {
  if (one.sender != SenderBook::kUnknown) return senders.sender(one.sender);
  return meet(one.sent);
}

// What this relay logs and the syslog daemon of its machine sends it back. A rule that matches such
// a line, or a warning about it, would make the next one.
bool Ingest::State::is_own(const MessageTrace& one) const {
  if (one.record.app_name != "sluice") return false;
  const std::string_view sent = one.host.substr(0, one.host.find('.'));
  const std::string_view here = options.local_host;
  return is_same_word(sent, here.substr(0, here.find('.')));
}

// Finds the sender the long way, by its canonical name.
Sender& Ingest::State::meet(std::string_view sent) {
  add_waiting();  // Samples point to names that a new one moves.
  const std::uint64_t floods = senders.floods();
  Sender& sender = senders.find(canonical_host(sent, sent, options.host_names, host));
  if (senders.floods() != floods) {  // All are known by numbers, which begin anew.
    last_messages.clear();
    for (Ahead& one : ahead) one.sender = SenderBook::kUnknown;
  }
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

}  // namespace sluice

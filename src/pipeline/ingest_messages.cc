#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii_case.h"
#include "pipeline/ingest_accounts.h"
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

}  // namespace

void Ingest::State::parse(const Message& message, Ahead& one) {
  Record& record = one.record;
  parser.parse(message.bytes, record);
  record.truncated = message.truncated;
  record.incomplete = message.incomplete;
  one.name_place = senders.expect(name_of_sender(record, message.peer));
}

// The one place that decides whose a message is: HOSTNAME, else the address it came from, else,
// from a unix socket, this machine.
std::string_view Ingest::State::name_of_sender(const Record& record,
                                               const Peer& peer) const noexcept {
  if (!record.hostname.empty()) return record.hostname;
  return peer.is_local ? options.local_host : peer.text;
}

Sender& Ingest::State::read(const Message& message, Timestamp now, Ahead& one, MessageTrace& out) {
  out.is_graphite = false;
  std::optional<RepeatNotice> notice;
  if (options.expand_repeats && may_be_repeat_notice(one.record)) {
    notice = take_repeat_notice(one.record);
    // A word of the notice may have stood for HOSTNAME.
    const std::string_view sent = name_of_sender(one.record, message.peer);
    one.sender = senders.number_of(sent, senders.expect(sent));
  }
  Sender& sender = one.sender != SenderBook::kUnknown
                       ? senders.sender(one.sender)
                       : meet(name_of_sender(one.record, message.peer));
  out.record = one.record;
  out.host = sender.host;
  out.event_time = event_times.resolve(out.record.stamp, sender.is_zone_proven, message.zone, now);
  out.message = out.record.message;
  out.weight = 1;
  out.is_notice = notice.has_value();
  out.repeats_unread = false;
  count(message, out.record.error, out.event_time.source);
  count_sender(sender, message, out.record.error, out.event_time, now);
  if (notice) expand_repeat(*notice, sender, message.peer, out);
  return sender;
}

// What this relay logs and the syslog daemon of its machine sends it back. A rule that matches such
// a line, or a warning about it, would make the next one.
bool Ingest::State::is_own(const MessageTrace& one) const {
  if (!is_own_name(one.record)) return false;
  const std::string_view sent = one.host.substr(0, one.host.find('.'));
  const std::string_view here = options.local_host;
  return is_same_word(sent, here.substr(0, here.find('.')));
}

// Finds the sender the long way, by its canonical name.
Sender& Ingest::State::meet(std::string_view sent) {
  const std::uint64_t floods = senders.floods();
  Sender& sender = senders.find(canonical_host(sent, sent, options.host_names, host));
  if (senders.floods() != floods) {  // All are known by numbers, which begin anew.
    last_messages.clear();
    for (Ahead& one : ahead) one.sender = SenderBook::kUnknown;
  }
  senders.remember_as(sent, sender);
  return sender;
}

void Ingest::State::count_malformed(const Message& message, ParseError error) {
  ++stats.messages_malformed;
  ++malformed_counter(stats, error);
  if (on_malformed) on_malformed(error, message);
}

void Ingest::State::tell_skewed(Sender& sender, const Message& message, const EventTime& time,
                                Timestamp now) {
  if (!on_skewed || !senders.may_tell_skew(sender, now, kSkewToldEvery)) return;
  on_skewed(sender.host, message, time);
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

#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "pipeline/ingest_state.h"

// What every message is counted in. In a header, so that the loop over most messages
// (ingest_batch.cc) makes no call for it.
namespace sluice {

[[nodiscard]] inline std::uint64_t& time_counter(Stats& stats, TimeSource source) {
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

inline void Ingest::State::count(const Message& message, ParseError error, TimeSource source) {
  ++stats.messages_received;
  stats.octets_received += message.bytes.size();
  if (message.truncated) ++stats.messages_truncated;
  if (message.incomplete) ++stats.messages_incomplete;
  ++time_counter(stats, source);
  if (error == ParseError::kNone) {
    ++stats.messages_parsed;
  } else {
    count_malformed(message, error);
  }
}

inline void Ingest::State::count_sender(Sender& sender, const Message& message, ParseError error,
                                        const EventTime& time, Timestamp now) {
  RecentCounts& counts = senders.counts_of(sender);
  ++counts.messages;
  counts.octets += message.bytes.size();
  counts.malformed += error == ParseError::kNone ? 0 : 1;
  counts.truncated += message.truncated ? 1 : 0;
  counts.last_received = std::max(counts.last_received, now);
  if (time.source != TimeSource::kSkewed) return;
  ++counts.skewed;
  tell_skewed(sender, message, time, now);
}

// For a notice that comes next. `is_read`: a rule reads the message, so its repetitions count.
inline void Ingest::State::remember(const Record& record, bool is_read, Sender& sender,
                                    const Peer& peer) {
  if (!options.expand_repeats) return;
  UnreadMessage& unread = sender.unread;
  const bool was_unread = unread.is_of(peer.address);
  if (is_read) {
    last_messages.remember({sender.number, peer.address}, record, sender.last_message);
    if (was_unread) unread.clear();
    return;
  }
  if (!was_unread) last_messages.forget({sender.number, peer.address}, sender.last_message);
  unread.set(text_of(record), peer.address);
}

inline void Ingest::State::count_unmatched(const Record& record, std::string_view of,
                                           Timestamp now) {
  ++stats.messages_unmatched;
  if (!unmatched.add(record.app_name, text_of(record), of, now)) ++stats.messages_unfolded;
}

}  // namespace sluice

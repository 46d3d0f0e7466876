#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "base/text_cache.h"
#include "pipeline/repeat_memory.h"
#include "sluice/aggregate/aggregator.h"
#include "sluice/base/prefetch.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// What came since the last report, in less room than SenderCounts, which adds up for years.
struct RecentCounts {
  std::uint64_t octets = 0;
  std::uint32_t messages = 0;
  std::uint32_t malformed = 0;
  std::uint32_t truncated = 0;
  std::uint32_t skewed = 0;
  Timestamp last_received{};

  [[nodiscard]] SenderCounts all() const noexcept {
    return {.messages = messages,
            .octets = octets,
            .malformed = malformed,
            .truncated = truncated,
            .skewed = skewed,
            .last_received = last_received};
  }
};

// What a worker knows of one sender, in two cache lines: each message reads it and writes to it.
struct alignas(64) Sender {
  std::uint32_t number = 0;
  RepeatMemory::Hint last_message;
  Aggregator::HostPlace place;
  UnreadMessage unread;
  RecentCounts counts;
  std::string host;
  bool is_zone_proven = false;  // Its stamps without zone are believed (EventTimes).
};
static_assert(sizeof(Sender) == 128);

// The senders of one worker: one record each, found once per message, so that all that is kept by
// host costs one lookup.
class SenderBook {
 public:
  struct Options {
    // Senders remembered. A flood of names makes room by forgetting them all.
    std::size_t hosts_max = 200'000;
    // Senders that are counted by name; the later ones are counted together.
    std::size_t counted_max = 10'000;
  };

  explicit SenderBook(const Options& options) : options_(options) {}

  // The sender's record, made if need be. Valid until the next call of find().
  [[nodiscard]] Sender& find(std::string_view host);

  static constexpr std::uint32_t kUnknown = TextCache::kNone;

  // The number of the sender that was found for a name as messages spell it, or kUnknown: then the
  // caller makes the name canonical, finds the sender and says so. Nearly every message comes from
  // a host that was heard before, under the same name. `place`: expect(sent).
  [[nodiscard]] std::uint32_t number_of(std::string_view sent, std::size_t place) const noexcept {
    return names_as_sent_.find(sent, place);
  }
  // Says where the name is kept, and lets the processor fetch that meanwhile; and so for a sender.
  [[nodiscard]] std::size_t expect(std::string_view sent) const noexcept {
    const std::size_t place = names_as_sent_.place_of(sent);
    names_as_sent_.expect(place);
    return place;
  }
  void expect(std::uint32_t number) const noexcept {
    prefetch(&senders_[number], sizeof senders_[number]);
  }
  // Valid until the next call of find(), as a number is until floods() changes.
  [[nodiscard]] Sender& sender(std::uint32_t number) noexcept { return senders_[number]; }
  void remember_as(std::string_view sent, const Sender& sender) noexcept {
    names_as_sent_.put(sent, sender.number);
  }

  // The sender's account since the last report, or that of all others. For a message that is added
  // to it.
  [[nodiscard]] RecentCounts& counts_of(Sender& sender) {
    if (sender.number >= options_.counted_max) return other_;
    if (sender.counts.messages == 0) active_.push_back(sender.number);
    return sender.counts;
  }

  // False if the log was told within `every` that the sender's zone is not proven; else it is now.
  [[nodiscard]] bool may_tell_skew(const Sender& sender, Timestamp now, Timestamp::duration every);

  // Who sent what since the last call.
  [[nodiscard]] SenderReport take_report();

  // How often all were forgotten. The numbers of senders then begin anew.
  [[nodiscard]] std::uint64_t floods() const noexcept { return floods_; }

 private:
  void report_active();

  // 1 MiB a worker, of which the kernel gives what is used.
  static constexpr std::size_t kNamesAsSent = 16'384;

  Options options_;
  TextCache names_as_sent_{kNamesAsSent};
  StringMap<std::uint32_t> numbers_;
  std::vector<Sender> senders_;                              // By number.
  std::vector<std::uint32_t> active_;                        // Numbers of those with counts.
  absl::flat_hash_map<std::uint32_t, Timestamp> skew_told_;  // By number, of those it was told of.
  RecentCounts other_;  // Of those that are not counted by name.
  SenderReport report_;
  std::uint64_t floods_ = 0;
};

}  // namespace sluice

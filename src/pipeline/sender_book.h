#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "base/text_cache.h"
#include "pipeline/repeat_memory.h"
#include "sluice/aggregate/aggregator.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// What a worker knows of one sender.
struct Sender {
  std::uint32_t number = 0;
  bool is_zone_proven = false;  // Its stamps without zone are believed (EventTimes).
  RepeatMemory::Hint last_message;
  Aggregator::HostPlace place;
  SenderCounts counts;  // Since the last report.
  std::string host;
  Timestamp skew_told{};  // When it was last said that its zone is not proven.
};

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

  // The sender that was found for a name as messages spell it, or null: then the caller makes the
  // name canonical, finds the sender and says so. Nearly every message comes from a host that was
  // heard before, under the same name.
  [[nodiscard]] Sender* known_as(std::string_view sent) noexcept {
    const std::uint32_t number = names_as_sent_.find(sent);
    return number == TextCache::kNone ? nullptr : &senders_[number];
  }
  void remember_as(std::string_view sent, const Sender& sender) noexcept {
    names_as_sent_.put(sent, sender.number);
  }

  // Adds to the sender's account, or to that of all others.
  void count(Sender& sender, const SenderCounts& message);

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
  std::vector<Sender> senders_;        // By number.
  std::vector<std::uint32_t> active_;  // Numbers of those with counts.
  SenderReport report_;
  std::uint64_t floods_ = 0;
};

}  // namespace sluice

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "pipeline/repeat_memory.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// What a worker knows of one sender.
struct Sender {
  std::string host;
  std::uint32_t number = 0;
  bool is_zone_proven = false;  // Its stamps without zone are believed (EventTimes).
  SenderCounts counts;          // Since the last report.
  Timestamp skew_told{};        // When it was last said that its zone is not proven.
  RepeatMemory::Hint last_message;
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

  // Adds to the sender's account, or to that of all others.
  void count(Sender& sender, const SenderCounts& message);

  // Who sent what since the last call.
  [[nodiscard]] SenderReport take_report();

  // How often all were forgotten. The numbers of senders then begin anew.
  [[nodiscard]] std::uint64_t floods() const noexcept { return floods_; }

 private:
  void report_active();

  Options options_;
  StringMap<std::uint32_t> numbers_;
  std::vector<Sender> senders_;        // By number.
  std::vector<std::uint32_t> active_;  // Numbers of those with counts.
  SenderReport report_;
  std::uint64_t floods_ = 0;
};

}  // namespace sluice

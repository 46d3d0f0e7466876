#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"

namespace sluice {

// What one sender (a host, as messages name it) has sent.
struct SenderCounts {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  std::uint64_t malformed = 0;
  std::uint64_t truncated = 0;
  std::uint64_t skewed = 0;   // Counted at arrival, because the sender's zone is not proven.
  Timestamp last_received{};  // Of its last message.

  void add(const SenderCounts& more) noexcept;
  friend bool operator==(const SenderCounts&, const SenderCounts&) = default;
};

// Senders by name, and under `other` all those beyond the bound on their number.
struct SenderReport {
  struct Row {
    std::string host;
    SenderCounts counts;
  };
  std::vector<Row> rows;
  SenderCounts other;
  Timestamp taken{};  // Of a table's shared snapshot.
};

// The senders of all workers, added up.
class SenderTable {
 public:
  // Keeps the first `senders_max` names; what others send is added up in SenderReport::other.
  explicit SenderTable(std::size_t senders_max = 10'000);
  ~SenderTable();
  SenderTable(const SenderTable&) = delete;
  SenderTable& operator=(const SenderTable&) = delete;

  // Adds what came since the worker's last report.
  void add(SenderReport report);

  // True when it is among those counted by name.
  [[nodiscard]] bool knows(std::string_view host) const;

  // All that was added, in the order of the names.
  [[nodiscard]] SenderReport snapshot() const;

  // The same, at most 10 s old by the caller's clock: the table may be long, and whoever publishes
  // it every second need not copy it as often. Never null. What it points to never changes, so
  // other threads may read it.
  [[nodiscard]] std::shared_ptr<const SenderReport> shared_snapshot(Timestamp now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The rows with malformed or skewed messages, most of them first, at most `rows_max`.
[[nodiscard]] std::vector<SenderReport::Row> troubled_senders(const SenderReport& report,
                                                              std::size_t rows_max);

}  // namespace sluice

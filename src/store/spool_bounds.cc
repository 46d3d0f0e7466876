// What a spool lets go: what was acknowledged long ago, what is too old, and the oldest when it is
// full.
#include <algorithm>
#include <array>
#include <limits>

#include "store/spool.h"

namespace sluice {
namespace {

// Deleting reads every page of what is deleted, so a call does no more than this,
constexpr std::uint64_t kForgottenBytesMax = std::uint64_t{32} << 20;
constexpr int kOldWindowsMax = 16;
// and not every call does it: what was acknowledged goes when an eighth of replay_window has
// passed.
constexpr int kForgetShare = 8;

// Within a window what is worth most goes last.
constexpr std::array kFromLast{Scope::kRelay, Scope::kHost, Scope::kGroup, Scope::kCluster,
                               Scope::kAll};

}  // namespace

std::uint64_t Spool::bytes() const noexcept {
  return index_.bytes() + in_flight_bytes_ + acknowledged_bytes_;
}

void Spool::enforce_bytes_max() {
  while (bytes() > options_.bytes_max) {
    // What was acknowledged is insurance only.
    constexpr std::size_t kRowsAtOnce = 16;
    if (!acknowledged_.empty() && forget_acknowledged_rows(kRowsAtOnce) > 0) continue;
    const auto oldest = index_.oldest_window();
    if (!oldest) return;  // The rest is in flight.
    if (!drop_from(*oldest, bytes() - options_.bytes_max, stats_.dropped_full)) return;
  }
}

void Spool::drop_old(Timestamp now) {
  for (int i = 0; i < kOldWindowsMax; ++i) {
    const auto oldest = index_.oldest_window();
    if (!oldest || !is_too_old(*oldest, now)) return;
    if (!drop_from(*oldest, std::numeric_limits<std::uint64_t>::max(), stats_.dropped_old)) return;
  }
}

// Drops rows of the window until that many bytes are free or nothing of it is left. False when
// there was nothing to drop.
bool Spool::drop_from(Seconds window, std::uint64_t bytes_enough, std::uint64_t& counter) {
  std::vector<SpoolTables::HeldRow> held;
  std::vector<LinesInfo> waiting;
  const auto load_count = load_count_;
  const bool is_done = run([&]() -> Expected<void> {
    waiting.clear();
    std::uint64_t freed = 0;
    auto listed = tables_.held_in(window, bytes_enough);
    if (!listed) return std::unexpected(listed.error());
    held = std::move(*listed);
    for (const SpoolTables::HeldRow& row : held) {
      if (auto done = tables_.remove_held(row); !done) return done;
      freed += stored_bytes(row.info);
    }
    for (const Scope scope : kFromLast) {
      const auto rows = list({window, scope});
      if (!rows) return std::unexpected(rows.error());
      for (const LinesInfo& row : *rows) {
        if (freed >= bytes_enough) return {};
        if (auto done = tables_.remove(row.id); !done) return done;
        waiting.push_back(row);
        freed += stored_bytes(row);
      }
    }
    return {};
  });
  if (!is_done) return false;
  for (const SpoolTables::HeldRow& row : held) {
    index_.unhold(row.info);
    counter += row.info.count;
  }
  for (const LinesInfo& row : waiting) {
    index_.remove(row);
    if (!row.is_replay) counter += row.count;
  }
  const bool has_dropped = !held.empty() || !waiting.empty();
  if (!has_dropped && load_count == load_count_) load_or_rescue();
  return has_dropped;
}

void Spool::forget_acknowledged(Timestamp now) {
  const Seconds end = floor_to_seconds(now) - options_.replay_window;
  const auto is_over = [&] { return !acknowledged_.empty() && acknowledged_.front().at < end; };
  if (!is_over() || acknowledged_.front().at >= end - options_.replay_window / kForgetShare) return;
  for (std::uint64_t bytes = 0; is_over() && bytes < kForgottenBytesMax;) {
    std::size_t rows = 0;
    while (rows < acknowledged_.size() && acknowledged_[rows].at < end &&
           bytes < kForgottenBytesMax)
      bytes += acknowledged_[rows++].bytes;
    if (forget_acknowledged_rows(rows) == 0) return;
  }
}

// The oldest ones. Returns how many.
std::size_t Spool::forget_acknowledged_rows(std::size_t rows_max) {
  const std::uint64_t load_count = load_count_;
  const std::size_t rows = std::min(rows_max, acknowledged_.size());
  const bool is_done = run([&]() -> Expected<void> {
    for (std::size_t i = 0; i < rows && i < acknowledged_.size(); ++i) {
      if (auto done = tables_.remove(acknowledged_[i].id); !done) return done;
    }
    return {};
  });
  if (!is_done) return 0;
  const std::size_t removed = std::min(rows, acknowledged_.size());
  for (std::size_t i = 0; i < removed; ++i) {
    acknowledged_bytes_ -= acknowledged_.front().bytes;
    acknowledged_.pop_front();
  }
  return load_count == load_count_ ? removed : 0;
}

}  // namespace sluice

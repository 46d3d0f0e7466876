// bytes_max of the history: what goes when it is reached.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {

// Hosts go first: there are many of them, and clusters are what one looks at.
Expected<void> History::keep_bound() {
  while (true) {
    if (auto done = measure(); !done) return done;
    if (stats_.bytes <= bytes_max_) return give_pages_back();
    const auto cut = cut_oldest();
    if (!cut) return std::unexpected(cut.error());
    if (*cut == 0) return {};  // Names and the clusters' block of now alone.
    stats_.points_cut += *cut;
    if (!std::exchange(is_cut_told_, true)) {
      notices_.push_back(
          {Notice::Kind::kHistoryCut,
           fmt::format("history: it has reached {} octets, so it goes back less far than "
                       "\"history\" says: the "
                       "oldest points of hosts go; raise \"bytes_max\" of \"history\"",
                       bytes_max_)});
    }
  }
}

Expected<void> History::measure() {
  const auto pages = database_->read_number("PRAGMA page_count");
  const auto free = database_->read_number("PRAGMA freelist_count");
  const auto size = database_->read_number("PRAGMA page_size");
  if (!pages || !free || !size)
    return std::unexpected((!pages ? pages : !free ? free : size).error());
  stats_.bytes = static_cast<std::uint64_t>((*pages - *free) * *size);
  file_bytes_ = static_cast<std::uint64_t>(*pages * *size);
  return {};
}

// Pages that are free are kept for what comes, but not those beyond the bound.
Expected<void> History::give_pages_back() {
  if (file_bytes_ <= bytes_max_) return {};
  return database_->execute("PRAGMA incremental_vacuum");
}

// How many points went: 0 when there is nothing left to cut.
Expected<std::uint64_t> History::cut_oldest() {
  if (const auto cut = cut_oldest_block(1); !cut || *cut > 0) return cut;
  if (const auto cut = cut_open_hosts(); !cut || *cut > 0) return cut;
  return cut_oldest_block(0);
}

Expected<std::uint64_t> History::cut_oldest_block(std::uint32_t tier) {
  const auto oldest = oldest_block(tier);
  if (!oldest) return std::unexpected(oldest.error());
  if (!*oldest) return 0;
  const auto cut = database_->read_number(
      fmt::format("SELECT sum(points) FROM blocks WHERE id >= {} AND id < {}",
                  GroupKey{tier, **oldest, 0}.id(), GroupKey{tier, **oldest + 1, 0}.id()));
  if (!cut) return std::unexpected(cut.error());
  if (auto done = drop_block(tier, **oldest); !done) return std::unexpected(done.error());
  return static_cast<std::uint64_t>(*cut);
}

// The older half of what the block of now has of hosts; its one window, if that alone is too much.
Expected<std::uint64_t> History::cut_open_hosts() {
  const std::uint64_t cut = tiers_[1].open.cut();
  if (cut == 0) return 0;
  is_log_behind_ = true;  // If this is not committed, memory has let go of them all the same.
  if (auto done = rewrite_log(); !done) return std::unexpected(done.error());
  return cut;
}

Expected<void> History::rewrite_log() {
  if (auto done = database_->execute("DELETE FROM log"); !done) return done;
  const std::int64_t base = open_block_ * block_seconds_;
  ByteWriter log;
  std::uint64_t count = 0;
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    const auto& series = tiers_[tier].series;
    for (std::uint32_t number = 0; number < series.size(); ++number) {
      const auto points = open_points({tier, number});
      for (const HistoryPoint& point : points) put_logged(log, {tier, number}, point, base);
      count += points.size();
    }
  }
  return append_log(base, count, log.view());
}

}  // namespace sluice

// Blocks that are over: written for good, read and merged, and let go when they are old.
#include <fmt/format.h>

#include <utility>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {

// The block of now is over.
Expected<void> History::roll(std::int64_t next_block, Timestamp now) {
  // The log goes first, so that the blocks take its pages.
  auto done = database_->execute("DELETE FROM log");
  if (done) done = write_open_blocks();
  for (Tier& tier : tiers_) {
    for (Series& series : tier.series) series.open = {};
  }
  open_block_ = next_block;
  if (done) done = drop_old(now);
  return done;
}

Expected<void> History::write_open_blocks() {
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    auto& series = tiers_[tier].series;
    for (std::uint32_t first = 0; first < series.size(); first += kGroupSeries) {
      GroupPoints points;
      for (std::uint32_t slot = 0; slot < kGroupSeries && first + slot < series.size(); ++slot) {
        if (!series[first + slot].open.empty()) points[slot] = std::move(series[first + slot].open);
      }
      if (points.empty()) continue;
      const GroupKey key{tier, open_block_, first / kGroupSeries};
      if (auto done = merge_group(key, points); !done) return done;
    }
  }
  return {};
}

Expected<void> History::merge_group(const GroupKey& key, const GroupPoints& newer) {
  auto all = read_group(key);
  if (!all) return std::unexpected(std::move(all).error());
  for (const auto& [slot, points] : newer) merge_points((*all)[slot], points);
  ByteWriter writer;
  std::int64_t count = 0;
  const std::int64_t base = key.block * block_seconds_;
  writer.put_varint(all->size());
  for (const auto& [slot, points] : *all) {
    writer.put_varint(slot);
    writer.put_text(encode_points(points, base));
    count += static_cast<std::int64_t>(points.size());
  }
  return statements_.write_group.bind(1, key.id()).bind(2, count).bind_blob(3, writer.view()).run();
}

Expected<History::GroupPoints> History::read_group(const GroupKey& key) const {
  Statement& row = statements_.read_group;
  const auto found = row.bind(1, key.id()).step();
  if (!found) return std::unexpected(found.error());
  GroupPoints all;
  if (!*found) return all;
  const std::string bytes(row.column_blob(0));
  row.reset();
  ByteReader reader(bytes);
  for (std::size_t left = reader.take_count(2); left > 0 && reader.is_ok(); --left) {
    const std::uint32_t slot = reader.take_varint32();
    auto points = decode_points(reader.take_text(), key.block * block_seconds_);
    if (!points || slot >= kGroupSeries) return damaged();
    all[slot] = std::move(*points);
  }
  if (!reader.is_at_end()) return damaged();
  return all;
}

Expected<std::optional<std::int64_t>> History::oldest_block(std::uint32_t tier) {
  const GroupKey first{.tier = tier, .block = 0, .group = 0};
  auto row = database_->prepare("SELECT min(id) FROM blocks WHERE id >= ?1 AND id < ?2");
  if (!row) return std::unexpected(std::move(row).error());
  const auto found =
      row->bind(1, first.id()).bind(2, first.id() + (std::int64_t{1} << kTierShift)).step();
  if (!found) return std::unexpected(found.error());
  if (row->column_is_null(0)) return std::nullopt;
  return (row->column_int64(0) >> kBlockShift) & 0xffff'ffff;
}

Expected<void> History::drop_block(std::uint32_t tier, std::int64_t block) {
  return database_->execute(fmt::format("DELETE FROM blocks WHERE id >= {} AND id < {}",
                                        GroupKey{tier, block, 0}.id(),
                                        GroupKey{tier, block + 1, 0}.id()));
}

// Blocks that lie before what is kept as a whole, and series that have had no point since.
Expected<void> History::drop_old(Timestamp now) {
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    const std::int64_t oldest_kept = block_of(seconds_of(now) - kept(tier).count());
    const GroupKey first{tier, 0, 0};
    auto done = database_->execute(fmt::format("DELETE FROM blocks WHERE id >= {} AND id < {}",
                                               first.id(), GroupKey{tier, oldest_kept, 0}.id()));
    if (!done) return done;
    forget_silent(tier, oldest_kept);
  }
  return database_->execute("DELETE FROM series WHERE path = ''");
}

void History::forget_silent(std::uint32_t tier, std::int64_t oldest_kept) {
  auto rename = database_->prepare("UPDATE series SET path = '' WHERE id = ?1");
  if (!rename) return;
  auto& series = tiers_[tier].series;
  for (std::uint32_t number = 0; number < series.size(); ++number) {
    Series& one = series[number];
    if (one.path.empty() || block_of(one.last_time) >= oldest_kept) continue;
    (void)rename->bind(1, series_id({tier, number})).run();
    index_.erase(one.path);
    one = {};
    tiers_[tier].free.push_back(number);
  }
}

}  // namespace sluice

// Blocks that are over: written for good, read and merged, and let go when they are old.
#include <fmt/format.h>

#include <utility>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {

// The block of now is over. Written in a transaction of its own: what memory lets go must be gone
// from the file, and a number that is free must have no points there.
Expected<void> History::end_block(std::int64_t next_block, Timestamp now) {
  const std::vector<SeriesPlace> silent = silent_series(now);
  auto done = write_end(silent, now);
  is_log_behind_ = !done;
  for (Tier& tier : tiers_) tier.open.clear();
  open_block_ = next_block;
  if (done) forget(silent);
  return done;
}

Expected<void> History::write_end(std::span<const SeriesPlace> silent, Timestamp now) {
  auto transaction = begin();
  if (!transaction) return std::unexpected(std::move(transaction).error());
  Expected<void> done;
  if (is_log_behind_) done = merge_log();
  // The log goes first, so that the blocks take its pages.
  if (done) done = database_->execute("DELETE FROM log");
  if (done) done = write_open_blocks();
  if (done) done = drop_old(now);
  if (done) done = unname(silent);
  return done ? transaction->commit() : done;
}

Expected<void> History::write_open_blocks() {
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    for (std::uint32_t group = 0; group < tiers_[tier].open.group_count(); ++group) {
      GroupPoints points;
      for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
        auto of_slot = open_points({tier, group * kGroupSeries + slot});
        if (!of_slot.empty()) points[slot] = std::move(of_slot);
      }
      if (points.empty()) continue;
      if (auto done = merge_group({tier, open_block_, group}, points); !done) return done;
    }
  }
  return {};
}

Expected<void> History::merge_group(const GroupKey& key, const GroupPoints& later) {
  auto all = read_group(key);
  if (!all) return std::unexpected(std::move(all).error());
  for (const auto& [slot, points] : later) merge_points((*all)[slot], points);
  return write_group(key, *all);
}

Expected<void> History::write_group(const GroupKey& key, const GroupPoints& points) {
  ByteWriter writer;
  std::int64_t count = 0;
  const std::int64_t base = key.block * block_seconds_;
  writer.put_varint(points.size());
  for (const auto& [slot, of_slot] : points) {
    writer.put_varint(slot);
    writer.put_text(encode_points(of_slot, base));
    count += static_cast<std::int64_t>(of_slot.size());
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

std::int64_t History::oldest_kept(std::uint32_t tier, Timestamp now) const noexcept {
  return block_of(seconds_of(now) - kept(tier).count());
}

// Blocks that lie before what is kept as a whole.
Expected<void> History::drop_old(Timestamp now) {
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    const GroupKey first{tier, 0, 0};
    const GroupKey end{tier, oldest_kept(tier, now), 0};
    auto done = database_->execute(
        fmt::format("DELETE FROM blocks WHERE id >= {} AND id < {}", first.id(), end.id()));
    if (!done) return done;
  }
  return {};
}

// Those that have had no point since.
std::vector<SeriesPlace> History::silent_series(Timestamp now) const {
  std::vector<SeriesPlace> silent;
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    const std::int64_t oldest = oldest_kept(tier, now);
    const auto& series = tiers_[tier].series;
    for (std::uint32_t number = 0; number < series.size(); ++number) {
      if (!series[number].path.empty() && series[number].newest_block < oldest)
        silent.push_back({tier, number});
    }
  }
  return silent;
}

void History::forget(std::span<const SeriesPlace> silent) {
  index_.erase(silent);
  for (const SeriesPlace place : silent) {
    series_at(place) = {};
    tiers_[place.tier].free.push_back(place.number);
  }
}

}  // namespace sluice

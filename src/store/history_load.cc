// The history's file is opened, and what is in it is read.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {
namespace {

constexpr std::int32_t kApplicationId = 0x736c6831;  // "slh1"

constexpr const char* kSchema = R"(
  CREATE TABLE names (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE blocks (id INTEGER PRIMARY KEY, points INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE log (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE about (window INTEGER NOT NULL);  -- Seconds; blocks are counted in it.
)";

}  // namespace

void History::open(Timestamp now) {
  const auto try_file = [&](const std::string& path) -> Expected<void> {
    auto opened = Database::open({.path = path,
                                  .application_id = kApplicationId,
                                  .schema_version = 3,
                                  .schema = kSchema,
                                  .shrinks = true},
                                 now);
    if (!opened) return std::unexpected(std::move(opened).error());
    if (!opened->note().empty())
      notices_.push_back({Notice::Kind::kMovedAside, "history: " + opened->note()});
    database_.emplace(std::move(*opened));
    if (auto done = prepare(); !done) return done;
    return load(now);
  };
  const bool has_file = !options_.file.empty();
  auto done = try_file(has_file ? options_.file : ":memory:");
  if (!done && has_file && database_) {  // It opens, and what is in it makes no sense.
    close();
    const auto moved = Database::move_aside(options_.file, "damaged", now);
    notices_.push_back(
        {Notice::Kind::kMovedAside,
         fmt::format("history: {} cannot be read ({}); {}", options_.file, done.error().message(),
                     moved ? "it was moved to " + *moved : moved.error().message())});
    done = try_file(options_.file);
  }
  stats_.is_on_disk = done && has_file;
  stats_.has_lost_file = !done && has_file;
  if (stats_.is_on_disk) identity_ = FileIdentity::of(options_.file);
  last_look_ = now;
  if (!done && has_file) {
    notices_.push_back(
        {Notice::Kind::kHistoryFailed,
         fmt::format("history: {}; it is kept in memory and lost when the relay stops",
                     done.error().message())});
    close();
    done = try_file(":memory:");
  }
  if (!done) close();
  bytes_max_ =
      stats_.is_on_disk ? options_.bytes_max : std::min(options_.bytes_max, kMemoryBytesMax);
}

void History::close() {
  statements_ = {};
  database_.reset();
}

Expected<void> History::prepare() {
  const std::pair<Statement*, std::string_view> all[] = {
      {&statements_.write_names, "INSERT INTO names (bytes) VALUES (?1)"},
      {&statements_.read_group, "SELECT bytes FROM blocks WHERE id = ?1"},
      {&statements_.write_group,
       "INSERT OR REPLACE INTO blocks (id, points, bytes) VALUES (?1, ?2, ?3)"},
      {&statements_.write_log, "INSERT INTO log (bytes) VALUES (?1)"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = database_->prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    *statement = std::move(*prepared);
  }
  return {};
}

Expected<void> History::load(Timestamp now) {
  index_.clear();
  for (Tier& tier : tiers_) tier = {};
  last_place_ = {};
  open_block_ = 0;
  is_log_behind_ = false;
  if (auto done = check_window(); !done) return done;
  if (auto done = load_series(); !done) return done;
  if (auto done = load_last_values(); !done) return done;
  return load_log(now);
}

// Blocks of another length would be taken for those of other times.
Expected<void> History::check_window() {
  const std::int64_t window = options_.window.count();
  const auto kept = database_->read_number("SELECT coalesce(max(window), 0) FROM about");
  if (!kept) return std::unexpected(kept.error());
  if (*kept == 0) {
    return database_->execute(fmt::format("INSERT INTO about (window) VALUES ({})", window));
  }
  if (*kept == window) return {};
  return fail(fmt::format("its windows are {} s long, and \"window\" is {} s now", *kept, window));
}

// When each had its last point is not known: for now it is as if all had one in the newest block.
Expected<void> History::load_series() {
  std::array<std::int64_t, kTiers> newest{};
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    const auto id = database_->read_number(
        fmt::format("SELECT max(id) FROM blocks WHERE id < {}",
                    GroupKey{.tier = tier + 1, .block = 0, .group = 0}.id()));
    if (!id) return std::unexpected(id.error());
    if (*id == 0 || *id >> kTierShift != tier) continue;
    newest[tier] = (*id >> kBlockShift) & 0xffff'ffff;
    open_block_ = std::max(open_block_, newest[tier] + 1);
  }
  if (auto done = load_names(); !done) return done;
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    for (std::uint32_t number = 0; number < tiers_[tier].series.size(); ++number) {
      Series& one = series_at({tier, number});
      // Of a free number, too: load_last_values() asks the first of each group.
      one.newest_block = static_cast<std::uint32_t>(newest[tier]);
      if (one.path.empty()) {
        tiers_[tier].free.push_back(number);
        continue;
      }
      one.last_time = newest[tier] * block_seconds_;
      // Whose points are whose, if two have one name?
      if (index_.find(one.path)) return damaged();
      index_.insert({tier, number});
    }
  }
  return {};
}

// Calls use(place, point) for each point of the log, in the order in which they were put.
Expected<void> History::read_log(const UseLogged& use) {
  auto rows = database_->prepare("SELECT bytes FROM log ORDER BY id");
  if (!rows) return std::unexpected(std::move(rows).error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    ByteReader reader(rows->column_blob(0));
    const auto base = reader.take_signed();
    for (std::size_t left = reader.take_count(3); left > 0 && reader.is_ok(); --left) {
      const std::uint64_t key = reader.take_varint();
      const std::int64_t time = base + reader.take_signed();
      const HistoryPoint point{time, reader.take_number()};
      const SeriesPlace place{static_cast<std::uint32_t>(key & 1),
                              static_cast<std::uint32_t>(key >> 1)};
      const auto& series = tiers_[place.tier].series;
      if (!reader.is_ok() || place.number >= series.size() || series[place.number].path.empty())
        return damaged();
      use(place, point);
    }
    if (!reader.is_at_end()) return damaged();
  }
}

Expected<void> History::load_log(Timestamp now) {
  auto done = read_log([&](SeriesPlace, const HistoryPoint& point) {
    open_block_ = std::max(open_block_, block_of(point.time));
  });
  if (!done) return done;
  done = read_log([&](SeriesPlace place, const HistoryPoint& point) {
    const bool is_open = block_of(point.time) == open_block_;
    is_log_behind_ |= !is_open;
    if (is_open) return grow(place, point, now);
    note_last(series_at(place), point, now);
  });
  if (!done || !is_log_behind_) return done;
  // To be shown at once. What the disk does not take now it is given with the next write.
  done = catch_up();
  return done || !is_damage(done.error()) ? Expected<void>() : done;
}

// Points of blocks that were over when they could not be written, into rows. In the same
// transaction they must leave the log: the row is what is corrected and cut from then on, and the
// log's point would come back.
Expected<void> History::merge_log() {
  Late behind;
  auto done = read_log([&](SeriesPlace place, const HistoryPoint& point) {
    const std::int64_t block = block_of(point.time);
    if (block != open_block_) behind.add(place, block, point);
  });
  for (const auto& [key, points] : behind.groups) {
    if (!done) return done;
    done = merge_group(key, points);
  }
  return done;
}

Expected<void> History::catch_up() {
  auto transaction = begin();
  if (!transaction) return std::unexpected(std::move(transaction).error());
  auto done = merge_log();
  if (done) done = rewrite_log();
  if (done) done = transaction->commit();
  is_log_behind_ = !done;
  return done;
}

// Of clusters alone, which are few: what is shown as the last window's.
Expected<void> History::load_last_values() {
  auto& series = tiers_[0].series;
  for (std::uint32_t group = 0; group * kGroupSeries < series.size(); ++group) {
    const std::int64_t block = series[group * kGroupSeries].newest_block;
    const auto points = read_group({.tier = 0, .block = block, .group = group});
    if (!points) return std::unexpected(points.error());
    for (const auto& [slot, values] : *points) {
      const std::uint32_t number = group * kGroupSeries + slot;
      if (number >= series.size() || values.empty() || series[number].has_last_value) continue;
      series[number].last_time = values.back().time;
      series[number].last_value = values.back().value;
      series[number].has_last_value = true;
    }
  }
  return {};
}

}  // namespace sluice

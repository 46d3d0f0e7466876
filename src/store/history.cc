#include "store/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "sluice/values/byte_encoding.h"

namespace sluice {
namespace {

constexpr std::int32_t kApplicationId = 0x736c6831;  // "slh1"

constexpr const char* kSchema = R"(
  CREATE TABLE series (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
  CREATE TABLE blocks (id INTEGER PRIMARY KEY, points INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE log (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE about (window INTEGER NOT NULL);  -- Seconds; blocks are counted in it.
)";
// The parts of a row's id: tier, block, group. A block of 16 s is below 2^32 for 2,000 years.
constexpr int kTierShift = 60;
constexpr int kBlockShift = 26;

std::uint32_t tier_of(Scope scope) noexcept { return scope == Scope::kHost ? 1 : 0; }

std::int64_t series_id(SeriesPlace place) noexcept {
  return std::int64_t{place.tier} << kTierShift | place.number;
}

SeriesPlace place_of_id(std::int64_t id) noexcept {
  return {static_cast<std::uint32_t>(id >> kTierShift), static_cast<std::uint32_t>(id)};
}

std::int64_t seconds_of(Seconds time) noexcept { return time.time_since_epoch().count(); }
std::int64_t seconds_of(Timestamp time) noexcept { return seconds_of(floor_to_seconds(time)); }

void put_logged(ByteWriter& log, SeriesPlace place, const HistoryPoint& point, std::int64_t base) {
  log.put_varint(std::uint64_t{place.number} << 1 | place.tier);
  log.put_signed(point.time - base);
  log.put_number(point.value);
}

std::unexpected<Error> damaged() { return fail("a row of the history is damaged"); }

}  // namespace

// To be merged into their rows.
struct History::Late {
  std::map<GroupKey, GroupPoints> groups;

  void add(SeriesPlace place, std::int64_t block, const HistoryPoint& point) {
    merge_point(
        groups[{place.tier, block, place.number / kGroupSeries}][place.number % kGroupSeries],
        point);
  }
};

std::int64_t History::GroupKey::id() const noexcept {
  return std::int64_t{tier} << kTierShift | block << kBlockShift | group;
}

History::History(HistoryOptions options, Timestamp now)
    : options_(std::move(options)), block_seconds_(options_.window.count() * kWindowsPerBlock) {
  open(now);
}

void History::open(Timestamp now) {
  const auto try_file = [&](const std::string& path) -> Expected<void> {
    auto opened = Database::open({.path = path,
                                  .application_id = kApplicationId,
                                  .schema_version = 2,
                                  .schema = kSchema,
                                  .shrinks = true},
                                 now);
    if (!opened) return std::unexpected(std::move(opened).error());
    if (!opened->note().empty())
      notices_.push_back({Notice::Kind::kMovedAside, "history: " + opened->note()});
    database_.emplace(std::move(*opened));
    if (auto done = prepare(); !done) return done;
    return load();
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
  const std::pair<Statement*, const char*> all[] = {
      {&statements_.name_series, "INSERT OR REPLACE INTO series (id, path) VALUES (?1, ?2)"},
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

Expected<void> History::load() {
  for (Tier& tier : tiers_) tier = {};
  index_.clear();
  open_block_ = 0;
  if (auto done = check_window(); !done) return done;
  if (auto done = load_series(); !done) return done;
  if (auto done = load_last_values(); !done) return done;
  return load_log();
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
    if (*id >> kTierShift == tier)
      newest[tier] = ((*id >> kBlockShift) & 0xffff'ffff) * block_seconds_;
  }
  auto rows = database_->prepare("SELECT id, path FROM series ORDER BY id");
  if (!rows) return std::unexpected(std::move(rows).error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const SeriesPlace place = place_of_id(rows->column_int64(0));
    if (place.tier >= kTiers || place.number > 4 * options_.series_max + 1'000'000)
      return damaged();
    auto& series = tiers_[place.tier].series;
    while (series.size() < place.number) {
      tiers_[place.tier].free.push_back(static_cast<std::uint32_t>(series.size()));
      series.emplace_back();
    }
    Series& one = series.emplace_back();
    one.path = rows->column_text(1);
    one.last_time = newest[place.tier];
    index_.insert(one.path, place);
  }
  return {};
}

// After a write that failed the log may hold points of blocks that are over.
Expected<void> History::load_log() {
  std::vector<std::pair<SeriesPlace, HistoryPoint>> points;
  auto rows = database_->prepare("SELECT bytes FROM log ORDER BY id");
  if (!rows) return std::unexpected(std::move(rows).error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    ByteReader reader(rows->column_blob(0));
    const auto base = reader.take_signed();
    for (std::size_t left = reader.take_count(3); left > 0 && reader.is_ok(); --left) {
      const std::uint64_t key = reader.take_varint();
      const std::int64_t time = base + reader.take_signed();
      const HistoryPoint point{time, reader.take_number()};
      const SeriesPlace place{static_cast<std::uint32_t>(key & 1),
                              static_cast<std::uint32_t>(key >> 1)};
      if (!reader.is_ok() || place.number >= tiers_[place.tier].series.size()) return damaged();
      points.emplace_back(place, point);
      open_block_ = std::max(open_block_, block_of(time));
    }
    if (!reader.is_at_end()) return damaged();
  }
  Late late;
  for (const auto& [place, point] : points) {
    if (const std::int64_t block = block_of(point.time); block == open_block_) {
      grow(series_at(place), point);
    } else {
      late.add(place, block, point);
    }
  }
  for (const auto& [key, group] : late.groups) {
    if (auto done = merge_group(key, group); !done) return done;
  }
  return {};
}

// Of clusters alone, which are few: what is shown as the last window's.
Expected<void> History::load_last_values() {
  auto& series = tiers_[0].series;
  for (std::uint32_t group = 0; group * kGroupSeries < series.size(); ++group) {
    const std::int64_t block = block_of(series[group * kGroupSeries].last_time);
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

// A point of the block of now.
void History::grow(Series& series, const HistoryPoint& point) {
  if (series.open.empty()) series.open.reserve(kWindowsPerBlock);
  merge_point(series.open, point);
  note_last(series, point);
}

void History::note_last(Series& series, const HistoryPoint& point) {
  if (point.time < series.last_time) return;
  series.last_time = point.time;
  series.last_value = point.value;
  series.has_last_value = true;
}

void History::put(std::span<const Datapoint> datapoints, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (!database_ || datapoints.empty()) return;
  stats_.points += datapoints.size();
  if (auto done = write(datapoints, now); !done) return lose(done.error(), now);
  if (std::exchange(is_failing_, false))
    notices_.push_back({Notice::Kind::kHistoryKept, "history: it is written again"});
}

// Once an outage is told, it is not told again.
void History::lose(const Error& error, Timestamp now) {
  ++stats_.failures;
  const bool is_damaged = database_->is_damaged() || error.what == damaged().error().what;
  if (!std::exchange(is_failing_, true) || is_damaged)
    notices_.push_back({Notice::Kind::kHistoryFailed,
                        "history: " + error.message() + "; points are missing from now on"});
  if (!is_damaged || !stats_.is_on_disk) return;
  close();
  if (const auto moved = Database::move_aside(options_.file, "damaged", now); moved)
    notices_.push_back({Notice::Kind::kMovedAside,
                        "history: the file was moved to " + *moved + ", a new one begins"});
  open(now);
}

Expected<void> History::write(std::span<const Datapoint> datapoints, Timestamp now) {
  std::int64_t newest = open_block_;
  for (const Datapoint& one : datapoints) newest = std::max(newest, block_of(seconds_of(one.time)));
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  if (is_failing_) {
    if (auto done = name_all_series(); !done) return done;
  }
  if (newest > open_block_) {
    if (auto done = roll(newest, now); !done) return done;
  }
  ByteWriter log;
  std::uint64_t log_count = 0;
  const std::int64_t base = newest * block_seconds_;
  Late late;
  for (const Datapoint& one : datapoints) {
    const HistoryPoint point{seconds_of(one.time), one.value};
    if (point.time < seconds_of(now) - kept(tier_of(one.scope)).count() || point.time <= 0) {
      ++stats_.points_too_old;
      continue;
    }
    const auto place = place_of(one);
    if (!place) return std::unexpected(place.error());
    if (!*place) {
      ++stats_.points_refused;
      continue;
    }
    if (const std::int64_t block = block_of(point.time); block != open_block_) {
      late.add(**place, block, point);
      note_last(series_at(**place), point);
      continue;
    }
    grow(series_at(**place), point);
    put_logged(log, **place, point, base);
    ++log_count;
  }
  for (const auto& [key, points] : late.groups) {
    if (auto done = merge_group(key, points); !done) return done;
  }
  if (auto done = append_log(base, log_count, log.view()); !done) return done;
  if (auto done = keep_bound(); !done) return done;
  return transaction->commit();
}

Expected<void> History::append_log(std::int64_t base, std::uint64_t count,
                                   std::string_view points) {
  if (count == 0) return {};
  ByteWriter row;
  row.put_signed(base);
  row.put_varint(count);
  const std::string bytes = row.take().append(points);
  return statements_.write_log.bind_blob(1, bytes).run();
}

// Finds or makes the series; nothing when there are too many.
Expected<std::optional<SeriesPlace>> History::place_of(const Datapoint& datapoint) {
  if (const auto known = index_.find(datapoint.path)) return known;
  if (index_.size() >= options_.series_max) return std::nullopt;
  SeriesPlace place{.tier = tier_of(datapoint.scope)};
  Tier& tier = tiers_[place.tier];
  if (tier.free.empty()) {
    place.number = static_cast<std::uint32_t>(tier.series.size());
    tier.series.emplace_back();
  } else {
    place.number = tier.free.back();
    tier.free.pop_back();
  }
  Series& series = tier.series[place.number];
  series = {};
  series.path = datapoint.path;
  series.last_time = seconds_of(datapoint.time);
  index_.insert(series.path, place);
  if (auto done = name_series(place); !done) return std::unexpected(std::move(done).error());
  return place;
}

Expected<void> History::name_series(SeriesPlace place) {
  return statements_.name_series.bind(1, series_id(place))
      .bind_text(2, series_at(place).path)
      .run();
}

// After a failure some of them may be known in memory alone.
Expected<void> History::name_all_series() {
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    for (std::uint32_t number = 0; number < tiers_[tier].series.size(); ++number) {
      const SeriesPlace place{tier, number};
      if (series_at(place).path.empty()) continue;
      if (auto done = name_series(place); !done) return done;
    }
  }
  return {};
}

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
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  for (const Series& series : tiers_[1].series) {
    if (series.open.empty()) continue;
    first = std::min(first, series.open.front().time);
    last = std::max(last, series.open.back().time);
  }
  if (last == 0) return 0;
  const std::int64_t cut_to = first + (last - first) / 2;
  std::uint64_t cut = 0;
  for (Series& series : tiers_[1].series) {
    cut += std::erase_if(series.open, [&](const HistoryPoint& one) { return one.time <= cut_to; });
  }
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
      for (const HistoryPoint& point : series[number].open)
        put_logged(log, {tier, number}, point, base);
      count += series[number].open.size();
    }
  }
  return append_log(base, count, log.view());
}

HistoryStats History::stats() const {
  const std::lock_guard lock(mutex_);
  HistoryStats stats = stats_;
  stats.series = index_.size();
  return stats;
}

std::vector<Notice> History::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

}  // namespace sluice

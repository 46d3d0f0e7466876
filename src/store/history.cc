#include "store/history.h"

#include <algorithm>
#include <utility>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {
namespace {

std::uint32_t tier_of(Scope scope) noexcept { return scope == Scope::kHost ? 1 : 0; }

}  // namespace

History::History(HistoryOptions options, Timestamp now)
    : options_(std::move(options)),
      block_seconds_(options_.window.count() * kWindowsPerBlock),
      index_([this](SeriesPlace place) { return std::string_view(series_at(place).path); }) {
  open(now);
}

// A point of the block of now.
void History::grow(SeriesPlace place, const HistoryPoint& point, Timestamp now) {
  const std::int64_t since = point.time - open_block_ * block_seconds_;
  const auto window = static_cast<std::size_t>(since / options_.window.count());
  tiers_[place.tier].open.put(place.number, window, point.value);
  note_last(series_at(place), point, now);
}

std::vector<HistoryPoint> History::open_points(SeriesPlace place) const {
  std::vector<HistoryPoint> points;
  tiers_[place.tier].open.for_each(place.number, [&](std::size_t window, double value) {
    const auto since = static_cast<std::int64_t>(window) * options_.window.count();
    points.push_back({open_block_ * block_seconds_ + since, value});
  });
  return points;
}

// What comes after the clock was put back is later than what seems to be of a time to come.
void History::note_last(Series& series, const HistoryPoint& point, Timestamp now) const {
  const auto block = static_cast<std::uint32_t>(block_of(point.time));
  series.newest_block = std::max(series.newest_block, block);
  if (point.time < series.last_time && series.last_time <= seconds_of(now)) return;
  series.last_time = point.time;
  series.last_value = point.value;
  series.has_last_value = true;
}

void History::put(std::span<const Datapoint> datapoints, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (datapoints.empty()) return;
  look_at_file(now);
  if (!database_) return;
  stats_.points += datapoints.size();
  std::int64_t newest = open_block_;
  for (const Datapoint& one : datapoints) newest = std::max(newest, block_of(seconds_of(one.time)));
  Expected<void> done;
  if (newest > open_block_) done = end_block(newest, now);
  // Memory goes on whatever the disk does, unless all begins anew.
  if (done || !is_damage(done.error())) {
    if (auto written = write(datapoints, now); done) done = std::move(written);
  }
  if (!done) return lose(done.error(), now);
  if (std::exchange(stats_.is_failing, false))
    notices_.push_back({Notice::Kind::kHistoryKept, "history: it is written again"});
}

// What is written to a file that was removed, or replaced, is seen by nobody after this life.
void History::look_at_file(Timestamp now) {
  constexpr std::chrono::minutes kEvery{1};
  const bool is_time = now >= last_look_ + kEvery || now < last_look_;
  if (!database_ || !stats_.is_on_disk || !is_time) return;
  last_look_ = now;
  if (FileIdentity::of(options_.file) == identity_) return;
  notices_.push_back(
      {Notice::Kind::kReplaced,
       "history: " + options_.file +
           " was removed or replaced while the relay used it; a new one begins, without what that "
           "held; stop the relay before you touch its state_dir"});
  close();
  open(now);
}

bool History::is_damage(const Error& error) const {
  return database_->is_damaged() || error.what == damaged().error().what;
}

// Once an outage is told, it is not told again.
void History::lose(const Error& error, Timestamp now) {
  ++stats_.failures;
  const bool is_damaged = is_damage(error);
  if (!std::exchange(stats_.is_failing, true) || is_damaged)
    notices_.push_back({Notice::Kind::kHistoryFailed,
                        "history: " + error.message() + "; points are missing from now on"});
  if (!is_damaged || !stats_.is_on_disk) return;
  close();
  if (const auto moved = Database::move_aside(options_.file, "damaged", now); moved)
    notices_.push_back({Notice::Kind::kMovedAside,
                        "history: the file was moved to " + *moved + ", a new one begins"});
  open(now);
}

// Points must not stand in the file without their series' name: after a restart their number would
// seem to be free.
Expected<Transaction> History::begin() {
  auto transaction = Transaction::begin(*database_);
  if (!transaction || !stats_.is_failing) return transaction;
  if (auto done = rewrite_names({}); !done) return std::unexpected(std::move(done).error());
  return transaction;
}

Expected<void> History::write(std::span<const Datapoint> datapoints, Timestamp now) {
  auto transaction = begin();
  if (!transaction) return std::unexpected(std::move(transaction).error());
  const Additions additions = take_in(datapoints, now);
  auto done = write(additions);
  if (done) done = keep_bound();
  if (done) done = transaction->commit();
  if (done) is_log_behind_ = false;
  return done;
}

History::Additions History::take_in(std::span<const Datapoint> datapoints, Timestamp now) {
  Additions additions;
  const std::int64_t base = open_block_ * block_seconds_;
  index_.reserve(std::min<std::uint64_t>(datapoints.size(), options_.series_max));
  for (const Datapoint& one : datapoints) {
    const HistoryPoint point{seconds_of(one.time), one.value};
    if (point.time < seconds_of(now) - kept(tier_of(one.scope)).count() || point.time <= 0) {
      ++stats_.points_too_old;
      continue;
    }
    const auto place = place_of(one, additions.new_series);
    if (!place) {
      ++stats_.points_refused;
      continue;
    }
    if (const std::int64_t block = block_of(point.time); block != open_block_) {
      additions.late.add(*place, block, point);
      note_last(series_at(*place), point, now);
      continue;
    }
    grow(*place, point, now);
    put_logged(additions.log, *place, point, base);
    ++additions.log_count;
  }
  return additions;
}

// Where the log is behind, it catches up before anything else comes to its points: what corrects
// them is later, and what cuts them must find them.
Expected<void> History::write(const Additions& additions) {
  auto done = write_names(additions.new_series, false);
  if (done && is_log_behind_) done = merge_log();
  for (const auto& [key, points] : additions.late.groups) {
    if (!done) return done;
    done = merge_group(key, points);
  }
  if (!done) return done;
  if (is_log_behind_) return rewrite_log();
  return append_log(open_block_ * block_seconds_, additions.log_count, additions.log.view());
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
std::optional<SeriesPlace> History::place_of(const Datapoint& datapoint,
                                             std::vector<SeriesPlace>& new_series) {
  if (const auto next = next_place(datapoint)) return last_place_ = *next;
  // What is looked at first, fleet and clusters, finds a place whatever the hosts have taken.
  const std::uint64_t kept_free = datapoint.scope == Scope::kHost ? options_.series_max / 10 : 0;
  if (index_.size() >= options_.series_max - kept_free) {
    const auto known = index_.find(datapoint.path);
    if (known) last_place_ = *known;
    return known;
  }
  return last_place_ = index_.find_or_insert(datapoint.path, [&] {
    new_series.push_back(make_series(datapoint));
    return new_series.back();
  });
}

SeriesPlace History::make_series(const Datapoint& datapoint) {
  SeriesPlace place{.tier = tier_of(datapoint.scope)};
  Tier& tier = tiers_[place.tier];
  if (tier.free.empty()) {
    place.number = static_cast<std::uint32_t>(tier.series.size());
    tier.series.emplace_back();
  } else {
    place.number = tier.free.back();
    tier.free.pop_back();
  }
  series_at(place) = {.path = datapoint.path, .last_time = seconds_of(datapoint.time)};
  return place;
}

// A window's series mostly come in the order in which they came first: a look at the next number
// saves finding the path among all.
std::optional<SeriesPlace> History::next_place(const Datapoint& datapoint) const {
  const SeriesPlace next{last_place_.tier, last_place_.number + 1};
  const auto& series = tiers_[next.tier].series;
  const bool is_next = next.number < series.size() && series[next.number].path == datapoint.path;
  return is_next ? std::optional(next) : std::nullopt;
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

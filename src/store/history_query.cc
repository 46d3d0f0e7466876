// What is asked of the history.
#include <algorithm>
#include <utility>

#include "base/ascii_case.h"
#include "store/history_form.h"

namespace sluice {
namespace {

std::int64_t floor_to(std::int64_t time, std::int64_t step) noexcept {
  return time - ((time % step) + step) % step;
}

// Points into the places of their steps.
void fill(SeriesAnswer& answer, std::vector<std::optional<double>>& values,
          const std::vector<HistoryPoint>& points) {
  const std::int64_t from = seconds_of(answer.from);
  const std::int64_t until = seconds_of(answer.until);
  for (const HistoryPoint& point : points) {
    if (point.time < from || point.time >= until) continue;
    values[static_cast<std::size_t>((point.time - from) / answer.step.count())] = point.value;
  }
}

}  // namespace

SeriesAnswer History::series(const SeriesQuery& query, Timestamp now) const {
  const std::lock_guard lock(mutex_);
  const std::int64_t step = options_.window.count();
  const std::int64_t last = floor_to(seconds_of(floor_to_seconds(now)), step) + step;
  const std::int64_t first =
      floor_to(last - std::max(options_.clusters, options_.hosts).count(), step);
  SeriesAnswer answer;
  answer.step = options_.window;
  std::int64_t until = std::clamp(seconds_of(query.until), first, last);
  until = floor_to(until + step - 1, step);
  std::int64_t from = floor_to(std::clamp(seconds_of(query.from), first, until), step);
  const auto points_max = static_cast<std::int64_t>(query.points_max);
  if ((until - from) / step > points_max) {
    from = until - points_max * step;
    answer.is_truncated = true;
  }
  answer.from = Seconds(std::chrono::seconds(from));
  answer.until = Seconds(std::chrono::seconds(until));
  const auto count = static_cast<std::size_t>((until - from) / step);
  const std::size_t series_max =
      std::min(query.limit, count == 0 ? query.limit : query.points_max / count);

  // By group, so that a row is read once for all of its series.
  std::map<SeriesPlace, std::size_t> wanted;
  const bool is_whole = index_.match(query.path, [&](std::string_view path, SeriesPlace place) {
    if (answer.total++ < query.offset) return true;
    if (answer.series.size() == series_max) {
      answer.is_truncated = true;
      return true;  // It is only counted.
    }
    wanted.emplace(place, answer.series.size());
    answer.series.push_back({std::string(path), std::vector<std::optional<double>>(count)});
    return true;
  });
  answer.is_truncated |= !is_whole;
  if (count == 0 || !database_) return answer;
  for (auto it = wanted.begin(); it != wanted.end();) {
    const auto [tier, number] = it->first;
    const std::uint32_t group = number / kGroupSeries;
    const auto end = wanted.lower_bound({tier, (group + 1) * kGroupSeries});
    const std::int64_t oldest = std::max(block_of(from), oldest_kept(tier, now));
    for (std::int64_t block = oldest; block <= block_of(until - 1); ++block) {
      const auto points = read_group({tier, block, group});
      if (!points) continue;  // A damaged row is found when it is next written.
      for (auto one = it; one != end; ++one) {
        const auto found = points->find(one->first.number % kGroupSeries);
        if (found != points->end()) fill(answer, answer.series[one->second].values, found->second);
      }
    }
    for (auto one = it; one != end; ++one)
      fill(answer, answer.series[one->second].values, open_points(one->first));
    it = end;
  }
  return answer;
}

NodesAnswer History::nodes(const PathGlob& glob, std::string_view part, std::size_t offset,
                           std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  NodesAnswer answer;
  const bool is_whole = index_.find_nodes(glob, [&](std::string_view path, bool is_leaf) {
    const std::string_view name = path.substr(path.rfind('.') + 1);
    if (!holds_word(name, part)) return true;
    if (answer.total++ < offset) return true;
    if (answer.nodes.size() == limit) {
      answer.is_truncated = true;
      return true;  // It is only counted.
    }
    answer.nodes.push_back({std::string(name), std::string(path), is_leaf});
    return true;
  });
  answer.is_truncated |= !is_whole;
  return answer;
}

std::optional<History::LastWindow> History::last_window(std::string_view path, Timestamp now,
                                                        std::chrono::seconds age) const {
  const std::lock_guard lock(mutex_);
  LastWindow last;
  index_.for_each_below(path, [&](std::string_view found, SeriesPlace place) {
    const Series& series = series_at(place);
    if (!series.has_last_value || series.last_time < seconds_of(now) - age.count()) return true;
    if (series.last_time > seconds_of(now)) return true;
    const Seconds time{std::chrono::seconds(series.last_time)};
    if (time > last.time) last = {time, {}};
    if (time == last.time) last.values.emplace(found.substr(path.size() + 1), series.last_value);
    return true;
  });
  return last.values.empty() ? std::nullopt : std::optional(std::move(last));
}

std::vector<History::LastValue> History::last_values(std::string_view path,
                                                     std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<LastValue> values;
  index_.for_each_below(path, [&](std::string_view found, SeriesPlace place) {
    const Series& series = series_at(place);
    LastValue& one = values.emplace_back(
        LastValue{std::string(found), Seconds(std::chrono::seconds(series.last_time)), {}});
    if (series.has_last_value) one.value = series.last_value;
    return values.size() < limit;
  });
  return values;
}

}  // namespace sluice

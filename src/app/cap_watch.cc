#include "app/cap_watch.h"

#include <fmt/format.h>

#include <array>
#include <ranges>

namespace sluice {
namespace {

using Blame = CapWatch::Blame;

struct Cap {
  std::string_view counter;
  std::uint64_t Stats::* count;
  Blame blame;
  std::string_view words;  // What happens there, and where to look.
};

// Names that find no place, and spools that are in memory, have lines of their own.
constexpr std::array kCaps{
    Cap{"samples_dropped_series_limit_total", &Stats::samples_dropped_series_limit,
        Blame::kSeriesLimits,
        "new series are refused: series_max, series_per_host_max or series_per_rule_max"},
    Cap{"samples_dropped_too_late_total", &Stats::samples_dropped_too_late, Blame::kTooLate,
        "samples are older than horizon or catch_up allow: a clock that is behind, or a queue that "
        "waited for long"},
    Cap{"samples_dropped_store_full_total", &Stats::samples_dropped_store_full, Blame::kNobody,
        "windows that are not published yet take twice store_bytes_max, so new series are refused"},
    Cap{"windows_cut_total", &Stats::windows_cut, Blame::kNobody,
        "windows take store_bytes_max, so the oldest are closed before their horizon"},
    Cap{"samples_dropped_tick_full_total", &Stats::samples_dropped_tick_full, Blame::kNobody,
        "one second has more series than one may hold: does somebody invent host names?"},
    Cap{"samples_dropped_path_collision_total", &Stats::samples_dropped_path_collision,
        Blame::kPathCollision,
        "hosts would share the path of another (a.b and a_b): rename one, or give it an alias"},
    Cap{"rules_names_folded_total", &Stats::rules_names_folded, Blame::kNobody,
        "a rule makes more than 200 names of metrics, the rest counts as \"other\""},
    Cap{"udp_kernel_drops_total", &Stats::udp_kernel_drops, Blame::kNobody,
        "datagrams are lost because the receive buffer of a UDP listener is full: receive_buffer, "
        "workers, or TCP"},
    Cap{"datapoints_dropped_too_old_total", &Stats::datapoints_dropped_too_old, Blame::kNobody,
        "datapoints that waited for too long are given up: spool_age_max or spool_bytes_max of a "
        "destination"},
    Cap{"history_points_refused_total", &Stats::history_points_refused, Blame::kNobody,
        "the history keeps no more series: series_max of \"history\""},
};

void append_names(std::string& words, std::string_view kind,
                  const std::vector<Offender>& offenders) {
  constexpr std::size_t kShown = 3;
  for (const Offender& one : offenders | std::views::take(kShown))
    words += fmt::format("{}{} {} ({})", words.empty() ? "" : ", ", kind, one.name, one.samples);
}

}  // namespace

std::string offenders_in_words(const Offenders& offenders) {
  std::string words;
  append_names(words, "rule", offenders.rules);
  append_names(words, "host", offenders.hosts);
  return words;
}

CapWatch::CapWatch() : states_(kCaps.size()) {}

std::vector<std::string> CapWatch::look(const Stats& stats, const Offended& offended,
                                        Timestamp now) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kCaps.size(); ++i) {
    const Cap& cap = kCaps[i];
    State& state = states_[i];
    const std::uint64_t count = stats.*cap.count;
    const bool has_grown = count > state.count;
    const bool was_quiet = !state.grown || now - *state.grown >= kQuiet || now < *state.grown;
    state.count = count;
    if (!has_grown) continue;
    state.grown = now;
    const bool is_told = state.told && now - *state.told < kAgain && now >= *state.told;
    if (is_told && !was_quiet) continue;
    state.told = now;
    std::string line = fmt::format("{} ({}={} so far)", cap.words, cap.counter, count);
    if (cap.blame != Blame::kNobody) {
      const std::string names = offenders_in_words(offended(cap.blame));
      if (!names.empty()) line += "; most: " + names;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace sluice

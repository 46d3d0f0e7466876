#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/history.h"

// What tests of the history have in common: windows of 60 s, counted from the start of a block.
namespace sluice {

using Lines = std::vector<std::string>;

inline constexpr std::int64_t kBase = 1'700'000'000 / 960 * 960;

inline Seconds window_start(std::int64_t window) {
  return Seconds(std::chrono::seconds(kBase + 60 * window));
}

inline Datapoint point(std::string path, std::int64_t window, double value,
                       Scope scope = Scope::kAll) {
  return {.path = std::move(path),
          .value = value,
          .time = window_start(window),
          .version = 1,
          .scope = scope};
}

inline PathGlob glob(std::string_view text) {
  auto parsed = PathGlob::parse(text);
  REQUIRE(parsed);
  return std::move(*parsed);
}

inline void put(History& history, const std::vector<Datapoint>& datapoints,
                std::int64_t now_window) {
  history.put(datapoints, Timestamp(window_start(now_window)));
}

// "path: 1 - 3" for the windows first..last of each series, "-" where there is none.
inline Lines shown(const History& history, std::string_view path, std::int64_t first,
                   std::int64_t last) {
  const SeriesAnswer answer = history.series(
      {.path = glob(path), .from = window_start(first), .until = window_start(last + 1)},
      Timestamp(window_start(last + 1)));
  Lines lines;
  for (const auto& series : answer.series) {
    std::string line = series.path + ':';
    for (const auto& value : series.values)
      line += value ? ' ' + std::to_string(static_cast<int>(*value)) : " -";
    lines.push_back(line);
  }
  return lines;
}

}  // namespace sluice

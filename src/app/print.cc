#include "app/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice {
namespace {

std::string_view series_of(const Datapoint& datapoint) {
  return std::string_view(datapoint.path).substr(0, datapoint.path.rfind('.'));
}

std::string line_of(std::span<const Datapoint> leaves) {
  const std::time_t time = leaves.front().time.time_since_epoch().count();
  std::string line =
      fmt::format("{:%H:%M:%S}  {:<78}", fmt::localtime(time), series_of(leaves.front()));
  for (const Datapoint& leaf : leaves) {
    line += fmt::format(" {}={:.6g}", std::string_view(leaf.path).substr(leaf.path.rfind('.') + 1),
                        leaf.value);
  }
  return line;
}

}  // namespace

void print_datapoints(std::FILE* out, std::span<const Datapoint> datapoints) {
  while (!datapoints.empty()) {
    const std::string_view series = series_of(datapoints.front());
    const auto end = std::ranges::find_if(
        datapoints, [&](const Datapoint& one) { return series_of(one) != series; });
    const auto leaves = datapoints.first(static_cast<std::size_t>(end - datapoints.begin()));
    if (std::ranges::any_of(leaves, [](const Datapoint& leaf) { return leaf.value != 0; })) {
      fmt::print(out, "{}\n", line_of(leaves));
    }
    datapoints = datapoints.subspan(leaves.size());
  }
  std::fflush(out);
}

}  // namespace sluice

#include "app/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
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

bool wants_color(int fd) {
  const char* const refusal = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool is_refused = refusal != nullptr && *refusal != '\0';
  const bool is_able = terminal != nullptr && std::string_view(terminal) != "dumb";
  return isatty(fd) == 1 && is_able && !is_refused;
}

bool write_out(std::FILE* out, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0;
}

bool print_datapoints(std::FILE* out, std::span<const Datapoint> datapoints) {
  std::string text;
  while (!datapoints.empty()) {
    const std::string_view series = series_of(datapoints.front());
    const auto end = std::ranges::find_if(
        datapoints, [&](const Datapoint& one) { return series_of(one) != series; });
    const auto leaves = datapoints.first(static_cast<std::size_t>(end - datapoints.begin()));
    if (std::ranges::any_of(leaves, [](const Datapoint& leaf) { return leaf.value != 0; })) {
      text += line_of(leaves) + '\n';
    }
    datapoints = datapoints.subspan(leaves.size());
  }
  return write_out(out, text);
}

}  // namespace sluice

#include "app/carbon_snippets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "config/carbon_storage.h"
#include "config/duration.h"

namespace sluice {
namespace {

// {0}: the paths' beginning, {1}: the window, {2}: the archives.
constexpr const char* kSchemas =
    R"(# How long carbon keeps what sluice publishes. Put this section above every other one whose pattern
# also matches (the first match wins, and Debian's [default] matches everything); it only applies to
# series that are created afterwards.
#
# The first archive's step must be sluice's "window" ({1} here). It should also reach further back
# than "spool_age_max" (default 23h): whisper writes what is older than the first archive into the
# next one as it stands, without rolling it up.
[sluice]
pattern = {0}
retentions = {2}
)";

// {0}: the paths' beginning.
constexpr const char* kAggregation =
    R"(# How whisper rolls sluice's leaves up into coarser archives. Put these sections above all others:
# the first match wins, and the sections that carbon ships take the maximum of a count and drop a
# value when less than half of its minutes are there, which is nearly always so for hosts that run
# Puppet every half hour. xFilesFactor = 0 keeps whatever there is.
[sluice_count]
pattern = {0}.*\.count$
xFilesFactor = 0
aggregationMethod = sum

[sluice_min]
pattern = {0}.*\.min$
xFilesFactor = 0
aggregationMethod = min

# The worst of an hour is what people look for in these: extremes, high percentiles, and how many
# hosts were affected at most.
[sluice_max]
pattern = {0}.*\.(max|p95|p99|hosts|over_limit)$
xFilesFactor = 0
aggregationMethod = max

# The level at the end.
[sluice_last]
pattern = {0}.*\.(last|value)$
xFilesFactor = 0
aggregationMethod = last

# mean, p50, sum (the sum of the hosts' levels, not of things that happened) and all else.
[sluice_average]
pattern = {0}
xFilesFactor = 0
aggregationMethod = average
)";

// What stands for a name while templates are looked at; no path node of a template is like it.
constexpr std::string_view kAnyName = "zz-any-name-zz";

// A path of names that are not known yet as a regular expression: "servers\\.[^.]+\\.sluice".
std::string pattern_of(std::string_view path) {
  std::string pattern;
  while (!path.empty()) {
    if (path.starts_with(kAnyName)) {
      pattern += "[^.]+";
      path.remove_prefix(kAnyName.size());
      continue;
    }
    if (path.front() == '.') pattern += '\\';
    pattern += path.front();
    path.remove_prefix(1);
  }
  return pattern;
}

// What all paths begin with, up to and with a dot; empty if nothing.
std::string_view common_beginning(const std::set<std::string>& paths) {
  // Of a sorted set the first and the last differ earliest.
  const std::string_view first = *paths.begin();
  const std::string_view last = *paths.rbegin();
  const auto differ = std::ranges::mismatch(first, last).in1;
  const auto same = first.substr(0, static_cast<std::size_t>(differ - first.begin()));
  const std::string_view fixed = same.substr(0, same.find(kAnyName));
  const std::size_t dot = fixed.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : fixed.substr(0, dot + 1);
}

// "^sluice\\.", or where scopes begin differently "^(?:sluice\\.all|servers\\.[^.]+)\\.": what only
// this relay publishes, and nothing that others keep below the same first node.
std::string beginning_of(const Paths& paths) {
  const std::string any(kAnyName);
  const std::set<std::string> scopes{paths.host(any, any), paths.cluster(any),
                                     paths.group(any, any), paths.all(), paths.relay()};
  if (const auto common = common_beginning(scopes); !common.empty())
    return '^' + pattern_of(common);
  std::vector<std::string> patterns;
  for (const std::string& scope : scopes) patterns.push_back(pattern_of(scope));
  return fmt::format("^(?:{})\\.", fmt::join(patterns, "|"));
}

// The smallest multiple of `step` that is not below `wanted`.
std::uint64_t multiple_of(std::uint64_t step, std::uint64_t wanted) {
  return (wanted + step - 1) / step * step;
}

// A week of windows, 90 days of about five minutes, three years of about an hour; every step is a
// multiple of the one before, as whisper demands.
std::vector<Retention> retentions_for(std::uint64_t window) {
  constexpr std::uint64_t kDay = 86400;
  const std::uint64_t middle = multiple_of(window, 300);
  const std::uint64_t coarse = multiple_of(middle, 3600);
  std::vector<Retention> retentions{{window, 7 * kDay / window}};
  if (middle > window) retentions.push_back({middle, 90 * kDay / middle});
  if (coarse > middle) retentions.push_back({coarse, 3 * 365 * kDay / coarse});
  return retentions;
}

}  // namespace

std::string storage_schemas_snippet(const Paths& paths, std::chrono::seconds window) {
  return fmt::format(kSchemas, beginning_of(paths), format_duration(window),
                     format_retentions(retentions_for(static_cast<std::uint64_t>(window.count()))));
}

std::string storage_aggregation_snippet(const Paths& paths) {
  return fmt::format(kAggregation, beginning_of(paths));
}

}  // namespace sluice

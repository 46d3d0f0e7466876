#include "http/list_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "config/quote.h"

namespace sluice {
namespace {

Expected<void> read_count(std::string_view name, std::string_view text, std::size_t min,
                          std::size_t max, std::size_t& count) {
  std::size_t read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (error != std::errc() || end != text.data() + text.size() || read < min || read > max) {
    return fail(
        fmt::format("{}: expected a whole number in {}..{}, got {}", name, min, max, quote(text)));
  }
  count = read;
  return {};
}

}  // namespace

std::string_view ListQuery::filter(std::string_view name) const {
  const auto found = filters.find(name);
  return found == filters.end() ? std::string_view() : std::string_view(found->second);
}

Expected<ListQuery> parse_list_query(const std::multimap<std::string, std::string>& parameters,
                                     std::span<const std::string_view> filters) {
  constexpr std::size_t kOffsetMax = std::numeric_limits<std::int32_t>::max();
  ListQuery query;
  for (const auto& [name, value] : parameters) {
    if (parameters.count(name) > 1) return fail(name + ": expected once, got it several times");
    Expected<void> done;
    if (name == "limit") {
      done = read_count(name, value, 1, ListQuery::kLimitMax, query.limit);
    } else if (name == "offset") {
      done = read_count(name, value, 0, kOffsetMax, query.offset);
    } else if (std::ranges::find(filters, std::string_view(name)) != filters.end()) {
      query.filters.emplace(name, value);
    } else {
      std::string known = "limit, offset";
      for (const std::string_view filter : filters) known += fmt::format(", {}", filter);
      return fail(fmt::format("expected the parameters {}, got {}", known, quote(name)));
    }
    if (!done) return std::unexpected(std::move(done).error());
  }
  return query;
}

}  // namespace sluice

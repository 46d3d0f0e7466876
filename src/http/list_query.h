#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "sluice/base/error.h"

namespace sluice {

// The query string of a list: which rows, and the filters that the list knows.
struct ListQuery {
  static constexpr std::size_t kLimitMax = 1000;
  std::size_t limit = 100;                                  // Rows, 1..kLimitMax.
  std::size_t offset = 0;                                   // Rows passed over before.
  std::map<std::string, std::string, std::less<>> filters;  // As given.

  // Empty when the filter was not given.
  [[nodiscard]] std::string_view filter(std::string_view name) const;
};

// Refuses what the list does not know, and whatever stands twice.
[[nodiscard]] Expected<ListQuery> parse_list_query(
    const std::multimap<std::string, std::string>& parameters,
    std::span<const std::string_view> filters);

// The part of `rows` that the query asks for, each made into JSON by `render` and put into `list`.
template <typename Rows, typename List, typename Render>
void append_page(const Rows& rows, const ListQuery& query, List& list, Render render) {
  for (std::size_t i = query.offset; i < rows.size() && i - query.offset < query.limit; ++i) {
    list.push_back(render(rows[i]));
  }
}

}  // namespace sluice

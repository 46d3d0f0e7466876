#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

// What is asked of a list: which rows, and the filters that the list knows.
struct ListQuery {
  std::size_t limit = 100;                                  // Rows.
  std::size_t offset = 0;                                   // Rows passed over before.
  std::map<std::string, std::string, std::less<>> filters;  // As given.

  // Empty when the filter was not given.
  [[nodiscard]] std::string_view filter(std::string_view name) const;
};

// What every list tells besides its rows: how many there are, and whether some come after these.
template <typename Json>
void append_extent(Json& answer, std::size_t total, std::size_t offset, std::size_t limit) {
  answer["total"] = total;
  answer["truncated"] = offset < total && total - offset > limit;
}

// The part of `rows` that the query asks for, each made into JSON by `render` and put into `list`.
template <typename Rows, typename List, typename Render>
void append_page(const Rows& rows, const ListQuery& query, List& list, Render render) {
  for (std::size_t i = query.offset; i < rows.size() && i - query.offset < query.limit; ++i) {
    list.push_back(render(rows[i]));
  }
}

}  // namespace sluice

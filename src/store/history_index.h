#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "store/path_glob.h"

namespace sluice {

// Where a series is kept: its tier and its number in there.
struct SeriesPlace {
  std::uint32_t tier = 0;
  std::uint32_t number = 0;

  friend auto operator<=>(const SeriesPlace&, const SeriesPlace&) = default;
};

// All series by path, for exact names and for patterns. About 120 bytes a series besides its path.
// New names are put in order when somebody asks for a pattern: all at once that takes a fraction of
// the time, and often nobody asks.
class HistoryIndex {
 public:
  // `path` must live until it is erased.
  void insert(std::string_view path, SeriesPlace place);
  void erase(std::string_view path);
  void clear();
  // So many will be known: growing to them means hashing them all several times.
  void reserve(std::size_t count) { exact_.reserve(count); }

  [[nodiscard]] std::optional<SeriesPlace> find(std::string_view path) const;
  [[nodiscard]] std::size_t size() const noexcept { return exact_.size(); }

  // Calls use(path, place) for each series that matches, in order of the path, until it returns
  // false. Looks at what the pattern's nodes let in alone, not at all series. False: it was given
  // up, because too much had to be looked at.
  using Use = std::function<bool(std::string_view path, SeriesPlace place)>;
  bool match(const PathGlob& glob, const Use& use) const;

  // Calls use(path, place) for each series whose path goes on behind `prefix` and a dot, in order,
  // until it returns false.
  void for_each_below(std::string_view prefix, const Use& use) const;

  // One level of the tree: calls use(path, is_leaf) for each node that the pattern's last node
  // matches, below those that the others match. As match() otherwise.
  using UseNode = std::function<bool(std::string_view path, bool is_leaf)>;
  bool find_nodes(const PathGlob& glob, const UseNode& use) const;

 private:
  struct Walk;
  using Sorted = std::map<std::string_view, SeriesPlace>;

  [[nodiscard]] const Sorted& sorted() const;

  StringViewMap<SeriesPlace> exact_;  // For find().
  // The same in order, but for those that wait to be put in order.
  mutable Sorted sorted_;
  mutable std::vector<std::pair<std::string_view, SeriesPlace>> unsorted_;
};

}  // namespace sluice

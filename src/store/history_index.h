#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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

// All series by path, for exact names and for patterns. It holds their places alone, which takes
// some 10 bytes a series, and asks whoever keeps the series for their paths. New names are put in
// order when somebody asks for a pattern: all at once that takes a fraction of the time, and often
// nobody asks.
class HistoryIndex {
 public:
  // The path of a series that is in here: the same as long as it is.
  using PathOf = std::function<std::string_view(SeriesPlace)>;

  explicit HistoryIndex(PathOf path_of)
      : path_of_(std::move(path_of)), exact_(0, Hash{this}, Equal{this}) {}
  HistoryIndex(const HistoryIndex&) = delete;
  HistoryIndex& operator=(const HistoryIndex&) = delete;

  // Of a path that no series has.
  void insert(SeriesPlace place);
  // The series of the path; without one, what make() makes of it.
  template <typename Make>
  SeriesPlace find_or_insert(std::string_view path, Make&& make) {
    const auto found = exact_.lazy_emplace(path, [&](const auto& construct) {
      const Packed made = pack(make());
      construct(made);
      unsorted_.push_back(made);
    });
    return unpack(*found);
  }
  void erase(std::span<const SeriesPlace> places);
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
  using Packed = std::uint32_t;  // A place: the number, and the tier in the last bit.
  using Sorted = std::vector<Packed>;

  static Packed pack(SeriesPlace place) noexcept { return place.number << 1 | place.tier; }
  static SeriesPlace unpack(Packed packed) noexcept { return {packed & 1, packed >> 1}; }
  [[nodiscard]] std::string_view path(Packed packed) const { return path_of_(unpack(packed)); }
  [[nodiscard]] std::string_view path(std::string_view text) const { return text; }

  // By path, so that one that is looked for needs no place.
  struct Hash {
    using is_transparent = void;
    const HistoryIndex* index;
    std::size_t operator()(const auto& one) const { return StringHash()(index->path(one)); }
  };
  struct Equal {
    using is_transparent = void;
    const HistoryIndex* index;
    bool operator()(const auto& one, const auto& other) const {
      return index->path(one) == index->path(other);
    }
  };

  [[nodiscard]] const Sorted& sorted() const;
  // The first that is not before `start`.
  [[nodiscard]] Sorted::const_iterator lower_bound(std::string_view start) const;

  PathOf path_of_;
  absl::flat_hash_set<Packed, Hash, Equal> exact_;  // For find().
  // The same in order, but for those that wait to be put in order.
  mutable Sorted sorted_;
  mutable Sorted unsorted_;
};

}  // namespace sluice

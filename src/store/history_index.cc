#include "store/history_index.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice {
namespace {

// Names looked at for one pattern: some 100 ms.
constexpr std::size_t kStepsMax = 300'000;

}  // namespace

// Goes down the tree that the sorted paths are, node by node.
struct HistoryIndex::Walk {
  const HistoryIndex& index;
  const Sorted& series;
  const PathGlob& glob;
  const UseNode& use;
  std::string prefix = {};  // Ends with a dot, unless it is empty.
  std::size_t steps = 0;

  bool run(std::size_t depth) {
    const PathGlob::Node& node = glob.nodes()[depth];
    return node.is_literal ? visit(depth, node.alternatives.front()) : visit_children(depth);
  }

  // One name below the prefix, if it is there.
  bool visit(std::size_t depth, std::string_view name) {
    if (++steps > kStepsMax) return false;
    const std::size_t size = prefix.size();
    prefix += name;
    bool goes_on = true;
    if (depth + 1 == glob.nodes().size()) goes_on = tell();
    prefix += '.';
    const auto below = index.lower_bound(prefix);
    const bool has_below = below != series.end() && index.path(*below).starts_with(prefix);
    if (goes_on && has_below && depth + 1 == glob.nodes().size())
      goes_on = use(std::string_view(prefix).substr(0, prefix.size() - 1), false);
    if (goes_on && has_below && depth + 1 < glob.nodes().size()) goes_on = run(depth + 1);
    prefix.resize(size);
    return goes_on;
  }

  bool tell() { return !index.find(prefix) || use(prefix, true); }

  // Every name below the prefix that matches; of each the paths below are skipped at once.
  bool visit_children(std::size_t depth) {
    const PathGlob::Node& node = glob.nodes()[depth];
    auto at = index.lower_bound(prefix);
    while (at != series.end() && index.path(*at).starts_with(prefix)) {
      if (++steps > kStepsMax) return false;
      const std::string_view rest = index.path(*at).substr(prefix.size());
      const bool is_leaf = rest.find('.') == std::string_view::npos;
      const std::string name(rest.substr(0, rest.find('.')));
      if (PathGlob::matches(node, name) && !visit_child(depth, name, is_leaf)) return false;
      // '/' is the letter behind '.'.
      at = is_leaf ? std::next(at) : index.lower_bound(prefix + name + '/');
    }
    return true;
  }

  // A name that is a leaf and has paths below it comes twice.
  bool visit_child(std::size_t depth, const std::string& name, bool is_leaf) {
    const bool is_last = depth + 1 == glob.nodes().size();
    if (is_last) return use(prefix + name, is_leaf);
    if (is_leaf) return true;
    const std::size_t size = prefix.size();
    prefix += name + '.';
    const bool goes_on = run(depth + 1);
    prefix.resize(size);
    return goes_on;
  }
};

void HistoryIndex::insert(SeriesPlace place) {
  if (exact_.insert(pack(place)).second) unsorted_.push_back(pack(place));
}

void HistoryIndex::erase(std::span<const SeriesPlace> places) {
  if (places.empty()) return;
  for (const SeriesPlace place : places) exact_.erase(pack(place));
  const auto is_gone = [this](Packed one) { return !exact_.contains(one); };
  std::erase_if(sorted_, is_gone);
  std::erase_if(unsorted_, is_gone);
}

void HistoryIndex::clear() {
  exact_.clear();
  sorted_.clear();
  unsorted_.clear();
}

const HistoryIndex::Sorted& HistoryIndex::sorted() const {
  if (unsorted_.empty()) return sorted_;
  const auto by_path = [this](Packed packed) { return path(packed); };
  std::ranges::sort(unsorted_, {}, by_path);
  const auto new_ones = sorted_.insert(sorted_.end(), unsorted_.begin(), unsorted_.end());
  std::ranges::inplace_merge(sorted_, new_ones, {}, by_path);
  unsorted_ = {};
  return sorted_;
}

HistoryIndex::Sorted::const_iterator HistoryIndex::lower_bound(std::string_view start) const {
  return std::ranges::lower_bound(std::as_const(sorted_), start, {},
                                  [this](Packed packed) { return path(packed); });
}

std::optional<SeriesPlace> HistoryIndex::find(std::string_view path) const {
  const auto found = exact_.find(path);
  return found == exact_.end() ? std::nullopt : std::optional(unpack(*found));
}

bool HistoryIndex::match(const PathGlob& glob, const Use& use) const {
  bool is_ended = false;
  const bool is_whole = find_nodes(glob, [&](std::string_view path, bool is_leaf) {
    if (is_leaf && !use(path, *find(path))) is_ended = true;
    return !is_ended;
  });
  return is_whole || is_ended;
}

void HistoryIndex::for_each_below(std::string_view prefix, const Use& use) const {
  const std::string start = std::string(prefix) + '.';
  const Sorted& series = sorted();
  for (auto at = lower_bound(start);
       at != series.end() && path(*at).starts_with(start) && use(path(*at), unpack(*at)); ++at) {
  }
}

bool HistoryIndex::find_nodes(const PathGlob& glob, const UseNode& use) const {
  bool is_ended = false;
  const UseNode counted = [&](std::string_view path, bool is_leaf) {
    if (!use(path, is_leaf)) is_ended = true;
    return !is_ended;
  };
  Walk walk{.index = *this, .series = sorted(), .glob = glob, .use = counted};
  return walk.run(0) || is_ended;
}

}  // namespace sluice

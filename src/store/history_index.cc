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
    const auto below = series.lower_bound(prefix);
    const bool has_below = below != series.end() && below->first.starts_with(prefix);
    if (goes_on && has_below && depth + 1 == glob.nodes().size())
      goes_on = use(std::string_view(prefix).substr(0, prefix.size() - 1), false);
    if (goes_on && has_below && depth + 1 < glob.nodes().size()) goes_on = run(depth + 1);
    prefix.resize(size);
    return goes_on;
  }

  bool tell() { return !series.contains(prefix) || use(prefix, true); }

  // Every name below the prefix that matches; of each the paths below are skipped at once.
  bool visit_children(std::size_t depth) {
    const PathGlob::Node& node = glob.nodes()[depth];
    auto at = series.lower_bound(prefix);
    while (at != series.end() && at->first.starts_with(prefix)) {
      if (++steps > kStepsMax) return false;
      const std::string_view rest = at->first.substr(prefix.size());
      const bool is_leaf = rest.find('.') == std::string_view::npos;
      const std::string name(rest.substr(0, rest.find('.')));
      if (PathGlob::matches(node, name) && !visit_child(depth, name, is_leaf)) return false;
      // '/' is the letter behind '.'.
      at = is_leaf ? std::next(at) : series.lower_bound(prefix + name + '/');
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

void HistoryIndex::insert(std::string_view path, SeriesPlace place) {
  if (exact_.emplace(path, place).second) unsorted_.emplace_back(path, place);
}

void HistoryIndex::erase(std::string_view path) {
  (void)sorted();  // It may wait.
  exact_.erase(path);
  sorted_.erase(path);
}

void HistoryIndex::clear() {
  exact_.clear();
  sorted_.clear();
  unsorted_.clear();
}

const HistoryIndex::Sorted& HistoryIndex::sorted() const {
  std::ranges::sort(unsorted_);
  auto place = sorted_.begin();  // Neighbours mostly come together.
  for (const auto& series : std::exchange(unsorted_, {}))
    place = std::next(sorted_.insert(place, series));
  return sorted_;
}

std::optional<SeriesPlace> HistoryIndex::find(std::string_view path) const {
  const auto found = exact_.find(path);
  return found == exact_.end() ? std::nullopt : std::optional(found->second);
}

bool HistoryIndex::match(const PathGlob& glob, const Use& use) const {
  bool is_ended = false;
  const bool is_whole = find_nodes(glob, [&](std::string_view path, bool is_leaf) {
    if (is_leaf && !use(path, exact_.find(path)->second)) is_ended = true;
    return !is_ended;
  });
  return is_whole || is_ended;
}

void HistoryIndex::for_each_below(std::string_view prefix, const Use& use) const {
  const std::string start = std::string(prefix) + '.';
  const Sorted& series = sorted();
  for (auto at = series.lower_bound(start);
       at != series.end() && at->first.starts_with(start) && use(at->first, at->second); ++at) {
  }
}

bool HistoryIndex::find_nodes(const PathGlob& glob, const UseNode& use) const {
  bool is_ended = false;
  const UseNode counted = [&](std::string_view path, bool is_leaf) {
    if (!use(path, is_leaf)) is_ended = true;
    return !is_ended;
  };
  Walk walk{.series = sorted(), .glob = glob, .use = counted};
  return walk.run(0) || is_ended;
}

}  // namespace sluice

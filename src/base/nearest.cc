#include "base/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/ascii_case.h"

namespace sluice {
namespace {

// Known names are short. Longer words are no typing mistakes, and the tables below stay small.
constexpr std::size_t kWordMax = 64;

using Row = std::array<std::size_t, kWordMax + 1>;

// Optimal string alignment distance. Both words have at most kWordMax letters.
std::size_t distance(std::string_view a, std::string_view b) {
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
                           ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kWordMax) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = 1 + word.size() / 4;  // Mistakes that a word of this length may hold.
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kWordMax) continue;
    const std::size_t mistakes = distance(word, candidate);
    const bool is_better = best ? mistakes < best_distance : mistakes <= best_distance;
    if (!is_better || mistakes >= std::max(word.size(), candidate.size())) continue;
    best = candidate;
    best_distance = mistakes;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto near = nearest(word, candidates);
  return near ? "; did you mean \"" + std::string(*near) + "\"?" : std::string();
}

std::string list_of(std::span<const std::string_view> names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? " or " : ", ";
    list += '"';
    list += names[i];
    list += '"';
  }
  return list;
}

}  // namespace sluice

#include "rules/pattern_progress.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "rules/pattern_text.h"
#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

// Longer patterns are told about as a whole: each beginning is compiled.
constexpr std::size_t kCutsMax = 2000;
// Of the text behind the match.
constexpr std::size_t kShownBytes = 60;

// A beginning of the pattern that is a pattern once its open groups are closed.
struct Cut {
  std::size_t end = 0;
  std::size_t depth = 0;  // Groups that are open there.
};

struct Cuts {
  std::vector<Cut> all;
  bool has_alternatives = false;  // On the top level.
};

// Behind what opens a group, "(?P<name>"; `opens` is false for one that only sets flags, "(?i)".
std::size_t skip_opening(std::string_view pattern, std::size_t start, bool& opens) {
  opens = true;
  if (!pattern.substr(start).starts_with("(?")) return start + 1;
  const std::size_t end = pattern.find_first_of(":>)", start);
  if (end == std::string_view::npos) return end;
  opens = pattern[end] != ')';
  return end + 1;
}

// Behind the smallest part that begins at `i` and is neither a group nor an alternative.
std::size_t skip_part(std::string_view pattern, std::size_t i) {
  if (pattern[i] == '\\') return skip_escape(pattern, i);
  return pattern[i] == '[' ? skip_class(pattern, i) : i + 1;
}

bool is_word_octet(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// True if the part [start, end) and the one behind it are letters of one word, which people read as
// a whole.
bool is_inside_word(std::string_view pattern, std::size_t start, std::size_t end) {
  return end == start + 1 && is_word_octet(pattern[start]) && end < pattern.size() &&
         is_word_octet(pattern[end]) && quantifier_bytes(pattern, end + 1) == 0;
}

Cuts cuts_of(std::string_view pattern) {
  Cuts cuts;
  if (pattern.find("\\Q") != std::string_view::npos) return cuts;  // Nothing is what it seems.
  std::size_t depth = 0;
  for (std::size_t i = 0; i < pattern.size() && cuts.all.size() < kCutsMax;) {
    if (pattern[i] == '(') {
      bool opens = false;
      i = skip_opening(pattern, i, opens);
      if (i == std::string_view::npos) break;
      if (opens) ++depth;
      continue;
    }
    if (pattern[i] == '|') {
      if (depth == 0) cuts.has_alternatives = true;
      ++i;
      continue;
    }
    if (pattern[i] == ')' && depth > 0) --depth;
    const std::size_t start = i;
    i = skip_part(pattern, i);
    if (i == std::string_view::npos) break;
    i += quantifier_bytes(pattern, i);
    if (!is_inside_word(pattern, start, i)) cuts.all.push_back({i, depth});
  }
  return cuts;
}

// Tries one beginning.
std::optional<PatternProgress> try_cut(std::string_view pattern, const Cut& cut,
                                       std::string_view text, PatternBeginnings& beginnings) {
  std::string beginning(pattern.substr(0, cut.end));
  beginning.append(cut.depth, ')');
  const Pattern* const compiled = beginnings.compiled(beginning);
  std::vector<std::string_view> groups(1);
  if (compiled == nullptr || !compiled->search(text, groups)) return std::nullopt;
  const auto end = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
  return PatternProgress{pattern.substr(0, cut.end), pattern.substr(cut.end), groups[0],
                         text.substr(end)};
}

// The longest of `cuts` that matches.
std::optional<PatternProgress> longest_of(std::string_view pattern, const std::vector<Cut>& cuts,
                                          std::string_view text, PatternBeginnings& beginnings) {
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    if (auto progress = try_cut(pattern, *cut, text, beginnings)) return progress;
  }
  return std::nullopt;
}

// Without alternatives a beginning that matches has only beginnings that do: halving finds the last
// part of the top level up to which the pattern matches, and then how far the next part gets.
PatternProgress halve(std::string_view pattern, const std::vector<Cut>& cuts,
                      std::string_view text, PatternBeginnings& beginnings) {
  std::vector<Cut> whole;
  std::ranges::copy_if(cuts, std::back_inserter(whole),
                       [](const Cut& cut) { return cut.depth == 0; });
  PatternProgress best{{}, pattern, {}, text};
  std::size_t known = 0;  // So many parts match.
  std::size_t refused = whole.size() + 1;
  while (known + 1 < refused) {
    const std::size_t middle = known + (refused - known) / 2;
    if (const auto progress = try_cut(pattern, whole[middle - 1], text, beginnings)) {
      best = *progress;
      known = middle;
    } else {
      refused = middle;
    }
  }
  const std::size_t from = known == 0 ? 0 : whole[known - 1].end;
  const std::size_t to = known < whole.size() ? whole[known].end : pattern.size();
  std::vector<Cut> inside;
  std::ranges::copy_if(cuts, std::back_inserter(inside), [&](const Cut& cut) {
    return cut.depth > 0 && cut.end > from && cut.end < to;
  });
  return longest_of(pattern, inside, text, beginnings).value_or(best);
}

std::string shown(std::string_view text) {
  if (text.empty()) return "the end";
  if (text.size() <= kShownBytes) return '"' + std::string(text) + '"';
  return '"' + std::string(text.substr(0, kShownBytes)) + "...\"";
}

}  // namespace

const Pattern* PatternBeginnings::compiled(const std::string& text) {
  const auto known = by_text_.find(text);
  if (known != by_text_.end()) return known->second ? &*known->second : nullptr;
  if (by_text_.size() >= kCountMax) by_text_.clear();
  std::optional<Pattern>& made = by_text_[text];
  if (auto pattern = Pattern::compile(text)) made = std::move(*pattern);
  return made ? &*made : nullptr;
}

PatternProgress pattern_progress(std::string_view pattern, std::string_view text,
                                 PatternBeginnings& beginnings) {
  const Cuts cuts = cuts_of(pattern);
  if (!cuts.has_alternatives) return halve(pattern, cuts.all, text, beginnings);
  return longest_of(pattern, cuts.all, text, beginnings).value_or(PatternProgress{{}, pattern, {}, text});
}

std::string in_words(const PatternProgress& progress) {
  if (progress.matched.empty() || progress.matched == "^") {
    return progress.text_rest.empty() ? "the text is empty"
                                      : "its beginning is nowhere in " + shown(progress.text_rest);
  }
  return "it gets as far as \"" + std::string(progress.text) + "\", then expects \"" +
         std::string(progress.expected) + "\" and finds " + shown(progress.text_rest);
}

}  // namespace sluice

#include "store/path_glob.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

constexpr std::size_t kTextBytesMax = 2000;
constexpr std::size_t kNodesMax = 64;
constexpr std::size_t kAlternativesMax = 256;  // Of one node.

// At the '[' of a class that ends in `pattern`: whether `c` is in it; `length` is the class's own.
bool is_in_class(std::string_view pattern, char c, std::size_t& length) {
  const std::size_t close = pattern.find(']', 1);
  length = close + 1;
  bool is_in = false;
  for (std::size_t i = 1; i < close; ++i) {
    const bool is_range = i + 2 < close && pattern[i + 1] == '-';
    const char last = is_range ? pattern[i + 2] : pattern[i];
    is_in |= c >= pattern[i] && c <= last;
    if (is_range) i += 2;
  }
  return is_in;
}

// Whether the first element of `pattern`, which is no '*', stands for `c`.
bool takes(std::string_view pattern, char c, std::size_t& length) {
  length = 1;
  if (pattern.front() == '[') return is_in_class(pattern, c, length);
  return pattern.front() == '?' || pattern.front() == c;
}

// In time that grows with the product of both lengths at most.
bool matches_one(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;  // Behind the last '*',
  std::size_t resume = 0;                     // and where its match ends for now.
  while (n < name.size()) {
    std::size_t length = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = n;
    } else if (p < pattern.size() && takes(pattern.substr(p), name[n], length)) {
      p += length;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// "a{b,c}d{e,f}" becomes four.
Expected<std::vector<std::string>> expand(std::string_view text) {
  const std::size_t open = text.find('{');
  if (open == std::string_view::npos) return std::vector<std::string>{std::string(text)};
  const std::size_t close = text.find('}', open);
  std::string_view inside = text.substr(open + 1, close - open - 1);
  if (inside.find('{') != std::string_view::npos) return fail("braces do not stand in braces");
  auto rests = expand(text.substr(close + 1));
  if (!rests) return rests;
  std::vector<std::string> all;
  while (true) {
    const std::size_t comma = std::min(inside.find(','), inside.size());
    for (const std::string& rest : *rests) {
      all.push_back(std::string(text.substr(0, open)) + std::string(inside.substr(0, comma)) +
                    rest);
      if (all.size() > kAlternativesMax) return fail("the braces stand for too many names");
    }
    if (comma == inside.size()) return all;
    inside.remove_prefix(comma + 1);
  }
}

// Cuts the first node off: up to a dot that is in no braces.
Expected<std::string_view> cut_node(std::string_view& text) {
  char closes_with = 0;
  std::size_t end = 0;
  for (; end < text.size() && (closes_with != 0 || text[end] != '.'); ++end) {
    const char c = text[end];
    if (c == '.') return fail("braces and brackets do not hold dots");
    if (closes_with == 0 && (c == '}' || c == ']')) return fail("a bracket is closed, not opened");
    if (c == closes_with) closes_with = 0;
    if (c == '{') closes_with = '}';
    if (c == '[' && closes_with == 0) closes_with = ']';
  }
  if (closes_with != 0) return fail(std::string("a ") + closes_with + " is missing");
  const std::string_view node = text.substr(0, end);
  if (node.empty()) return fail("a node between two dots is empty");
  text.remove_prefix(end);
  return node;
}

bool has_unclosed_class(std::string_view pattern) {
  for (std::size_t at = pattern.find('['); at != std::string_view::npos;
       at = pattern.find('[', at)) {
    at = pattern.find(']', at + 1);
    if (at == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Expected<PathGlob> PathGlob::parse(std::string_view text) {
  if (text.empty()) return fail("expected a path, such as sluice.all.puppet.nodes.*");
  if (text.size() > kTextBytesMax) return fail("a path has at most 2000 letters");
  PathGlob glob;
  while (true) {
    const auto node = cut_node(text);
    if (!node) return std::unexpected(node.error());
    auto alternatives = expand(*node);
    if (!alternatives) return std::unexpected(std::move(alternatives).error());
    if (std::ranges::any_of(*alternatives, has_unclosed_class)) return fail("a ] is missing");
    const bool is_literal = alternatives->size() == 1 &&
                            alternatives->front().find_first_of("*?[") == std::string::npos;
    glob.nodes_.push_back({std::move(*alternatives), is_literal});
    if (glob.nodes_.size() > kNodesMax) return fail("a path has at most 64 nodes");
    if (text.empty()) return glob;
    text.remove_prefix(1);
    if (text.empty()) return fail("a path does not end with a dot");
  }
}

bool PathGlob::matches(const Node& node, std::string_view name) {
  return std::ranges::any_of(
      node.alternatives, [name](const std::string& pattern) { return matches_one(pattern, name); });
}

}  // namespace sluice

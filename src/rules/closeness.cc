#include "rules/closeness.h"

#include <algorithm>
#include <string>

namespace sluice {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

double share(std::size_t part, std::size_t whole) noexcept {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What patterns are searched in: of a line of Graphite its path.
std::string_view searched_part(const CompiledRule& rule, std::string_view line) {
  return rule.reads_graphite ? line.substr(0, line.find(' ')) : line;
}

// The share of the text by the share of the pattern. Of a text without the words that the pattern
// begins with nothing was tried, and what they have in common with it counts.
double explained_of(const CompiledRule& rule, std::string_view text,
                    const PatternProgress& progress) {
  const std::string_view prefix = rule.literals.prefix;
  const auto common =
      static_cast<std::size_t>(std::ranges::mismatch(text, prefix).in2 - prefix.begin());
  const bool is_tried = common == prefix.size() && !progress.text.empty();
  const std::size_t reached =
      is_tried ? text.size() - std::min(text.size(), progress.text_rest.size()) : common;
  const std::size_t matched = is_tried ? progress.matched.size() : common;
  return share(reached, text.size()) * share(matched, rule.definition->match.size());
}

}  // namespace

LineShape::LineShape(std::string_view line) {
  std::string folded;
  for (const char c : line.substr(0, kOctetsMax)) {
    if (!is_digit(c)) {
      folded += c;
    } else if (folded.empty() || folded.back() != '0') {
      folded += '0';
    }
  }
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(folded[i]); };
  for (std::size_t i = 1; i < folded.size(); ++i)
    pairs_.push_back(static_cast<std::uint16_t>(octet(i - 1) << 8 | octet(i)));
  std::ranges::sort(pairs_);
}

double LineShape::likeness(const LineShape& other) const {
  std::size_t common = 0;
  for (auto one = pairs_.begin(), two = other.pairs_.begin();
       one != pairs_.end() && two != other.pairs_.end();) {
    if (*one == *two) {
      ++common;
      ++one;
      ++two;
    } else if (*one < *two) {
      ++one;
    } else {
      ++two;
    }
  }
  return share(2 * common, pairs_.size() + other.pairs_.size());
}

double Closeness::of(const CompiledRule& rule, std::string_view text,
                     const PatternProgress& progress, RuleTrace::Outcome outcome) {
  using Outcome = RuleTrace::Outcome;
  const double weight = outcome == Outcome::kPattern || outcome == Outcome::kLiteral ? 1 : 0.5;
  // Without a pattern the text is read when its fields are, which its conditions are on.
  if (rule.definition->match.empty())
    return outcome == Outcome::kWhere && rule.where.empty() ? kMatches * weight : 0;
  if (rule.pattern.matches(text)) return kMatches * weight;
  double alike = 0;
  for (const LineShape& example : examples_of(rule))
    alike = std::max(alike, shape_.likeness(example));
  return (explained_of(rule, text, progress) + alike) * weight;
}

// Those lines of examples that its pattern matches: others show what it does not read.
const std::vector<LineShape>& Closeness::examples_of(const CompiledRule& rule) {
  const auto known = examples_.find(rule.full_name);
  if (known != examples_.end()) return known->second;
  std::vector<LineShape>& shapes = examples_[rule.full_name];
  for (const ExampleDefinition& example : rule.definition->examples) {
    for (const std::string& line : example.lines) {
      const std::string_view text = searched_part(rule, line);
      if (rule.pattern.matches(text)) shapes.emplace_back(text);
    }
  }
  return shapes;
}

}  // namespace sluice

#include "rules/pattern_tree.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "rules/pattern_text.h"

namespace sluice {
namespace {

using Kind = PatternNode::Kind;

constexpr int kDepthMax = 20;  // Of groups within groups.

bool is_word(unsigned octet) {
  return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
         (octet >= 'A' && octet <= 'Z') || octet == '_';
}

bool is_punctuation(char c) {
  return c >= ' ' && c < 0x7f && !is_word(static_cast<unsigned char>(c));
}

OctetSet one_octet(char c) { return OctetSet().set(static_cast<unsigned char>(c)); }

OctetSet octets_between(unsigned first, unsigned last) {
  OctetSet octets;
  for (unsigned octet = first; octet <= last; ++octet) octets.set(octet);
  return octets;
}

// \d and its like; nothing for other letters.
std::optional<OctetSet> class_of_letter(char letter) {
  OctetSet octets;
  switch (letter) {
    case 'd':
    case 'D':
      octets = octets_between('0', '9');
      break;
    case 'w':
    case 'W':
      for (unsigned octet = 0; octet < octets.size(); ++octet) octets.set(octet, is_word(octet));
      break;
    case 's':
    case 'S':
      for (const char c : {'\t', '\n', '\f', '\r', ' '}) octets |= one_octet(c);
      break;
    default:
      return std::nullopt;
  }
  return letter >= 'a' ? octets : ~octets;
}

std::optional<char> control_of_letter(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return std::nullopt;
  }
}

// The fewest octets that the node takes.
std::size_t octets_min(const PatternNode& node) {
  switch (node.kind) {
    case Kind::kOctets:
      return 1;
    case Kind::kEnd:
      return 0;
    case Kind::kGroup:
      return octets_min(node.parts[0]);
    case Kind::kRepeat:
      return static_cast<std::size_t>(node.min) * octets_min(node.parts[0]);
    case Kind::kChoice: {
      std::size_t least = octets_min(node.parts[0]);
      for (const PatternNode& part : node.parts) least = std::min(least, octets_min(part));
      return least;
    }
    case Kind::kSequence: {
      std::size_t sum = 0;
      for (const PatternNode& part : node.parts) sum += octets_min(part);
      return sum;
    }
  }
  return 0;
}

bool is_single(const PatternNode& node) {
  return node.kind == Kind::kRepeat && node.parts[0].kind == Kind::kOctets;
}

bool holds_any(const PatternNode& node, bool (*is_meant)(const PatternNode&)) {
  return is_meant(node) || std::ranges::any_of(node.parts, [is_meant](const PatternNode& part) {
           return holds_any(part, is_meant);
         });
}

bool is_group(const PatternNode& node) { return node.kind == Kind::kGroup; }
bool is_repeated_group(const PatternNode& node) {
  return node.kind == Kind::kRepeat && node.max != 1 && !is_single(node);
}

// See parse_pattern(). Choices and repetitions within a repetition mean the same, too, but there
// are so many ways to go through them that RE2's automaton is quicker.
bool is_plain_repetition(const PatternNode& node) {
  const PatternNode& body = node.parts[0];
  if (octets_min(body) == 0) return false;
  if (node.max == 1 && node.min == 0) return true;
  return body.kind != Kind::kChoice && !holds_any(body, is_group) &&
         !holds_any(body, is_repeated_group);
}

bool is_choice(const PatternNode& node) { return node.kind == Kind::kChoice; }
bool is_high_octet(const PatternNode& node) {
  return node.kind == Kind::kOctets && node.octets.count() == 1 && node.octets._Find_first() > 127;
}

// Reads the pattern from left to right; nothing as soon as something is not of the subset.
class Parser {
 public:
  explicit Parser(std::string_view pattern) : rest_(pattern) {}

  std::optional<PatternTree> parse() {
    PatternTree tree;
    dot_takes_all_ = take("(?s)");
    tree.is_anchored = take("^");
    auto root = parse_choice(0);
    if (!root || !rest_.empty()) return std::nullopt;
    // Of alternatives at the top, '^' binds the first one only.
    if (tree.is_anchored && root->kind == Kind::kChoice) return std::nullopt;
    // RE2 20220601 takes an octet above 127 with which two alternatives begin for UTF-8 and finds
    // nothing ("(?:\xE9a|\xE9b)"). Rules that are searched together must agree on it.
    if (holds_any(*root, is_choice) && holds_any(*root, is_high_octet)) return std::nullopt;
    tree.root = std::move(*root);
    return tree;
  }

 private:
  bool take(std::string_view text) {
    const bool is_there = rest_.starts_with(text);
    if (is_there) rest_.remove_prefix(text.size());
    return is_there;
  }

  std::optional<PatternNode> parse_choice(int depth) {
    PatternNode choice{.kind = Kind::kChoice};
    do {
      auto sequence = parse_sequence(depth);
      if (!sequence) return std::nullopt;
      choice.parts.push_back(std::move(*sequence));
    } while (take("|"));
    if (choice.parts.size() > 1) return choice;
    PatternNode only = std::move(choice.parts[0]);
    return only;
  }

  std::optional<PatternNode> parse_sequence(int depth) {
    PatternNode sequence;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      auto item = parse_item(depth);
      if (item) item = parse_quantifier(std::move(*item));
      if (!item) return std::nullopt;
      sequence.parts.push_back(std::move(*item));
    }
    return sequence;
  }

  std::optional<PatternNode> parse_item(int depth) {
    // Only of '^', which is read elsewhere.
    if (quantifier_bytes(rest_, 0) > 0) return std::nullopt;
    const char c = rest_.front();
    if (c == '(') return depth < kDepthMax ? parse_group(depth + 1) : std::nullopt;
    if (c == '[') return octets_or_nothing(parse_class());
    if (c == '\\') return octets_or_nothing(parse_escape());
    if (c == '^') return std::nullopt;
    rest_.remove_prefix(1);
    if (c == '$') return PatternNode{.kind = Kind::kEnd};
    if (c == '.') {
      return octets_or_nothing(dot_takes_all_ ? OctetSet().set() : ~one_octet('\n'));
    }
    return octets_or_nothing(one_octet(c));
  }

  static std::optional<PatternNode> octets_or_nothing(const std::optional<OctetSet>& octets) {
    if (!octets) return std::nullopt;
    return PatternNode{.kind = Kind::kOctets, .octets = *octets};
  }

  std::optional<PatternNode> parse_group(int depth) {
    std::optional<int> number;
    if (take("(?P<")) {
      const std::size_t close = rest_.find('>');
      if (close == std::string_view::npos) return std::nullopt;
      rest_.remove_prefix(close + 1);
      number = ++groups_;
    } else if (!take("(?:")) {
      take("(");
      if (rest_.starts_with('?')) return std::nullopt;  // Flags, and what RE2 may learn.
      number = ++groups_;
    }
    auto inside = parse_choice(depth);
    if (!inside || !take(")")) return std::nullopt;
    if (!number) return inside;
    PatternNode group{.kind = Kind::kGroup, .group = *number};
    group.parts.push_back(std::move(*inside));
    return group;
  }

  std::optional<PatternNode> parse_quantifier(PatternNode item) {
    const std::size_t bytes = quantifier_bytes(rest_, 0);
    if (bytes == 0) return item;
    std::string_view text = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    if (quantifier_bytes(rest_, 0) > 0) return std::nullopt;
    PatternNode repeat{.kind = Kind::kRepeat, .max = PatternNode::kNoMax};
    if (text.size() > 1 && text.ends_with('?')) {
      repeat.is_lazy = true;
      text.remove_suffix(1);
    }
    if (text.starts_with('{')) {
      read_counts(text, repeat);
    } else {
      repeat.min = text == "+" ? 1 : 0;
      if (text == "?") repeat.max = 1;
    }
    repeat.parts.push_back(std::move(item));
    if (repeat.max == 0 || !is_plain_repetition(repeat)) return std::nullopt;
    return repeat;
  }

  // "{n}", "{n,}" or "{n,m}": RE2 saw to it that the numbers are small and in order.
  static void read_counts(std::string_view text, PatternNode& repeat) {
    const char* const end = text.data() + text.size();
    const char* behind = std::from_chars(text.data() + 1, end, repeat.min).ptr;
    repeat.max = repeat.min;
    if (*behind != ',') return;
    repeat.max = PatternNode::kNoMax;
    if (behind[1] != '}') std::from_chars(behind + 1, end, repeat.max);
  }

  // An escape that stands for octets.
  std::optional<OctetSet> parse_escape() {
    if (rest_.size() < 2) return std::nullopt;
    const char letter = rest_[1];
    rest_.remove_prefix(2);
    if (const auto octets = class_of_letter(letter)) return octets;
    if (const auto control = control_of_letter(letter)) return one_octet(*control);
    if (is_punctuation(letter)) return one_octet(letter);
    if (letter != 'x' || rest_.size() < 2) return std::nullopt;
    unsigned octet = 0;
    const auto read = std::from_chars(rest_.data(), rest_.data() + 2, octet, 16);
    if (read.ptr != rest_.data() + 2) return std::nullopt;
    rest_.remove_prefix(2);
    return one_octet(static_cast<char>(octet));
  }

  std::optional<OctetSet> parse_class() {
    rest_.remove_prefix(1);
    const bool is_negated = take("^");
    OctetSet octets;
    for (bool is_first = true; is_first || !rest_.starts_with(']'); is_first = false) {
      const auto part = parse_class_part(is_first);
      if (!part) return std::nullopt;
      octets |= *part;
    }
    rest_.remove_prefix(1);
    return is_negated ? ~octets : octets;
  }

  // An octet, an escape, or a range. A '-' only where it can be nothing else but itself.
  std::optional<OctetSet> parse_class_part(bool is_first) {
    if (rest_.empty() || rest_.starts_with("[:")) return std::nullopt;
    if (rest_.starts_with('-') && !is_first && !rest_.starts_with("-]")) return std::nullopt;
    const auto first = parse_class_octets();
    if (!first || !rest_.starts_with('-') || rest_.starts_with("-]")) return first;
    rest_.remove_prefix(1);
    if (rest_.empty() || rest_.starts_with('[')) return std::nullopt;
    const auto last = parse_class_octets();
    if (!last || first->count() != 1 || last->count() != 1) return std::nullopt;
    return octets_between(static_cast<unsigned>(first->_Find_first()),
                          static_cast<unsigned>(last->_Find_first()));
  }

  std::optional<OctetSet> parse_class_octets() {
    if (rest_.empty()) return std::nullopt;
    if (rest_.starts_with('\\')) return parse_escape();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return one_octet(c);
  }

  std::string_view rest_;
  bool dot_takes_all_ = false;
  int groups_ = 0;
};

}  // namespace

std::optional<PatternTree> parse_pattern(std::string_view pattern) {
  return Parser(pattern).parse();
}

}  // namespace sluice

#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "rules/direct_pattern.h"

namespace sluice {

// RE2 and DirectPattern side by side.
class PatternPair {
 public:
  explicit PatternPair(const std::string& pattern)
      : re2_(re2::StringPiece(pattern.data(), pattern.size()), options()) {
    if (re2_.ok() && re2_.NumberOfCapturingGroups() < kGroupsMax)
      direct_ = DirectPattern::compile(pattern);
  }

  [[nodiscard]] bool is_direct() const { return direct_.has_value(); }

  // How the two differ in what they find in `text`; empty: they do not.
  [[nodiscard]] std::string difference(std::string_view text) const {
    if (!direct_) return {};
    const auto groups_count = static_cast<std::size_t>(re2_.NumberOfCapturingGroups()) + 1;
    // With all groups, with none, and with all but the last.
    for (const std::size_t wanted : {groups_count, std::size_t{0}, groups_count - 1}) {
      std::vector<re2::StringPiece> of_re2(wanted);
      const bool is_found =
          re2_.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED,
                     of_re2.data(), static_cast<int>(wanted));
      std::vector<std::string_view> groups(wanted, kUntouched);
      const auto answer = direct_->search(text, groups);
      if (is_found && !holds_what_is_needed(text))
        return "what RE2 matches may not begin so, or go on";
      if (answer == DirectPattern::Answer::kUnknown) continue;
      if ((answer == DirectPattern::Answer::kYes) != is_found)
        return is_found ? "RE2 matches" : "RE2 does not match";
      for (std::size_t i = 0; i < wanted; ++i) {
        const auto expected =
            is_found ? std::string_view(of_re2[i].data(), of_re2[i].size()) : kUntouched;
        if (groups[i].data() != expected.data() || groups[i].size() != expected.size())
          return "group " + std::to_string(i) + " is other than \"" + std::string(expected) + '"';
      }
    }
    return {};
  }

  [[nodiscard]] bool knows(std::string_view text) const {
    return direct_ && direct_->search(text, {}) != DirectPattern::Answer::kUnknown;
  }

 private:
  static constexpr int kGroupsMax = 33;
  static constexpr std::string_view kUntouched = "untouched";

  [[nodiscard]] bool holds_what_is_needed(std::string_view text) const {
    for (std::size_t size = 0; size <= text.size() && size <= 2 * DirectPattern::kBeginningMax;
         ++size) {
      const auto needed = direct_->needed_behind(text.substr(0, size));
      const std::size_t known = std::min(size, DirectPattern::kBeginningMax);
      if (!needed || (*needed & ~needed_octets(text.substr(known))) != 0) return false;
    }
    return true;
  }

  static re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    return options;
  }

  re2::RE2 re2_;
  std::optional<DirectPattern> direct_;
};

// Invents patterns, of the kind that DirectPattern reads and slightly beyond, with a text that each
// is likely to match, and bends texts. Few different octets, so that what follows something often
// looks like it.
class PatternMaker {
 public:
  struct Made {
    std::string pattern;
    std::string text;
  };

  explicit PatternMaker(std::uint64_t seed) : random_(seed) {}

  Made make() {
    depth_ = 0;
    Made made = one_in(3) ? literal() : Made{};
    const Made rest = one_in(8) ? choice() : sequence();
    made.pattern += rest.pattern;
    made.text += rest.text;
    if (!one_in(5)) made.pattern.insert(0, "^");
    if (one_in(4)) made.pattern.insert(0, one_in(12) ? "(?i)" : "(?s)");
    if (one_in(3)) made.pattern += '$';
    if (one_in(3)) made.text.insert(0, some_octets());
    if (one_in(3)) made.text += some_octets();
    return made;
  }

  std::string bend(std::string text) {
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      const std::size_t place = below(text.size() + 1);
      const std::size_t size = below(4);
      switch (below(5)) {
        case 0:
          text.insert(place, some_octets());
          break;
        case 1:
          text.erase(place, size);
          break;
        case 2:
          text.insert(place, text.substr(below(text.size() + 1), below(12)));
          break;
        case 3:
          text.replace(place, size, some_octets());
          break;
        default:
          if (one_in(3)) text.resize(place);
      }
    }
    return text;
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool one_in(std::size_t count) { return below(count) == 0; }

 private:
  template <std::size_t kCount>
  const Made& any(const std::array<Made, kCount>& all) {
    return all[below(kCount)];
  }

  std::string some_octets() {
    static constexpr std::string_view kOctets = "aab  b:(1 2.c\n\xe4";
    std::string octets;
    for (std::size_t i = below(5); i > 0; --i) octets += kOctets[below(kOctets.size())];
    return octets;
  }

  Made literal() {
    static const std::array<Made, 14> kAll{{{"a", "a"},
                                            {"b", "b"},
                                            {"ab", "ab"},
                                            {"aa", "aa"},
                                            {" ", " "},
                                            {" b", " b"},
                                            {"ba: ", "ba: "},
                                            {"\\(", "("},
                                            {"1", "1"},
                                            {"\\.", "."},
                                            {"\\x61", "a"},
                                            {"\\n", "\n"},
                                            {"\xe4", "\xe4"},
                                            {"{", "{"}}};
    return any(kAll);
  }

  // A class, and octets of it.
  Made octets() {
    static const std::array<Made, 20> kAll{
        {{".", "ab 1("},     {".", "a"},       {"\\d", "12"},      {"\\S", "ab1:"},
         {"\\w", "ab1"},     {"\\s", " \n"},   {"\\D", "ab "},     {"\\W", " :"},
         {"[ab]", "ab"},     {"[^a]", "b 1"},  {"[^ ]", "ab"},     {"[\\w.-]", "ab.1"},
         {"[0-9.]", "12."},  {"[^()]", "ab "}, {"[^\\]]", "ab("},  {"[]a]", "a]"},
         {"[a-c1]", "abc1"}, {"[-.]", "."},    {"[^\\n:]", "ab "}, {"[[:alpha:]]", "ab"}}};
    Made made = any(kAll);
    made.text = std::string(1, made.text[below(made.text.size())]);
    return made;
  }

  Made quantified(const Made& item) {
    struct Quantifier {
      std::string_view text;
      std::size_t min, max;
    };
    static constexpr std::array<Quantifier, 8> kAll{{{"*", 0, 4},
                                                     {"+", 1, 4},
                                                     {"?", 0, 1},
                                                     {"{2}", 2, 2},
                                                     {"{1,3}", 1, 3},
                                                     {"{2,}", 2, 5},
                                                     {"{0,2}", 0, 2},
                                                     {"+", 1, 9}}};
    const Quantifier& quantifier = kAll[below(kAll.size())];
    Made made{item.pattern + std::string(quantifier.text), {}};
    if (one_in(5)) made.pattern += '?';
    for (std::size_t i = quantifier.min + below(quantifier.max - quantifier.min + 1); i > 0; --i)
      made.text += item.text;
    return made;
  }

  Made item() {
    const std::size_t kind = below(12);
    if (kind < 4 || depth_ > 2) return literal();
    if (kind < 7) return quantified(octets());
    if (kind < 8) return octets();
    if (kind < 9 && one_in(4)) {
      static const std::array<Made, 5> kOdd{
          {{"\\b", ""}, {"$", ""}, {"^", ""}, {"(?i:a)", "A"}, {"\\Qa.\\E", "a."}}};
      return any(kOdd);
    }
    ++depth_;
    Made inside = one_in(3) ? choice() : sequence();
    --depth_;
    const bool is_capture = one_in(2);
    inside.pattern =
        (is_capture ? one_in(2) ? "(?P<n" + std::to_string(++names_) + ">" : "(" : "(?:") +
        inside.pattern + ')';
    if (one_in(is_capture ? 4 : 2)) return quantified(inside);
    return inside;
  }

  Made sequence() {
    Made made;
    for (std::size_t i = below(depth_ == 0 ? 6 : 4); i > 0; --i) {
      const Made next = item();
      made.pattern += next.pattern;
      made.text += next.text;
    }
    return made;
  }

  Made choice() {
    Made made = sequence();
    for (std::size_t i = below(3); i > 0; --i) {
      const Made other = sequence();
      made.pattern += '|' + other.pattern;
      if (one_in(2)) made.text = other.text;
    }
    return made;
  }

  std::mt19937_64 random_;
  int depth_ = 0;
  int names_ = 0;
};

}  // namespace sluice

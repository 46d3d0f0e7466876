#include "rules/first_octets.h"

#include <catch2/catch.hpp>
#include <string>

#include "sluice/rules/pattern.h"

namespace sluice {
namespace {

// As "a-c x": the printable ones, and '*' for one that is not.
std::string spelled(const OctetSet& octets) {
  if (octets.all()) return "all";
  std::string text;
  for (std::size_t octet = 0; octet < octets.size(); ++octet) {
    if (!octets.test(octet)) continue;
    text += octet > 0x20 && octet < 0x7f ? static_cast<char>(octet) : '*';
  }
  return text;
}

}  // namespace

TEST_CASE("what a text that matches may begin with is read off the pattern", "[rules]") {
  const auto [pattern, expected] = GENERATE(table<std::string_view, std::string_view>({
      {"^Applied", "A"},
      {"^(?:Finished|Applied) ", "AF"},
      {"^(?P<what>b|a)", "ab"},
      {"^(a|b(c|d))", "ab"},
      {"(?s)^\\(/", "("},
      {"^a|^b", "ab"},
      {"(?s)^a|^b", "ab"},
      {"^a?b", "ab"},
      {"^a*?b+", "ab"},
      {"^a{0,2}b{2}c", "ab"},
      {"^(?:x|y)?(?:z)", "xyz"},
      {"^(?:x*|y)z", "xyz"},
      {"^[a-c]x", "abc"},
      {"^[]x]y", "]x"},
      {"^[[:digit:]]", "0123456789"},
      {"^\\d+", "0123456789"},
      {"^\\.\\[", "."},
      {"^\\x41b", "A"},
      {"^\\x{42}b", "B"},
      {"^\\141", "a"},
      {"^\\xe4", "*"},
      {"^\xe4", "*"},
      {"^^a", "a"},
      {"^{a", "{"},
      {"^\\|a", "|"},
      {"^[|]a", "|"},
      // What may begin with anything, or says too little.
      {"^.", "all"},
      {"^", "all"},
      {"", "all"},
      {"^$", "all"},
      {"^a?", "all"},
      {"^(?:a|)", "all"},
      {"^a|", "all"},
      {"^a|b", "all"},
      {"a", "all"},
      {"(?i)^a", "all"},
      {"^(?i)a", "all"},
      {"^(?i:a)", "all"},
      {"^\\Qa\\E", "all"},
      {"^\\ba", "all"},
      {"^\\Aa", "all"},
      {"^*a", "all"},
      {"^(", "all"},
      {"^[", "all"},
      {"^\\", "all"},
  }));
  CAPTURE(pattern);
  FirstOctets first_octets;
  CHECK(spelled(first_octets.of(pattern)) == expected);
  CHECK(spelled(first_octets.of(pattern)) == expected);  // What it remembers is the same.
}

TEST_CASE("no text that a pattern matches is left out", "[rules]") {
  FirstOctets first_octets;
  for (const std::string_view text :
       {"^a+b|^[^a]c", "^\\W", "^\\D\\d", "^[^\\w]", "^(?:\\s*[a-z])?-", "^\\pL", "^[\\x80-\\xff]",
        "^(?:a|b)??c?d", "(?s)^[^x]", "^\\n", "^\\C", "^(?:^a|$)", "^(?:(?:a*)*b)*c", "^a{0}b",
        "^(?:ab){0,1}c", "^\\t?x",
        // Flags go on behind a '|'; octal numbers have three digits at most.
        "^(?:x(?i)|b)c?", "^x(?i) |^b", "^x(?m)|^b", "(?i)^b", "^(?i:b)", "^\\0611", "^\\1418?"}) {
    CAPTURE(text);
    const auto pattern = Pattern::compile(text);
    REQUIRE(pattern.has_value());
    const OctetSet allowed = first_octets.of(text);
    for (unsigned octet = 0; octet < allowed.size(); ++octet) {
      for (const std::string_view rest : {"", "a", "b", "c", "d", "bc", "1", "-", "x", "\nb"}) {
        const std::string line = static_cast<char>(octet) + std::string(rest);
        CAPTURE(line);
        if (pattern->matches(line)) CHECK(allowed.test(octet));
      }
    }
  }
}

}  // namespace sluice

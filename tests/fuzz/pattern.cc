// A pattern and, behind its first LF, the text to search: what is walked along directly must find
// what RE2 finds.
#include "fuzz.h"
#include "rules/pattern_pairs.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = sluice::fuzz::bytes_of(data, size);
  const std::size_t end = bytes.find('\n');
  constexpr std::size_t kPatternOctetsMax = 300;
  if (end == std::string_view::npos || end > kPatternOctetsMax) return 0;
  const sluice::PatternPair pair{std::string(bytes.substr(0, end))};
  const std::string difference = pair.difference(bytes.substr(end + 1));
  sluice::fuzz::expect(difference.empty(), difference.c_str());
  return 0;
}

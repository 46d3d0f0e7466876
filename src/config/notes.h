#pragma once

#include <string>
#include <vector>

namespace sluice {

// What a decoder has to say beside its errors.
struct Notes {
  bool allow_unknown = false;         // Unknown keys become warnings instead of errors.
  std::vector<std::string> warnings;  // Each one line, its place first.
};

}  // namespace sluice

#include "sluice/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::detail {

void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "sluice: bug: %s:%d: %s does not hold: %s\n", file, line, condition, why);
  std::abort();
}

}  // namespace sluice::detail

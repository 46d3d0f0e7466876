#pragma once

namespace sluice::detail {
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);
}  // namespace sluice::detail

// Guards an invariant of our own code, in every build: a broken one is our bug, and going on would
// publish wrong numbers. Never used on input.
#define SLUICE_CHECK(condition, why)                                             \
  do {                                                                           \
    if (!(condition)) [[unlikely]]                                               \
      ::sluice::detail::check_failed(#condition, (why), __FILE__, __LINE__);     \
  } while (false)

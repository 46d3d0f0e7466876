#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sluice {
namespace {

constexpr std::chrono::seconds kEvery{1};
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

Progress::Progress(std::string_view noun)
    : noun_(noun),
      is_wanted_(isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0),
      next_(Clock::now() + kEvery) {}

Progress::~Progress() {
  if (is_shown_) fmt::print(stderr, "{}", kClearLine);
}

void Progress::step() {
  ++count_;
  if (!is_wanted_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + kEvery;
  is_shown_ = true;
  fmt::print(stderr, "{}{} {}", kClearLine, count_, noun_);
  (void)std::fflush(stderr);
}

}  // namespace sluice

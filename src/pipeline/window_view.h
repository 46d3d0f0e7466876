#pragma once

#include "pipeline/placement.h"
#include "sluice/aggregate/window_store.h"
#include "sluice/base/time.h"

namespace sluice {

// What is to be written of one window, and from what.
struct WindowView {
  Seconds start{};
  Seconds end{};
  const Window* window = nullptr;  // Null when the store holds no sample of it.
  Placement* placement = nullptr;
  bool is_whole = false;  // Watched from its beginning to its end: silence in it is known.
};

}  // namespace sluice

#pragma once

#include <string>

#include "sluice/base/error.h"

namespace sluice {

// The error's line, or "" for a value: what a row of a table expects.
template <typename T>
std::string error_of(const Expected<T>& outcome) {
  return outcome ? std::string() : outcome.error().message();
}

}  // namespace sluice

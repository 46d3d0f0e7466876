#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// Debian builds Abseil with a string_view of its own, which std::string_view does not convert to;
// these two let a std::string_view look up a std::string key without a copy.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return absl::HashOf(absl::string_view(text.data(), text.size()));
  }
};

struct StringEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
};

template <typename Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, StringEqual>;

// Keys that live elsewhere and outlive their entry.
template <typename Value>
using StringViewMap = absl::flat_hash_map<std::string_view, Value, StringHash, StringEqual>;

}  // namespace sluice

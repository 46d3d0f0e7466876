#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// The candidate that `word` was most likely meant to be: the one that the fewest typing mistakes
// (a letter more, less, other, or two swapped; case counts for nothing) turn into it. None when
// even the nearest is far. The answer points to what the candidate points to.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

// `; did you mean "listen"?`, or nothing when no candidate is near: the end of an error message.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

// `"a", "b" or "c"`.
[[nodiscard]] std::string list_of(std::span<const std::string_view> names);

}  // namespace sluice

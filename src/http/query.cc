#include "http/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "config/quote.h"

namespace sluice {

std::optional<std::string> Query::find(std::string_view key) {
  known_.push_back(key);
  const std::string name(key);
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) return std::nullopt;
  if (parameters_.count(name) > 1) refuse(key, "expected once, got it several times");
  return found->second;
}

std::string Query::text(std::string_view key) { return find(key).value_or(std::string()); }

std::string Query::text_with_plus(std::string_view key) {
  std::string value = text(key);
  std::ranges::replace(value, ' ', '+');
  return value;
}

std::string Query::required(std::string_view key, std::string_view example) {
  std::string value = text(key);
  if (value.empty()) refuse(key, fmt::format("is needed, for example {}={}", key, example));
  return value;
}

std::size_t Query::number(std::string_view key, std::size_t fallback, std::size_t min,
                          std::size_t max) {
  const auto value = find(key);
  if (!value) return fallback;
  std::size_t number = 0;
  const char* const end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc() && stop == end && number >= min && number <= max) return number;
  refuse(key, fmt::format("expected a number in {}..{}, got {}", min, max, quote(*value)));
  return fallback;
}

std::string Query::choice(std::string_view key, std::span<const std::string_view> names) {
  const auto value = find(key);
  if (!value) return {};
  if (std::ranges::find(names, *value) != names.end()) return *value;
  refuse(key, fmt::format("expected {}, got {}", list_of(names), quote(*value)));
  return {};
}

std::string Query::known_name(std::string_view key, std::span<const std::string_view> names) {
  std::string value = text(key);
  if (value.empty() || std::ranges::find(names, value) != names.end()) return value;
  const std::string expected =
      names.empty() ? "that it is left out, for there are none now" : list_of(names);
  refuse(key, fmt::format("expected {}, got {}", expected, quote(value)));
  return {};
}

Slice Query::slice(std::size_t limit_max) {
  Slice slice;
  slice.limit = number("limit", slice.limit, 1, limit_max);
  slice.offset = number("offset", 0, 0, 1'000'000'000);
  return slice;
}

void Query::refuse(std::string_view key, std::string_view why) {
  if (!error_) error_ = Error{std::string(key), std::string(why)};
}

Expected<void> Query::finish() {
  for (const auto& [name, value] : parameters_) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const std::string known =
        known_.empty() ? "this path takes no parameters" : "known are " + list_of(known_);
    return fail(
        fmt::format("unknown parameter {}{}; {}", quote(name), did_you_mean(name, known_), known));
  }
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace sluice

#include "config/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/duration.h"
#include "config/json_text.h"
#include "base/nearest.h"
#include "config/quote.h"
#include "config/size.h"

namespace sluice {
namespace {

// The known keys are listed when no one is near, unless there are too many for one line.
constexpr std::size_t kListedKeysMax = 12;

// `value` for people: what it is when it is short, else its kind.
std::string describe(const nlohmann::json& value) {
  if (value.is_string()) return quote(value.get_ref<const std::string&>());
  if (value.is_object()) return "an object";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  return value.dump();
}

std::string unknown_key(std::string_view key, std::span<const std::string_view> known) {
  const std::string meant = did_you_mean(key, known);
  if (!meant.empty()) return "unknown key" + meant;
  if (known.empty() || known.size() > kListedKeysMax) return "unknown key";
  return "unknown key; known here: " + list_of(known);
}

}  // namespace

JsonValue JsonValue::item(std::size_t index) const {
  return {json_->at(index), pointer_ + "/" + std::to_string(index), *notes_};
}

JsonValue JsonValue::member(const std::string& key) const {
  return {json_->at(key), pointer_ + pointer_step(key), *notes_};
}

std::unexpected<Error> JsonValue::refuse(std::string what) const {
  return std::unexpected(Error{pointer_, std::move(what)});
}

std::unexpected<Error> JsonValue::expected(std::string_view what) const {
  return refuse(fmt::format("expected {}, got {}", what, describe(*json_)));
}

void JsonValue::warn(std::string_view what) const {
  notes_->warnings.push_back(Error{pointer_, std::string(what)}.message());
}

Expected<std::string> decode_any_text(const JsonValue& value) {
  if (!value.json().is_string()) return value.expected("a text in double quotes");
  return value.json().get<std::string>();
}

Expected<std::string> decode_text(const JsonValue& value) {
  auto text = decode_any_text(value);
  if (text && text->empty()) return value.expected("a text that is not empty");
  return text;
}

Expected<bool> decode_bool(const JsonValue& value) {
  if (!value.json().is_boolean()) return value.expected("true or false");
  return value.json().get<bool>();
}

Expected<double> decode_number(const JsonValue& value) {
  if (!value.json().is_number()) return value.expected("a number");
  const auto number = value.json().get<double>();
  if (!std::isfinite(number)) return value.expected("a finite number");
  return number;
}

Expected<std::uint64_t> decode_count(const JsonValue& value, std::uint64_t min, std::uint64_t max) {
  // A number that is not negative and has no fraction is parsed as unsigned.
  if (value.json().is_number_unsigned()) {
    const auto count = value.json().get<std::uint64_t>();
    if (count >= min && count <= max) return count;
  }
  return value.expected(fmt::format("a whole number in {}..{}", min, max));
}

Expected<std::chrono::milliseconds> decode_duration(const JsonValue& value,
                                                    std::chrono::milliseconds min,
                                                    std::chrono::milliseconds max) {
  const auto duration = decode_parsed(value, parse_duration);
  if (duration && (*duration < min || *duration > max)) {
    return value.expected(
        fmt::format("a duration in {}..{}", format_duration(min), format_duration(max)));
  }
  return duration;
}

Expected<std::chrono::seconds> decode_seconds(const JsonValue& value, std::chrono::seconds min,
                                              std::chrono::seconds max) {
  auto duration = decode_duration(value, min, max);
  if (!duration) return std::unexpected(std::move(duration).error());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*duration);
  if (seconds != *duration) return value.expected("a duration of whole seconds");
  return seconds;
}

Expected<std::uint64_t> decode_size(const JsonValue& value, std::uint64_t min, std::uint64_t max) {
  const auto size = decode_parsed(value, parse_size);
  if (size && (*size < min || *size > max)) {
    return value.expected(fmt::format("a size in {}..{}", format_size(min), format_size(max)));
  }
  return size;
}

Expected<std::size_t> decode_choice(const JsonValue& value,
                                    std::span<const std::string_view> names) {
  auto text = decode_any_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  return value.refuse(fmt::format("expected {}, got {}{}", list_of(names), quote(*text),
                                  did_you_mean(*text, names)));
}

ObjectReader::ObjectReader(const JsonValue& value) : value_(value) {
  if (!value.json().is_object()) keep(value.expected("an object {...}").error());
}

std::optional<JsonValue> ObjectReader::find(std::string_view key) {
  known_.push_back(key);
  if (!has(key)) return std::nullopt;
  return value_.member(std::string(key));
}

bool ObjectReader::has(std::string_view key) const {
  return value_.json().is_object() && value_.json().contains(key);
}

void ObjectReader::refuse(std::string_view key, std::string_view why) {
  const auto value = find(key);
  if (value && !keys_error_) keys_error_ = Error{value->pointer(), std::string(why)};
}

void ObjectReader::keep(Error error) {
  if (!error_) error_ = std::move(error);
}

void ObjectReader::miss(std::string_view key, std::string_view example) {
  if (keys_error_ || !value_.json().is_object()) return;
  keys_error_ =
      Error{value_.pointer(),
            fmt::format("the key \"{}\" is missing; expected \"{}\": {}", key, key, example)};
}

std::optional<Error> ObjectReader::first_unknown() const {
  if (!value_.json().is_object()) return std::nullopt;
  for (const auto& [key, json] : value_.json().items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const JsonValue member = value_.member(key);
    const std::string what = unknown_key(key, known_);
    if (!value_.notes().allow_unknown) return Error{member.pointer(), what};
    member.warn("ignored: " + what);
  }
  return std::nullopt;
}

Expected<void> ObjectReader::finish() {
  if (auto unknown = first_unknown()) return std::unexpected(std::move(*unknown));
  if (keys_error_) return std::unexpected(std::move(*keys_error_));
  if (error_) return std::unexpected(std::move(*error_));
  return {};
}

}  // namespace sluice

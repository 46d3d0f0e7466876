#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/notes.h"
#include "sluice/base/error.h"

namespace sluice {

// One value of a JSON document that knows its place. The document and the notes must outlive it.
class JsonValue {
 public:
  JsonValue(const nlohmann::json& json, std::string pointer, Notes& notes)
      : json_(&json), pointer_(std::move(pointer)), notes_(&notes) {}

  [[nodiscard]] const nlohmann::json& json() const { return *json_; }
  [[nodiscard]] const std::string& pointer() const {
    return pointer_;
  }  // RFC 6901; "" is the root.
  [[nodiscard]] Notes& notes() const { return *notes_; }

  // The element `index` of an array, the member `key` of an object; both must exist.
  [[nodiscard]] JsonValue item(std::size_t index) const;
  [[nodiscard]] JsonValue member(const std::string& key) const;

  // An error at this place: `what` as it is, or "expected WHAT, got VALUE".
  [[nodiscard]] std::unexpected<Error> refuse(std::string what) const;
  [[nodiscard]] std::unexpected<Error> expected(std::string_view what) const;

  void warn(std::string_view what) const;

 private:
  const nlohmann::json* json_;
  std::string pointer_;
  Notes* notes_;
};

// Decoders take a JsonValue and return what it holds, or an error that names its place.
[[nodiscard]] Expected<std::string> decode_text(const JsonValue& value);  // Not empty.
[[nodiscard]] Expected<std::string> decode_any_text(const JsonValue& value);
[[nodiscard]] Expected<bool> decode_bool(const JsonValue& value);
[[nodiscard]] Expected<double> decode_number(const JsonValue& value);  // Finite.

// A whole number in min..max.
[[nodiscard]] Expected<std::uint64_t> decode_count(const JsonValue& value, std::uint64_t min,
                                                   std::uint64_t max);
// The same in the type that the caller keeps; `max` must fit it.
template <typename Count>
Expected<Count> decode_count_as(const JsonValue& value, Count min, Count max) {
  auto count = decode_count(value, min, max);
  if (!count) return std::unexpected(std::move(count).error());
  return static_cast<Count>(*count);
}
// A duration ("30s") in min..max, in whole seconds or milliseconds.
[[nodiscard]] Expected<std::chrono::milliseconds> decode_duration(const JsonValue& value,
                                                                  std::chrono::milliseconds min,
                                                                  std::chrono::milliseconds max);
[[nodiscard]] Expected<std::chrono::seconds> decode_seconds(const JsonValue& value,
                                                            std::chrono::seconds min,
                                                            std::chrono::seconds max);
// A size ("64KiB") in min..max.
[[nodiscard]] Expected<std::uint64_t> decode_size(const JsonValue& value, std::uint64_t min,
                                                  std::uint64_t max);
// The index of one of `names`.
[[nodiscard]] Expected<std::size_t> decode_choice(const JsonValue& value,
                                                  std::span<const std::string_view> names);

// A text that `parse` (std::string_view to Expected<T>) understands; its error gets the place.
template <typename Parse>
auto decode_parsed(const JsonValue& value, Parse parse) -> decltype(parse(std::string_view())) {
  auto text = decode_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  auto parsed = parse(std::string_view(*text));
  if (!parsed) return at(value.pointer(), std::move(parsed).error());
  return parsed;
}

// An array of what `decode` understands.
template <typename Decode>
auto decode_list(const JsonValue& value, Decode decode)
    -> Expected<std::vector<typename decltype(decode(value))::value_type>> {
  if (!value.json().is_array()) return value.expected("a list [...]");
  std::vector<typename decltype(decode(value))::value_type> list;
  for (std::size_t i = 0; i < value.json().size(); ++i) {
    auto item = decode(value.item(i));
    if (!item) return std::unexpected(std::move(item).error());
    list.push_back(std::move(*item));
  }
  return list;
}

// One value, or an array with at least one.
template <typename Decode>
auto decode_one_or_list(const JsonValue& value, Decode decode)
    -> Expected<std::vector<typename decltype(decode(value))::value_type>> {
  if (value.json().is_array()) {
    if (value.json().empty()) return value.expected("at least one value");
    return decode_list(value, decode);
  }
  auto item = decode(value);
  if (!item) return std::unexpected(std::move(item).error());
  std::vector<typename decltype(decode(value))::value_type> list;
  list.push_back(std::move(*item));
  return list;
}

// Reads the members of one object. Whatever was not asked for by the time of finish() is an unknown
// key. Errors stick: after the first one reading goes on without effect, and finish() returns it.
// Unknown keys come before missing ones and those before wrong values, because a mistyped key is
// the likeliest reason for the others.
class ObjectReader {
 public:
  explicit ObjectReader(const JsonValue& value);  // Anything but an object is an error.

  // Decodes the member `key` into `target`, which is left alone when there is none.
  template <typename T, typename Decode>
  void read(std::string_view key, T& target, Decode decode) {
    const std::optional<JsonValue> value = find(key);
    if (!value || error_) return;
    auto decoded = decode(*value);
    if (decoded) {
      target = std::move(*decoded);
    } else {
      keep(std::move(decoded).error());
    }
  }

  // The same for a member that must be there; `example` shows what to write.
  template <typename T, typename Decode>
  void require(std::string_view key, std::string_view example, T& target, Decode decode) {
    if (!has(key)) miss(key, example);
    read(key, target, std::move(decode));
  }

  // The member, from now on known.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) const;

  // Knows `key` only to say why it cannot be used.
  void refuse(std::string_view key, std::string_view why);

  // To be called once, after every read.
  [[nodiscard]] Expected<void> finish();

 private:
  void keep(Error error);
  void miss(std::string_view key, std::string_view example);
  [[nodiscard]] std::optional<Error> first_unknown() const;

  JsonValue value_;
  std::vector<std::string_view> known_;  // Keys are literals of the callers.
  std::optional<Error> keys_error_;      // A key that is missing, or cannot be used.
  std::optional<Error> error_;
};

}  // namespace sluice

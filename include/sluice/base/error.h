#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

// What went wrong on a cold path (configuration, rules, sockets), ready for one line of output.
// `where` is built from the inside out: each level prepends its own place ("sluice.json",
// "/destinations/0/carbon"), `what` says what was expected and what was found.
struct Error {
  std::string where;
  std::string what;

  // "where: what", or `what` alone when no place is known.
  [[nodiscard]] std::string message() const {
    return where.empty() ? what : where + ": " + what;
  }
};

template <typename T>
using Expected = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string what) {
  return std::unexpected(Error{{}, std::move(what)});
}

// Prepends a place to an error on its way up.
[[nodiscard]] inline std::unexpected<Error> at(std::string_view where, Error error) {
  std::string place(where);
  if (!error.where.empty()) place += ": " + error.where;
  return std::unexpected(Error{std::move(place), std::move(error.what)});
}

}  // namespace sluice

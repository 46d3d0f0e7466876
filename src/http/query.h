#pragma once

#include <httplib.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

// Which part of a list is asked for.
struct Slice {
  static constexpr std::size_t kLimitMax = 1000;
  std::size_t limit = 100;
  std::size_t offset = 0;
};

// A query string, read key by key. Whatever was not asked for by the time of finish() is an unknown
// key; a key may be there once. The first error sticks, and finish() returns it.
//
//   Query query(request.params);
//   const std::string cluster = query.text("cluster");
//   const Slice slice = query.slice();
//   if (auto fine = query.finish(); !fine) return answer_problem(response, 400, ...);
class Query {
 public:
  // `parameters` must outlive the query.
  explicit Query(const httplib::Params& parameters) : parameters_(parameters) {}

  // Empty when it is not there.
  [[nodiscard]] std::string text(std::string_view key);
  // The same, of a value in which no blank can stand: a '+' that somebody wrote by hand, as in
  // "+01:00", is a blank in a query string.
  [[nodiscard]] std::string text_with_plus(std::string_view key);
  // As text(), of one that must be there; `example` shows what to write.
  [[nodiscard]] std::string required(std::string_view key, std::string_view example);
  [[nodiscard]] std::size_t number(std::string_view key, std::size_t fallback, std::size_t min,
                                   std::size_t max);
  // One of `names`; empty when it is not there.
  [[nodiscard]] std::string choice(std::string_view key, std::span<const std::string_view> names);
  // The same, where an empty one is as none, and `names` may be of what runs now.
  [[nodiscard]] std::string known_name(std::string_view key,
                                       std::span<const std::string_view> names);
  // "limit" and "offset".
  [[nodiscard]] Slice slice(std::size_t limit_max = Slice::kLimitMax);
  // A value that makes no sense to the caller.
  void refuse(std::string_view key, std::string_view why);

  [[nodiscard]] Expected<void> finish();

 private:
  [[nodiscard]] std::optional<std::string> find(std::string_view key);

  const httplib::Params& parameters_;
  std::vector<std::string_view> known_;  // Keys are literals of the callers.
  std::optional<Error> error_;
};

}  // namespace sluice

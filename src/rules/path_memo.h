#pragma once

#include <absl/container/flat_hash_map.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "base/text_cache.h"

namespace sluice {

// A rule whose pattern matches a path, and where its groups are.
struct PathMatch {
  struct Group {
    std::uint16_t start = kNone;  // kNone: took no part.
    std::uint16_t size = 0;
    static constexpr std::uint16_t kNone = 0xffff;
    friend auto operator<=>(const Group&, const Group&) = default;
  };
  std::uint32_t rule = 0;
  std::vector<Group> groups;
  friend auto operator<=>(const PathMatch&, const PathMatch&) = default;
};
using PathMatches = std::vector<PathMatch>;

// Remembers which patterns match a path of Graphite. Whoever sends paths sends the same ones every
// few seconds, and what patterns say of a path depends on nothing else: a path that is known costs
// a tenth of searching it.
//
// A path is kept as what stands in front of its last two nodes, mostly a host, and these two,
// mostly the same for all hosts ("cpu-0.cpu-idle"): so a path costs 20 octets instead of a
// hundred, and the paths of a host, which come together, lie together.
class PathMemo {
 public:
  // What it may take. A flood of invented paths makes it begin anew, and costs no more memory.
  static constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;

  explicit PathMemo(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // What was put for `path`, or null. Lives until the next put().
  [[nodiscard]] const PathMatches* find(std::string_view path);

  // The result lives until the next put().
  const PathMatches& put(std::string_view path, const PathMatches& matches);

  // What it takes, roughly.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Head {
    std::string text;
    absl::flat_hash_map<std::uint32_t, std::uint32_t> numbers;  // Of what matches, by tail.
  };

  [[nodiscard]] Head* head_of(std::string_view text);
  Head& make_head(std::string_view text);
  [[nodiscard]] std::uint32_t tail_of(std::string_view text);
  std::uint32_t make_tail(std::string_view text);
  std::uint32_t number_of(const PathMatches& matches);
  void clear();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  StringMap<std::unique_ptr<Head>> heads_;
  Head* last_ = nullptr;  // Lines of one host come in runs.
  StringMap<std::uint32_t> tails_;
  TextCache tails_heard_{kTailsHeard};
  std::map<PathMatches, std::uint32_t> numbers_;  // Few: a rule and the length of a host's name.
  std::vector<const PathMatches*> by_number_;

  static constexpr std::size_t kTailsHeard = 1024;
};

}  // namespace sluice

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/first_octets.h"
#include "rules/needed_octets.h"
#include "rules/pattern_tree.h"

namespace sluice {

// A pattern as a handful of steps that walk along the text: compare this literal, skip octets of
// that class, note where a group begins. A pattern of a log line is mostly literals, and to compare
// them costs a tenth of what RE2 takes to start; where RE2 finds groups, octet by octet, it is
// twenty times.
//
// It tries alternatives and lengths in the order in which a backtracking engine would and takes the
// first way through, which is by definition what RE2 finds. Most choices are none: where the next
// octet rules out one side, only the other is gone. What remains could still be many ways for a
// text that was made to be so, hence the work is counted, and beyond a few steps for each octet the
// answer is kUnknown: then RE2 is asked, which takes linear time for anything.
class DirectPattern {
 public:
  static constexpr std::size_t kStepsMax = 256;
  static constexpr std::size_t kBeginningMax = 8;

  enum class Answer : std::uint8_t { kNo, kYes, kUnknown };

  // Nothing for patterns that parse_pattern() does not read, that begin with neither '^' nor a
  // literal, or that would take too many steps.
  [[nodiscard]] static std::optional<DirectPattern> compile(std::string_view pattern);

  // As Pattern::search(); on kYes `groups` are set, else they stay as they are.
  [[nodiscard]] Answer search(std::string_view text, std::span<std::string_view> groups) const;

  // Nothing when no text that begins with `beginning` and may go on matches; else what those that
  // do hold behind it. Looks at kBeginningMax octets, which a longer `beginning` is cut to.
  [[nodiscard]] std::optional<NeededOctets> needed_behind(std::string_view beginning) const;

 private:
  friend class DirectBeginning;
  friend class DirectCompiler;
  friend class DirectWalk;

  enum class Op : std::uint8_t {
    kLiteral,  // `size` octets of the literals, at `place`.
    kOctets,   // One octet of `octets`.
    kSkip,     // As many octets of `octets` as there are, `min` at least.
    kRun,      // `min` to `max` octets of `octets`, of which there may be several ways.
    kMaybe,  // One octet of `octets` if it is there: a run of one at most that gives nothing back.
    kSplit,  // On with `next` or with `other`; with `next` first.
    kPlace,  // Notes the place as number `place` of those of the groups.
    kEnd,    // The end of the text.
    kMatch,
  };

  // A set of octets: a bit in one of the planes, each 256 octets of `planes_`. Eight sets share the
  // lines of the cache that a table of each would fill.
  struct Set {
    std::uint16_t plane = 0;  // Where it begins.
    std::uint8_t mask = 0;
  };

  // What the steps from one on may begin with.
  struct First {
    Set octets{};
    bool may_end = false;  // They may match the empty end of the text.
  };

  struct Step {
    Op op = Op::kMatch;
    bool is_lazy = false;     // kRun
    bool gives_back = false;  // kRun: a shorter run may lead to a match where the longest does not.
    // kRun, kSkip: the set is of all octets; it has all from '!' to '~', as \S has.
    bool is_any = false;
    bool is_graphic = false;
    std::int16_t but = -1;  // kRun, kSkip: the only octet that is not of the set.
    // kRun: the only octet that may stand `follow_at` behind the run: of a literal that comes next,
    // the rarest.
    std::int16_t follow = -1;
    std::uint16_t follow_at = 0;
    std::uint16_t next = 0;
    std::uint16_t other = 0;
    std::uint32_t place = 0;
    std::uint32_t size = 0;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    Set octets{};
    First first{};  // Of `next`.
    First other_first{};
    NeededOctets needed = 0;  // What a text holds that matches from here on.
    // kLiteral: its first eight octets as they lie in memory, and which of them count. A call of
    // memcmp() costs more than most literals are long.
    std::uint64_t word = 0;
    std::uint64_t mask = 0;
  };

  // A literal that a text must hold, found by its rarest octet: tells in one glance over the text
  // what the steps would find out word by word.
  struct Required {
    std::string literal;  // Empty: none that is worth it.
    std::size_t rarest = 0;

    [[nodiscard]] bool is_in(std::string_view text) const noexcept;
  };

  DirectPattern() = default;

  std::vector<Step> steps_;
  std::uint16_t begin_ = 0;
  bool is_anchored_ = false;
  std::string literals_;
  std::string beginning_;  // The literal it begins with; of one that is not anchored.
  std::vector<std::uint8_t> planes_;
  Required required_;
};

}  // namespace sluice

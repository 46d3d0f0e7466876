#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace re2 {
class RE2;
}

namespace sluice {

class DirectPattern;

// A compiled RE2 pattern. Matching runs in time linear in the text and never fails. Octets are
// taken one by one (Latin-1), so that text in any encoding, broken or not, can match: a letter
// beyond ASCII is as many '.' as it has octets.
class Pattern {
 public:
  // What one pattern may take, compiled and while it runs. RE2 keeps to it: a pattern that needs
  // more to be compiled is refused, one that needs more to run forgets what it worked out and goes
  // on.
  static constexpr std::int64_t kMemoryMax = 1024 * 1024;

  // Refuses what RE2 refuses, with RE2's words.
  [[nodiscard]] static Expected<Pattern> compile(std::string_view pattern);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Searches `text`; on a match `groups` (0: the whole match, then the groups in order) point into
  // it, data() null for a group that took no part. As many groups as `groups` has places are
  // found; fewer is faster, none fastest.
  [[nodiscard]] bool search(std::string_view text, std::vector<std::string_view>& groups) const;

  // True if search() would find something.
  [[nodiscard]] bool matches(std::string_view text) const;

  // Nothing when it is known that no text that begins with `beginning` and may go on matches; else
  // a bit for each octet from '!' on that a text that does holds behind it. Of direct patterns, by
  // the first octets; none of others.
  [[nodiscard]] std::optional<std::uint64_t> needed_behind(std::string_view beginning) const;

  // True if it is of the plainer kind, which is searched without RE2, many times quicker, and with
  // the same results.
  [[nodiscard]] bool is_direct() const noexcept { return direct_ != nullptr; }

  // Instructions of the compiled pattern: what it costs, roughly.
  [[nodiscard]] int program_size() const;
  // Groups of the pattern, the whole match included.
  [[nodiscard]] std::size_t group_count() const;
  // The number of the group named `name`, or 0.
  [[nodiscard]] int group_number(std::string_view name) const;
  // Names of the named groups in order of their numbers.
  [[nodiscard]] std::vector<std::string> group_names() const;
  [[nodiscard]] const std::string& text() const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
  std::unique_ptr<const DirectPattern> direct_;  // Null: RE2 does it all.
};

}  // namespace sluice

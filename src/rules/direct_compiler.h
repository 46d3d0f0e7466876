#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/direct_pattern.h"

namespace sluice {

// Turns the tree of a pattern into steps. From its end to its beginning: each part is told the step
// that comes after it.
class DirectCompiler {
 public:
  [[nodiscard]] std::optional<DirectPattern> compile(std::string_view pattern);

 private:
  using Op = DirectPattern::Op;
  using Step = DirectPattern::Step;
  using Place = std::uint16_t;  // Of a step.

  struct First {
    OctetSet octets;
    bool may_end = false;
  };

  // The step at which `node` begins; behind it the pattern goes on at `next`.
  Place add(const PatternNode& node, Place next);
  Place add_sequence(const PatternNode& sequence, Place next);
  Place add_literal(std::string_view literal, Place next);
  Place add_choice(const PatternNode& choice, Place next);
  Place add_repeat(const PatternNode& repeat, Place next);
  Place add_run(const PatternNode& repeat, Place next);
  Place add_group(const PatternNode& group, Place next);
  Place push(const Step& step);

  [[nodiscard]] const First& first_of(Place place);
  [[nodiscard]] First find_first(Place place);
  [[nodiscard]] Place skip_places(Place place) const;
  [[nodiscard]] bool always_matches(Place place) const;
  [[nodiscard]] DirectPattern::Set set_of(const OctetSet& octets);
  [[nodiscard]] DirectPattern::First in_sets(const First& first);
  void look_ahead();
  void tell_needed();
  [[nodiscard]] NeededOctets needed_from(const Step& step) const;
  void require(std::string_view pattern);

  DirectPattern made_;
  std::vector<OctetSet> octets_;  // By step; of kOctets and kRun.
  std::map<Place, First> firsts_;
  std::vector<OctetSet> sets_;  // In the order of their bits.
  bool is_too_large_ = false;
};

}  // namespace sluice

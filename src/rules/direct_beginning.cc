// What DirectPattern says of a text of which only the beginning is known.

#include <bitset>

#include "rules/direct_pattern.h"

namespace sluice {

// Goes all ways at once: each step at each octet once at most.
class DirectBeginning {
 public:
  DirectBeginning(const DirectPattern& pattern, std::string_view text)
      : pattern_(pattern), text_(text) {}

  // True if some way from `step` on, at octet `at`, gets to the end of what is known.
  bool gets_through(std::uint16_t step, std::size_t at) {
    if (at == text_.size()) return true;
    const std::size_t place = step * DirectPattern::kBeginningMax + at;
    if (tried_.test(place)) return false;
    tried_.set(place);
    const DirectPattern::Step& here = pattern_.steps_[step];
    switch (here.op) {
      case Op::kLiteral: {
        const std::string_view literal(&pattern_.literals_[here.place], here.size);
        const std::string_view known = text_.substr(at, here.size);
        return literal.starts_with(known) && gets_through(here.next, at + known.size());
      }
      case Op::kOctets:
        return holds(here, at) && gets_through(here.next, at + 1);
      case Op::kSkip:
      case Op::kRun:
        return runs_through(here, at);
      case Op::kSplit:
        return gets_through(here.next, at) || gets_through(here.other, at);
      case Op::kPlace:
        return gets_through(here.next, at);
      case Op::kEnd:
        return false;
      case Op::kMatch:
        return true;
    }
    return true;
  }

 private:
  using Op = DirectPattern::Op;

  bool runs_through(const DirectPattern::Step& run, std::size_t at) {
    for (std::size_t count = 0;; ++count, ++at) {
      if (at == text_.size()) return true;
      if (count >= run.min && gets_through(run.next, at)) return true;
      if ((run.op == Op::kRun && count == run.max) || !holds(run, at)) return false;
    }
  }

  [[nodiscard]] bool holds(const DirectPattern::Step& step, std::size_t at) const {
    const std::size_t place = step.octets.plane + static_cast<unsigned char>(text_[at]);
    return (pattern_.planes_[place] & step.octets.mask) != 0;
  }

  const DirectPattern& pattern_;
  std::string_view text_;
  std::bitset<DirectPattern::kStepsMax * DirectPattern::kBeginningMax> tried_;
};

bool DirectPattern::may_begin(std::string_view beginning) const {
  if (!is_anchored_) return true;
  return DirectBeginning(*this, beginning.substr(0, kBeginningMax)).gets_through(begin_, 0);
}

}  // namespace sluice

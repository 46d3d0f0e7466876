// What DirectPattern says of a text of which only the beginning is known.

#include <bitset>

#include "rules/direct_pattern.h"

namespace sluice {

// Goes all ways at once: each step at each octet once at most.
class DirectBeginning {
 public:
  DirectBeginning(const DirectPattern& pattern, std::string_view text)
      : pattern_(pattern), text_(text) {}

  // What all ways from `step` on, at octet `at`, need that get to the end of what is known; nothing
  // when none does.
  std::optional<NeededOctets> needed(std::uint16_t step, std::size_t at) {
    go(step, at);
    return found_;
  }

 private:
  using Op = DirectPattern::Op;

  void go(std::uint16_t step, std::size_t at) {
    if (found_ == NeededOctets{0}) return;  // All is known.
    const DirectPattern::Step& here = pattern_.steps_[step];
    if (at == text_.size()) return get_through(here.needed);
    const std::size_t place = step * DirectPattern::kBeginningMax + at;
    if (tried_.test(place)) return;
    tried_.set(place);
    switch (here.op) {
      case Op::kLiteral:
        return go_along_literal(here, at);
      case Op::kOctets:
        if (holds(here, at)) go(here.next, at + 1);
        return;
      case Op::kSkip:
      case Op::kMaybe:
      case Op::kRun:
        return run(here, at);
      case Op::kSplit:
        go(here.next, at);
        return go(here.other, at);
      case Op::kPlace:
        return go(here.next, at);
      case Op::kEnd:
        return;
      case Op::kMatch:
        return get_through(0);
    }
  }

  void get_through(NeededOctets needed) { found_ = needed & found_.value_or(needed); }

  void go_along_literal(const DirectPattern::Step& here, std::size_t at) {
    const std::string_view literal(&pattern_.literals_[here.place], here.size);
    const std::string_view known = text_.substr(at, here.size);
    if (!literal.starts_with(known)) return;
    if (known.size() == literal.size()) return go(here.next, at + known.size());
    const NeededOctets left = needed_octets(literal.substr(known.size()));
    get_through(left | pattern_.steps_[here.next].needed);
  }

  void run(const DirectPattern::Step& run, std::size_t at) {
    for (std::size_t count = 0;; ++count, ++at) {
      if (at == text_.size()) return get_through(pattern_.steps_[run.next].needed);
      if (count >= run.min) go(run.next, at);
      if ((run.op != Op::kSkip && count == run.max) || !holds(run, at)) return;
    }
  }

  [[nodiscard]] bool holds(const DirectPattern::Step& step, std::size_t at) const {
    const std::size_t place = step.octets.plane + static_cast<unsigned char>(text_[at]);
    return (pattern_.planes_[place] & step.octets.mask) != 0;
  }

  const DirectPattern& pattern_;
  std::string_view text_;
  std::bitset<DirectPattern::kStepsMax * DirectPattern::kBeginningMax> tried_;
  std::optional<NeededOctets> found_;
};

std::optional<NeededOctets> DirectPattern::needed_behind(std::string_view beginning) const {
  if (!is_anchored_) return NeededOctets{0};
  return DirectBeginning(*this, beginning.substr(0, kBeginningMax)).needed(begin_, 0);
}

}  // namespace sluice

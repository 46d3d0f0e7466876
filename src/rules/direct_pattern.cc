#include "rules/direct_pattern.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/octet_words.h"
#include "rules/direct_compiler.h"

namespace sluice {

// One search. Places in the text are pointers.
class DirectWalk {
 public:
  using Answer = DirectPattern::Answer;

  static constexpr std::size_t kReturnsMax = 64;
  static constexpr std::size_t kGroupsMax = 33;  // As Pattern::compile() refuses more.

  // A way that was not gone: to be gone when the one that was leads nowhere.
  struct Return {
    enum class Kind : std::uint8_t {
      kStep,     // On with `step` at `at`.
      kShorter,  // A run of `step` that ends before `at`, not before `bound`.
      kLonger,   // A run of `step` that ends behind `at`, not behind `bound`.
      kPlace,    // Nothing to go: place `step` was `at` before it was noted again.
    };
    Kind kind;
    std::uint16_t step;
    const char* at;
    const char* bound;
  };

  // Not cleared: what was not written is not read. Kept apart from the walk, whose few members stay
  // in registers so.
  struct Memory {
    std::array<Return, kReturnsMax> returns;
    std::array<const char*, 2 * kGroupsMax> places;
  };

  DirectWalk(const DirectPattern& pattern, std::string_view text,
             std::span<std::string_view> groups, Memory& memory)
      : pattern_(pattern),
        steps_(pattern.steps_.data()),
        planes_(pattern.planes_.data()),
        end_(text.data() + text.size()),
        groups_(groups),
        memory_(memory),
        work_left_(static_cast<std::ptrdiff_t>(kWorkMin + kWorkPerOctet * text.size())) {}

  // The pattern from `start` on.
  [[gnu::always_inline]] Answer search_at(const char* start) {
    // A few are cleared in two instructions; to call memset() for a match and a group takes thirty.
    constexpr std::size_t kFew = 4;
    const auto places = std::span(memory_.places);
    std::ranges::fill(places.first<kFew>(), nullptr);
    if (2 * groups_.size() > kFew) {
      std::ranges::fill(places.subspan(kFew, 2 * groups_.size() - kFew), nullptr);
    }
    at_ = start;
    step_ = steps_ + pattern_.begin_;
    for (;;) {
      // Between two returns the walk goes along the text once at most, so to look at the work
      // behind a step that led nowhere is enough.
      --work_left_;
      if (take()) {
        if (!has_matched_) continue;
        note_groups(start);
        return Answer::kYes;
      }
      do {
        if (is_lost_ || work_left_ < 0) return Answer::kUnknown;
        if (returns_ == 0) return Answer::kNo;
      } while (!go_back());
    }
  }

 private:
  using Op = DirectPattern::Op;
  using Step = DirectPattern::Step;

  // Enough for any text that a pattern was written for, and little beside what RE2 takes.
  static constexpr std::size_t kWorkMin = 256;
  static constexpr std::size_t kWorkPerOctet = 8;
  // Octets of a run cost less than steps.
  static constexpr std::size_t kOctetsPerWork = 8;

  [[gnu::always_inline]] void note_groups(const char* start) {
    if (groups_.empty()) return;
    groups_[0] = std::string_view(start, between(start, at_));
    for (std::size_t i = 1; i < groups_.size(); ++i) {
      const char* const from = memory_.places[2 * i];
      const char* const to = memory_.places[2 * i + 1];
      groups_[i] = from == nullptr || to == nullptr ? std::string_view()
                                                    : std::string_view(from, between(from, to));
    }
  }

  // Goes one step; false where it leads nowhere. Inlined by force, as all that it calls: to keep
  // the walk in memory instead of in registers makes it half as long again.
  [[gnu::always_inline]] bool take() {
    const Step& step = *step_;
    switch (step.op) {
      case Op::kLiteral:
        if (left() < step.size || !is_literal_here(step)) return false;
        at_ += step.size;
        break;
      case Op::kOctets:
        if (at_ == end_ || !holds(step.octets, *at_)) return false;
        ++at_;
        break;
      case Op::kSkip: {
        const char* const begin = at_;
        at_ = end_of_run(step, end_);
        pay_for(begin, at_);
        if (between(begin, at_) < step.min) return false;
        break;
      }
      case Op::kMaybe:
        if (at_ != end_ && holds(step.octets, *at_)) ++at_;
        break;
      case Op::kRun:
        return take_run(step);
      case Op::kSplit:
        return take_split(step);
      case Op::kPlace:
        note_place(step.place);
        break;
      case Op::kEnd:
        if (at_ != end_) return false;
        break;
      case Op::kMatch:
        has_matched_ = true;
        return true;
      default:
        __builtin_unreachable();  // No other step is made; to check that costs each step two more.
    }
    go_on(step.next);
    return true;
  }

  [[gnu::always_inline]] bool is_literal_here(const Step& step) const {
    const char* const literal = &pattern_.literals_[step.place];
    std::uint64_t word = 0;
    if (left() < sizeof word) return std::memcmp(at_, literal, step.size) == 0;
    std::memcpy(&word, at_, sizeof word);
    if (((word ^ step.word) & step.mask) != 0) return false;
    return step.size <= sizeof word ||
           std::memcmp(at_ + sizeof word, literal + sizeof word, step.size - sizeof word) == 0;
  }

  [[gnu::always_inline]] bool take_split(const Step& step) {
    const bool is_first = may_begin(step.first, at_);
    const bool is_other = may_begin(step.other_first, at_);
    if (is_first && is_other) push({Return::Kind::kStep, step.other, at_, nullptr});
    go_on(is_first ? step.next : step.other);
    return is_first || is_other;
  }

  [[gnu::always_inline]] void note_place(std::uint32_t place) {
    if (place >= 2 * groups_.size()) return;
    const char*& noted = memory_.places[place];
    if (returns_ > 0) {
      push({Return::Kind::kPlace, static_cast<std::uint16_t>(place), noted, nullptr});
    }
    noted = at_;
  }

  [[gnu::always_inline]] bool take_run(const Step& step) {
    const char* const longest = end_of_run(step, left() > step.max ? at_ + step.max : end_);
    pay_for(at_, longest);
    if (between(at_, longest) < step.min) return false;
    const char* const shortest = at_ + step.min;
    if (step.is_lazy) return end_run_behind(step, shortest, longest);
    if (step.gives_back) return end_run_before(step, shortest, longest);
    at_ = longest;
    go_on(step.next);
    return true;
  }

  [[gnu::always_inline]] const char* end_of_run(const Step& step, const char* last) const {
    const char* at = at_;
    if (step.is_graphic) {
      if (step.is_any) return last;
      at = end_of_graphic(at, last);
    } else if (step.but >= 0 && at != last) {
      const void* const found = std::memchr(at, step.but, between(at, last));
      return found == nullptr ? last : static_cast<const char*>(found);
    }
    const std::uint8_t* const plane = planes_ + step.octets.plane;
    while (at != last && (plane[static_cast<unsigned char>(*at)] & step.octets.mask) != 0) ++at;
    return at;
  }

  // Behind octets from '!' to '~', eight at a time: a place up to which there is nothing else.
  [[gnu::always_inline]] static const char* end_of_graphic(const char* at, const char* last) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    for (; between(at, last) >= sizeof kOnes; at += sizeof kOnes) {
      const auto word = load_word<std::uint64_t>(at);
      // The high bit of each octet below '!', and above '~'; of those before the first of them,
      // none.
      const std::uint64_t others = ((word - '!' * kOnes) | (word + kOnes) | word) & 0x80 * kOnes;
      if (others == 0) continue;
      if constexpr (std::endian::native != std::endian::little) return at;
      return at + std::countr_zero(others) / 8;
    }
    return at;
  }

  // The longest run up to `longest` behind which the pattern may go on.
  [[gnu::always_inline]] bool end_run_before(const Step& step, const char* shortest,
                                             const char* longest) {
    const char* at = longest;
    if (step.follow >= 0) {
      // From where it may stand if the run is the shortest, to where if it is the longest.
      const std::size_t room = between(shortest, end_);
      const std::size_t size = std::min(between(shortest, longest) + step.follow_at + 1, room);
      if (size <= step.follow_at) return false;
      at = static_cast<const char*>(
          memrchr(shortest + step.follow_at, step.follow, size - step.follow_at));
      if (at == nullptr) return false;
      at -= step.follow_at;
    } else {
      while (!may_begin(step.first, at)) {
        if (at-- == shortest) return false;
      }
    }
    pay_for(at, longest);
    if (at != shortest) push({Return::Kind::kShorter, number_of(step), at, shortest});
    at_ = at;
    go_on(step.next);
    return true;
  }

  // The shortest one, in the same way.
  [[gnu::always_inline]] bool end_run_behind(const Step& step, const char* shortest,
                                             const char* longest) {
    const char* at = shortest;
    while (!may_begin(step.first, at)) {
      if (at++ == longest) return false;
    }
    pay_for(shortest, at);
    if (at != longest) push({Return::Kind::kLonger, number_of(step), at, longest});
    at_ = at;
    go_on(step.next);
    return true;
  }

  // Takes up the way that was left last; false where that leads nowhere, either.
  [[gnu::always_inline]] bool go_back() {
    // Read where it is: a copy would wait for its parts, which may have been written just now.
    const Return& back = memory_.returns[--returns_];
    switch (back.kind) {
      case Return::Kind::kStep:
        at_ = back.at;
        go_on(back.step);
        return true;
      case Return::Kind::kShorter:
        return end_run_before(steps_[back.step], back.bound, back.at - 1);
      case Return::Kind::kLonger:
        return end_run_behind(steps_[back.step], back.at + 1, back.bound);
      case Return::Kind::kPlace:
        memory_.places[back.step] = back.at;
        return false;
    }
    return false;
  }

  [[gnu::always_inline]] void push(const Return& back) {
    if (returns_ == kReturnsMax) {
      is_lost_ = true;
    } else {
      memory_.returns[returns_++] = back;
    }
  }

  void go_on(std::uint16_t step) { step_ = steps_ + step; }
  void pay_for(const char* from, const char* to) {
    work_left_ -= static_cast<std::ptrdiff_t>(between(from, to) / kOctetsPerWork);
  }
  [[nodiscard]] std::uint16_t number_of(const Step& step) const {
    return static_cast<std::uint16_t>(&step - steps_);
  }
  [[nodiscard]] static std::size_t between(const char* from, const char* to) {
    return static_cast<std::size_t>(to - from);
  }
  [[nodiscard]] std::size_t left() const { return between(at_, end_); }
  [[nodiscard]] bool holds(DirectPattern::Set set, char octet) const {
    return (planes_[set.plane + static_cast<unsigned char>(octet)] & set.mask) != 0;
  }
  [[nodiscard]] bool may_begin(const DirectPattern::First& first, const char* at) const {
    return at == end_ ? first.may_end : holds(first.octets, *at);
  }

  const DirectPattern& pattern_;
  const Step* steps_;
  const std::uint8_t* planes_;
  const char* end_;
  std::span<std::string_view> groups_;
  Memory& memory_;
  const char* at_ = nullptr;
  const Step* step_ = nullptr;
  std::ptrdiff_t work_left_;
  bool has_matched_ = false;
  bool is_lost_ = false;  // There was no room for a way that was not gone.
  std::size_t returns_ = 0;
};

std::optional<DirectPattern> DirectPattern::compile(std::string_view pattern) {
  return DirectCompiler().compile(pattern);
}

bool DirectPattern::Required::is_in(std::string_view text) const noexcept {
  if (text.size() < literal.size()) return false;
  // Where the octet may stand, so that the literal is within the text.
  const char* at = text.data() + rarest;
  std::size_t left = text.size() - literal.size() + 1;
  while (left > 0) {
    const auto* const found = static_cast<const char*>(std::memchr(at, literal[rarest], left));
    if (found == nullptr) return false;
    if (std::memcmp(found - rarest, literal.data(), literal.size()) == 0) return true;
    left -= static_cast<std::size_t>(found + 1 - at);
    at = found + 1;
  }
  return false;
}

DirectPattern::Answer DirectPattern::search(std::string_view text,
                                            std::span<std::string_view> groups) const {
  if (!required_.literal.empty() && !required_.is_in(text)) return Answer::kNo;
  DirectWalk::Memory memory;
  DirectWalk walk(*this, text, groups, memory);
  const auto next_start = [this, text](std::size_t from) {
    return is_anchored_ ? from : text.find(beginning_, from);
  };
  for (std::size_t start = next_start(0); start != std::string_view::npos;
       start = next_start(start + 1)) {
    const Answer answer = walk.search_at(text.data() + start);
    if (is_anchored_ || answer != Answer::kNo) return answer;
  }
  return Answer::kNo;
}

}  // namespace sluice

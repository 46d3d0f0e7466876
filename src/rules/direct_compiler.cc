#include "rules/direct_compiler.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "rules/literal.h"

namespace sluice {
namespace {

using Kind = PatternNode::Kind;

constexpr std::size_t kSetsPerPlane = 8;
constexpr std::uint32_t kAnyNumber = std::numeric_limits<std::uint32_t>::max();

// The octet, if the set is of one.
std::optional<char> only_octet(const OctetSet& octets) {
  if (octets.count() != 1) return std::nullopt;
  return static_cast<char>(octets._Find_first());
}

std::optional<char> literal_octet(const PatternNode& node) {
  return node.kind == Kind::kOctets ? only_octet(node.octets) : std::nullopt;
}

std::int16_t octet_or_none(const OctetSet& octets) {
  return octets.count() == 1 ? static_cast<std::int16_t>(octets._Find_first()) : std::int16_t{-1};
}

bool has_all_graphic(const OctetSet& octets) {
  for (std::size_t octet = '!'; octet <= '~'; ++octet) {
    if (!octets.test(octet)) return false;
  }
  return true;
}

// How many of an octet there are in what programs log, by rule of thumb.
int commonness(char c) {
  constexpr std::string_view kCommon = "etaoinsrhl";
  if (c == ' ') return 3;
  if (kCommon.contains(c)) return 2;
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ? 1 : 0;
}

std::size_t rarest_of(std::string_view literal) {
  const auto rarest = std::ranges::min_element(literal, {}, commonness);
  return static_cast<std::size_t>(rarest - literal.begin());
}

}  // namespace

std::optional<DirectPattern> DirectCompiler::compile(std::string_view pattern) {
  const auto tree = parse_pattern(pattern);
  if (!tree) return std::nullopt;
  made_.is_anchored_ = tree->is_anchored;
  made_.begin_ = add(tree->root, push({.op = Op::kMatch}));
  if (is_too_large_) return std::nullopt;
  const Step& begin = made_.steps_[made_.begin_];
  if (!tree->is_anchored) {
    if (begin.op != Op::kLiteral) return std::nullopt;
    made_.beginning_ = made_.literals_.substr(begin.place, begin.size);
  }
  // A literal at the beginning tells as much.
  if (begin.op != Op::kLiteral) require(pattern);
  look_ahead();
  tell_needed();
  return std::move(made_);
}

DirectCompiler::Place DirectCompiler::push(const Step& step) {
  // What is refused in the end need not be right, only end.
  is_too_large_ |= made_.steps_.size() >= DirectPattern::kStepsMax;
  if (!is_too_large_) {
    made_.steps_.push_back(step);
    octets_.emplace_back();
  }
  return static_cast<Place>(made_.steps_.size() - 1);
}

DirectCompiler::Place DirectCompiler::add(const PatternNode& node, Place next) {
  switch (node.kind) {
    case Kind::kSequence:
      return add_sequence(node, next);
    case Kind::kChoice:
      return add_choice(node, next);
    case Kind::kRepeat:
      return add_repeat(node, next);
    case Kind::kGroup:
      return add_group(node, next);
    case Kind::kEnd:
      return push({.op = Op::kEnd, .next = next});
    case Kind::kOctets:
      break;
  }
  if (const auto octet = literal_octet(node)) return add_literal({&*octet, 1}, next);
  const Place place = push({.op = Op::kOctets, .next = next});
  octets_[place] = node.octets;
  return place;
}

DirectCompiler::Place DirectCompiler::add_sequence(const PatternNode& sequence, Place next) {
  std::string literal;  // Collected until something else stands in front of it.
  for (auto part = sequence.parts.rbegin(); part != sequence.parts.rend(); ++part) {
    if (const auto octet = literal_octet(*part)) {
      literal.insert(literal.begin(), *octet);
      continue;
    }
    if (!literal.empty()) next = add_literal(std::exchange(literal, {}), next);
    next = add(*part, next);
  }
  return literal.empty() ? next : add_literal(literal, next);
}

DirectCompiler::Place DirectCompiler::add_literal(std::string_view literal, Place next) {
  Step step{.op = Op::kLiteral,
            .next = next,
            .place = static_cast<std::uint32_t>(made_.literals_.size()),
            .size = static_cast<std::uint32_t>(literal.size())};
  const std::size_t size = std::min(literal.size(), sizeof step.word);
  std::memcpy(&step.word, literal.data(), size);
  const std::string all(size, '\xff');
  std::memcpy(&step.mask, all.data(), size);
  made_.literals_ += literal;
  return push(step);
}

DirectCompiler::Place DirectCompiler::add_choice(const PatternNode& choice, Place next) {
  Place rest = add(choice.parts.back(), next);
  for (auto part = choice.parts.rbegin() + 1; part != choice.parts.rend(); ++part) {
    const Place first = add(*part, next);
    rest = push({.op = Op::kSplit, .next = first, .other = rest});
  }
  return rest;
}

DirectCompiler::Place DirectCompiler::add_repeat(const PatternNode& repeat, Place next) {
  const PatternNode& body = repeat.parts[0];
  if (body.kind == Kind::kOctets) return add_run(repeat, next);
  Place place = next;
  if (repeat.max == PatternNode::kNoMax) {
    place = push({.op = Op::kSplit});
    const Place begin = add(body, place);
    Step& loop = made_.steps_[place];
    loop.next = repeat.is_lazy ? next : begin;
    loop.other = repeat.is_lazy ? begin : next;
  } else {
    // a{0,2} is (?:a(?:a)?)?.
    for (int i = repeat.min; i < repeat.max && !is_too_large_; ++i) {
      const Place begin = add(body, place);
      place = push({.op = Op::kSplit,
                    .next = repeat.is_lazy ? next : begin,
                    .other = repeat.is_lazy ? begin : next});
    }
  }
  for (int i = 0; i < repeat.min && !is_too_large_; ++i) place = add(body, place);
  return place;
}

DirectCompiler::Place DirectCompiler::add_run(const PatternNode& repeat, Place next) {
  const bool is_open = repeat.max == PatternNode::kNoMax;
  const Place place = push({.op = Op::kRun,
                            .is_lazy = repeat.is_lazy,
                            .next = next,
                            .min = static_cast<std::uint32_t>(repeat.min),
                            .max = is_open ? kAnyNumber : static_cast<std::uint32_t>(repeat.max)});
  octets_[place] = repeat.parts[0].octets;
  return place;
}

DirectCompiler::Place DirectCompiler::add_group(const PatternNode& group, Place next) {
  const auto number = static_cast<std::uint32_t>(group.group);
  const Place end = push({.op = Op::kPlace, .next = next, .place = 2 * number + 1});
  const Place inside = add(group.parts[0], end);
  return push({.op = Op::kPlace, .next = inside, .place = 2 * number});
}

// Ends: no step leads back to itself without an octet in between, as parse_pattern() has no
// repetition of what may be empty.
const DirectCompiler::First& DirectCompiler::first_of(Place place) {
  const auto known = firsts_.find(place);
  if (known != firsts_.end()) return known->second;
  First found = find_first(place);
  return firsts_.emplace(place, found).first->second;
}

DirectCompiler::First DirectCompiler::find_first(Place place) {
  const Step& step = made_.steps_[place];
  First found;
  switch (step.op) {
    case Op::kMatch:
      return {.octets = OctetSet().set(), .may_end = true};
    case Op::kEnd:
      return {.octets = {}, .may_end = true};
    case Op::kLiteral:
      found.octets.set(static_cast<unsigned char>(made_.literals_[step.place]));
      return found;
    case Op::kOctets:
      return {.octets = octets_[place]};
    case Op::kPlace:
      return first_of(step.next);
    case Op::kSkip:
    case Op::kMaybe:
    case Op::kRun:
      if (step.min == 0) found = first_of(step.next);
      found.octets |= octets_[place];
      return found;
    case Op::kSplit: {
      found = first_of(step.next);
      const First& other = first_of(step.other);
      return {.octets = found.octets | other.octets, .may_end = found.may_end || other.may_end};
    }
  }
  return found;
}

DirectCompiler::Place DirectCompiler::skip_places(Place place) const {
  while (made_.steps_[place].op == Op::kPlace) place = made_.steps_[place].next;
  return place;
}

bool DirectCompiler::always_matches(Place place) const {
  return made_.steps_[skip_places(place)].op == Op::kMatch;
}

DirectPattern::Set DirectCompiler::set_of(const OctetSet& octets) {
  const auto known = std::ranges::find(sets_, octets);
  const auto number = static_cast<std::size_t>(known - sets_.begin());
  const std::size_t plane = number / kSetsPerPlane;
  const auto mask = static_cast<std::uint8_t>(1U << number % kSetsPerPlane);
  if (known == sets_.end()) {
    sets_.push_back(octets);
    made_.planes_.resize((plane + 1) * octets.size());
    for (std::size_t octet = 0; octet < octets.size(); ++octet) {
      if (octets.test(octet)) made_.planes_[plane * octets.size() + octet] |= mask;
    }
  }
  return {.plane = static_cast<std::uint16_t>(plane * octets.size()), .mask = mask};
}

DirectPattern::First DirectCompiler::in_sets(const First& first) {
  return {.octets = set_of(first.octets), .may_end = first.may_end};
}

void DirectCompiler::require(std::string_view pattern) {
  constexpr std::size_t kTellingOctets = 3;
  constexpr std::string_view kDotTakesAll = "(?s)";
  if (pattern.starts_with(kDotTakesAll)) pattern.remove_prefix(kDotTakesAll.size());
  std::string literal = required_literals(pattern).inside;
  if (literal.size() < kTellingOctets) return;
  made_.required_.rarest = rarest_of(literal);
  made_.required_.literal = std::move(literal);
}

// Tells the steps what they must know of those that follow.
void DirectCompiler::look_ahead() {
  for (Place place = 0; place < made_.steps_.size(); ++place) {
    Step& step = made_.steps_[place];
    if (step.op == Op::kOctets || step.op == Op::kRun) step.octets = set_of(octets_[place]);
    if (step.op != Op::kRun && step.op != Op::kSplit) continue;
    const First& next = first_of(step.next);
    step.first = in_sets(next);
    if (step.op == Op::kSplit) {
      step.other_first = in_sets(first_of(step.other));
      continue;
    }
    step.but = octet_or_none(~octets_[place]);
    step.is_any = octets_[place].all();
    // Words are short: to call memchr() for a blank costs more than to go along them.
    step.is_graphic = has_all_graphic(octets_[place]) && (step.but < 0 || step.but == ' ');
    if (!next.may_end) step.follow = octet_or_none(next.octets);
    const Step& behind = made_.steps_[skip_places(step.next)];
    if (behind.op == Op::kLiteral) {
      const std::string_view literal(&made_.literals_[behind.place], behind.size);
      step.follow_at = static_cast<std::uint16_t>(rarest_of(literal));
      step.follow = static_cast<unsigned char>(literal[step.follow_at]);
    }
    // Behind a shorter run comes an octet of the run. Where that cannot lead on, only the longest
    // one can.
    step.gives_back = (next.octets & octets_[place]).any() && !always_matches(step.next);
    if (step.is_lazy || step.gives_back) continue;
    if (step.max == kAnyNumber) step.op = Op::kSkip;
    if (step.min == 0 && step.max == 1) step.op = Op::kMaybe;
  }
}

// Beginning with everything, until no step loses any more: a repetition leads back to itself.
void DirectCompiler::tell_needed() {
  for (Step& step : made_.steps_) step.needed = ~NeededOctets{0};
  for (bool is_done = false; !is_done;) {
    is_done = true;
    for (Step& step : made_.steps_) {
      const NeededOctets needed = needed_from(step);
      is_done &= needed == step.needed;
      step.needed = needed;
    }
  }
}

NeededOctets DirectCompiler::needed_from(const Step& step) const {
  switch (step.op) {
    case Op::kMatch:
      return 0;
    case Op::kSplit:
      return made_.steps_[step.next].needed & made_.steps_[step.other].needed;
    case Op::kLiteral:
      return needed_octets({&made_.literals_[step.place], step.size}) |
             made_.steps_[step.next].needed;
    case Op::kOctets:
    case Op::kSkip:
    case Op::kMaybe:
    case Op::kRun:
    case Op::kPlace:
    case Op::kEnd:
      break;
  }
  return made_.steps_[step.next].needed;
}

}  // namespace sluice

#include "rules/pattern_set.h"

#include <re2/set.h>

#include <string>

#include "rules/literal.h"

namespace sluice {
namespace {

re2::RE2::Options options_of_sets() {
  re2::RE2::Options options;  // As of Pattern, or the two would not agree.
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return options;
}

re2::StringPiece piece_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct PatternSet::Part {
  explicit Part(re2::RE2::Anchor anchor) : set(options_of_sets(), anchor) {}

  [[nodiscard]] bool may_match(std::string_view text) const {
    if (numbers.empty()) return false;
    if (!is_compiled) return true;
    re2::RE2::Set::ErrorInfo error{};
    return set.Match(piece_of(text), nullptr, &error) || error.kind != re2::RE2::Set::kNoError;
  }

  bool append_matches(std::string_view text, std::vector<int>& out) {
    if (numbers.empty()) return true;
    if (!is_compiled) return false;
    re2::RE2::Set::ErrorInfo error{};
    places.clear();
    const bool has_any = set.Match(piece_of(text), &places, &error);
    if (!has_any) return error.kind == re2::RE2::Set::kNoError;
    for (const int place : places) out.push_back(numbers[static_cast<std::size_t>(place)]);
    return true;
  }

  re2::RE2::Set set;
  std::vector<int> numbers;  // By place in the set.
  bool is_compiled = false;
  std::vector<int> places;  // Scratch.
};

PatternSet::PatternSet()
    : anchored_(std::make_unique<Part>(re2::RE2::ANCHOR_START)),
      floating_(std::make_unique<Part>(re2::RE2::UNANCHORED)) {}
PatternSet::~PatternSet() = default;

void PatternSet::add(const Pattern& pattern, int number) {
  Part& part = is_anchored(pattern.text()) ? *anchored_ : *floating_;
  std::string ignored;
  part.set.Add(piece_of(pattern.text()), &ignored);  // It compiled before, alone.
  part.numbers.push_back(number);
}

void PatternSet::compile() {
  for (Part* const part : {anchored_.get(), floating_.get()}) {
    part->is_compiled = !part->numbers.empty() && part->set.Compile();
  }
}

bool PatternSet::may_match(std::string_view text) const {
  return anchored_->may_match(text) || floating_->may_match(text);
}

bool PatternSet::find(std::string_view text, std::vector<int>& numbers) {
  numbers.clear();
  return anchored_->append_matches(text, numbers) && floating_->append_matches(text, numbers);
}

}  // namespace sluice

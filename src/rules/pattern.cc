#include "sluice/rules/pattern.h"

#include <re2/re2.h>

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "rules/direct_pattern.h"
#include "rules/pattern_advice.h"
#include "sluice/base/check.h"

namespace sluice {
namespace {

// More groups than any rule needs; a bound so that they fit on the stack.
constexpr std::size_t kGroupsMax = 33;

constexpr std::string_view kTooLarge =
    "it takes more than 1 MiB when compiled: shorten its repetitions and alternatives, or make "
    "rules "
    "of them";
static_assert(Pattern::kMemoryMax == 1024 * 1024, "as the words say");

// RE2 takes a name for two groups and reads the first of them.
std::optional<std::string> name_given_twice(const re2::RE2& compiled) {
  std::set<std::string> seen;
  for (const auto& [number, name] : compiled.CapturingGroupNames()) {
    if (!seen.insert(name).second) return name;
  }
  return std::nullopt;
}

template <std::size_t kRoom>
bool search_with_room(const re2::RE2& compiled, std::string_view text,
                      std::vector<std::string_view>& groups) {
  std::array<re2::StringPiece, kRoom> found;
  SLUICE_CHECK(groups.size() <= found.size(), "compile() bounds the groups");
  const bool matched =
      compiled.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                     re2::RE2::UNANCHORED, found.data(), static_cast<int>(groups.size()));
  if (!matched) return false;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = std::string_view(found[i].data(), found[i].size());
  }
  return true;
}

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {
  if (auto direct = DirectPattern::compile(compiled_->pattern()))
    direct_ = std::make_unique<const DirectPattern>(std::move(*direct));
}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Expected<Pattern> Pattern::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  auto compiled =
      std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    std::string what = "expected an RE2 pattern, but: " + compiled->error() + " in \"" +
                       std::string(pattern) + '"';
    const std::string_view advice = compiled->error_code() == re2::RE2::ErrorPatternTooLarge
                                        ? kTooLarge
                                        : pattern_advice(pattern, compiled->error_arg());
    if (!advice.empty()) what.append("; ").append(advice);
    return fail(std::move(what));
  }
  if (static_cast<std::size_t>(compiled->NumberOfCapturingGroups()) >= kGroupsMax) {
    return fail("expected at most " + std::to_string(kGroupsMax - 1) + " groups, found " +
                std::to_string(compiled->NumberOfCapturingGroups()));
  }
  if (auto twice = name_given_twice(*compiled)) {
    return fail("expected each capture once, found two named \"" + *twice +
                "\": only the first would be read; name them apart, or write the alternatives "
                "inside of one");
  }
  return Pattern(std::move(compiled));
}

bool Pattern::search(std::string_view text, std::vector<std::string_view>& groups) const {
  if (direct_) {
    const auto answer = direct_->search(text, groups);
    if (answer != DirectPattern::Answer::kUnknown) return answer == DirectPattern::Answer::kYes;
  }
  // To clear room for more groups than nearly any rule has costs half of a short search.
  constexpr std::size_t kFewGroups = 4;
  if (groups.size() <= kFewGroups) return search_with_room<kFewGroups>(*compiled_, text, groups);
  return search_with_room<kGroupsMax>(*compiled_, text, groups);
}

bool Pattern::matches(std::string_view text) const {
  if (direct_) {
    const auto answer = direct_->search(text, {});
    if (answer != DirectPattern::Answer::kUnknown) return answer == DirectPattern::Answer::kYes;
  }
  return compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                          re2::RE2::UNANCHORED, nullptr, 0);
}

std::optional<std::uint64_t> Pattern::needed_behind(std::string_view beginning) const {
  return direct_ ? direct_->needed_behind(beginning) : NeededOctets{0};
}

int Pattern::program_size() const { return compiled_->ProgramSize(); }

std::size_t Pattern::group_count() const {
  return static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()) + 1;
}

int Pattern::group_number(std::string_view name) const {
  const auto& groups = compiled_->NamedCapturingGroups();
  const auto found = groups.find(std::string(name));
  return found == groups.end() ? 0 : found->second;
}

std::vector<std::string> Pattern::group_names() const {
  std::vector<std::string> names;
  for (const auto& [number, name] : compiled_->CapturingGroupNames()) names.push_back(name);
  return names;
}

const std::string& Pattern::text() const { return compiled_->pattern(); }

}  // namespace sluice

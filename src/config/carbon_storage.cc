#include "config/carbon_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace sluice {
namespace {

// Whisper's units; a longer spelling ("minutes") counts by its first letter.
constexpr std::array<std::pair<char, std::uint64_t>, 6> kUnits{
    {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}, {'y', 365 * 86400}}};

constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 40;

struct Section {
  std::string name;
  std::size_t line = 0;
  std::vector<std::pair<std::string, std::string>> options;  // Names in lower case.

  [[nodiscard]] const std::string* find(std::string_view option) const {
    for (const auto& [key, value] : options)
      if (key == option) return &value;
    return nullptr;
  }
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

// One line of the file, which is neither empty nor a comment.
Expected<void> read_line(std::string_view line, std::size_t number,
                         std::vector<Section>& sections) {
  const std::string_view text = trim(line);
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos)
      return fail(fmt::format("line {}: expected ']' after the name of a section", number));
    sections.push_back({std::string(text.substr(1, end - 1)), number, {}});
    return {};
  }
  if (sections.empty())
    return fail(
        fmt::format("line {}: expected a section such as [default], found \"{}\"", number, text));
  Section& section = sections.back();
  // An indented line goes on with the value above it.
  if ((line.front() == ' ' || line.front() == '\t') && !section.options.empty()) {
    section.options.back().second += '\n' + std::string(text);
    return {};
  }
  const std::size_t sign = text.find_first_of("=:");
  if (sign == std::string_view::npos)
    return fail(fmt::format("line {}: expected \"name = value\", found \"{}\"", number, text));
  section.options.emplace_back(lower(trim(text.substr(0, sign))),
                               std::string(trim(text.substr(sign + 1))));
  return {};
}

Expected<std::vector<Section>> read_sections(std::string_view text) {
  std::vector<Section> sections;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (auto done = read_line(line, number, sections); !done)
      return std::unexpected(std::move(done).error());
  }
  return sections;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > kNumberMax) return {};
  return number;
}

// "5m" in seconds; a bare number is nullopt, for what it counts depends on its place.
std::optional<std::uint64_t> parse_time(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits == text.size()) return {};
  const auto number = parse_number(text.substr(0, digits));
  const auto* const unit =
      std::ranges::find(kUnits, text[digits], &std::pair<char, std::uint64_t>::first);
  if (!number || unit == kUnits.end()) return {};
  return *number * unit->second;
}

Expected<std::vector<Retention>> parse_retentions(std::string_view text, const Section& section) {
  std::vector<Retention> retentions;
  while (true) {
    const std::size_t end = text.find(',');
    const std::string_view one = trim(text.substr(0, end));
    const auto retention = parse_retention(one);
    if (!retention)
      return fail(
          fmt::format("line {}: section [{}]: retentions: expected STEP:TIME such as "
                      "\"60s:7d\", found \"{}\"; carbon does not start with it",
                      section.line, section.name, one));
    retentions.push_back(*retention);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  std::ranges::sort(retentions, {}, &Retention::step);
  return retentions;
}

}  // namespace

std::optional<Retention> parse_retention(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view precision = text.substr(0, colon);
  const std::string_view length = text.substr(colon + 1);
  const auto plain_step = parse_number(precision);
  const auto step = plain_step ? plain_step : parse_time(precision);
  if (!step || *step == 0) return {};
  if (const auto points = parse_number(length)) return Retention{*step, *points};
  const auto seconds = parse_time(length);
  if (!seconds) return {};
  return Retention{*step, *seconds / *step};
}

Expected<std::vector<StorageSchema>> decode_storage_schemas(std::string_view text) {
  auto sections = read_sections(text);
  if (!sections) return std::unexpected(std::move(sections).error());
  std::vector<StorageSchema> schemas;
  for (const Section& section : *sections) {
    const std::string* const pattern = section.find("pattern");
    const std::string* const list = section.find("retentions");
    if (pattern == nullptr || list == nullptr || pattern->empty()) continue;
    auto retentions = parse_retentions(*list, section);
    if (!retentions) return std::unexpected(std::move(retentions).error());
    schemas.push_back({section.name, *pattern, std::move(*retentions)});
  }
  return schemas;
}

Expected<std::vector<StorageAggregation>> decode_storage_aggregation(std::string_view text) {
  auto sections = read_sections(text);
  if (!sections) return std::unexpected(std::move(sections).error());
  std::vector<StorageAggregation> rules;
  for (const Section& section : *sections) {
    const std::string* const pattern = section.find("pattern");
    if (pattern == nullptr || pattern->empty()) continue;
    StorageAggregation rule{.name = section.name, .pattern = *pattern};
    if (const std::string* const method = section.find("aggregationmethod")) rule.method = *method;
    if (const std::string* const factor = section.find("xfilesfactor")) {
      const auto [end, error] =
          std::from_chars(factor->data(), factor->data() + factor->size(), rule.x_files_factor);
      if (error != std::errc() || end != factor->data() + factor->size() ||
          rule.x_files_factor < 0 || rule.x_files_factor > 1) {
        return fail(
            fmt::format("line {}: section [{}]: xFilesFactor: expected a number from 0 to "
                        "1, found \"{}\"",
                        section.line, section.name, *factor));
      }
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string format_retentions(const std::vector<Retention>& retentions) {
  // A minute is written as 60s, the way carbon's own files have it.
  const auto in_words = [](std::uint64_t seconds) {
    if (seconds <= 60) return fmt::format("{}s", seconds);
    for (const auto& [unit, length] : {kUnits[5], kUnits[3], kUnits[2], kUnits[1]})
      if (seconds >= length && seconds % length == 0)
        return fmt::format("{}{}", seconds / length, unit);
    return fmt::format("{}s", seconds);
  };
  std::string text;
  for (const Retention& one : retentions) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}:{}", in_words(one.step), in_words(one.step * one.points));
  }
  return text;
}

std::uint64_t whisper_file_bytes(const std::vector<Retention>& retentions) {
  constexpr std::uint64_t kHead = 16;
  constexpr std::uint64_t kArchiveHead = 12;
  constexpr std::uint64_t kPoint = 12;
  std::uint64_t bytes = kHead;
  for (const Retention& one : retentions) bytes += kArchiveHead + kPoint * one.points;
  return bytes;
}

}  // namespace sluice

#include "config/names.h"

#include <algorithm>

#include "base/ascii_case.h"
#include "config/quote.h"
#include "sluice/values/path_node.h"

namespace sluice {
namespace {

constexpr std::size_t kNameMax = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool may_stand_in_node(char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; }

// `text` with "x" for each {field}; an error for braces that hold none.
Expected<std::string> without_captures(std::string_view text) {
  std::string name;
  while (true) {
    const std::size_t open = text.find('{');
    name += text.substr(0, open);
    if (open == std::string_view::npos) return name;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return fail("a '{' without its '}' in " + quote(text));
    const std::string_view field = text.substr(open + 1, close - open - 1);
    const bool is_path = field.starts_with("field.") || field.starts_with("sd.");
    auto capture = is_path ? Expected<std::string>("x") : parse_identifier(field);
    if (!capture) return capture;
    name += 'x';
    text.remove_prefix(close + 1);
  }
}

}  // namespace

Expected<std::string> parse_name_part(std::string_view text) {
  const bool is_fine = !text.empty() && text.size() <= kNameMax &&
                       (is_lower(text.front()) || is_digit(text.front())) &&
                       std::all_of(text.begin(), text.end(), may_stand_in_node);
  if (is_fine) return std::string(text);
  return fail("expected a name of [a-z0-9_-], a letter or digit first, at most 64 bytes, got " +
              quote(text));
}

Expected<std::string> parse_identifier(std::string_view text) {
  const auto is_letter = [](char c) { return is_lower(c) || is_upper(c) || c == '_'; };
  const auto may_stand = [&](char c) { return is_letter(c) || is_digit(c); };
  const bool is_fine = !text.empty() && text.size() <= kNameMax && is_letter(text.front()) &&
                       std::all_of(text.begin(), text.end(), may_stand);
  if (is_fine) return std::string(text);
  return fail("expected a name of [A-Za-z0-9_], no digit first, at most 64 bytes, got " +
              quote(text));
}

Expected<std::string> parse_metric_name(std::string_view text) {
  const auto name = without_captures(text);
  if (!name) return std::unexpected(name.error());
  const auto may_stand = [](char c) { return may_stand_in_node(c) || c == '.'; };
  if (is_metric_path(*name) && std::all_of(name->begin(), name->end(), may_stand)) {
    return std::string(text);
  }
  return fail(
      "expected nodes of [a-z0-9_-] and {capture} joined by dots, such as "
      "\"puppet.time.catalog_application\", got " +
      quote(text));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return lower;
}

}  // namespace sluice

#include "sluice/rules/source.h"

namespace sluice {
namespace {

constexpr std::string_view kContext = "context.";
constexpr std::string_view kStructuredData = "sd.";
constexpr std::string_view kField = "field.";

}  // namespace

Expected<ValueSource> parse_value_source(std::string_view text) {
  ValueSource source{.kind = ValueSource::Kind::kCapture, .name = std::string(text)};
  if (text.starts_with(kContext)) {
    source.kind = ValueSource::Kind::kContext;
    source.name = text.substr(kContext.size());
  } else if (text.starts_with(kField)) {
    source.kind = ValueSource::Kind::kField;
    source.name = text.substr(kField.size());
    if (source.name.empty()) {
      return fail("expected \"field.PATH\", got \"" + std::string(text) + '"');
    }
  } else if (text.starts_with(kStructuredData)) {
    const std::string_view rest = text.substr(kStructuredData.size());
    const std::size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == rest.size()) {
      return fail("expected \"sd.SD-ID.PARAM-NAME\", got \"" + std::string(text) + '"');
    }
    source.kind = ValueSource::Kind::kStructuredData;
    source.name = rest.substr(0, dot);
    source.param = rest.substr(dot + 1);
  }
  return source;
}

std::string spell(const ValueSource& source) {
  switch (source.kind) {
    case ValueSource::Kind::kConstant:
      return "a constant";
    case ValueSource::Kind::kCapture:
      return source.name;
    case ValueSource::Kind::kContext:
      return std::string(kContext) + source.name;
    case ValueSource::Kind::kStructuredData:
      return std::string(kStructuredData) + source.name + '.' + source.param;
    case ValueSource::Kind::kField:
      return std::string(kField) + source.name;
  }
  return {};
}

}  // namespace sluice

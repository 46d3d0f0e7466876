#pragma once

#include <string_view>

#include "sluice/values/record.h"

namespace sluice::detail {

// Makes `text` the MSG of `record`, without the BOM that RFC 5424 section 6.4 puts before UTF-8.
inline void set_text(std::string_view text, Record& record) noexcept {
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  record.message = text;
  record.has_message = true;
}

}  // namespace sluice::detail

#pragma once

#include <string>
#include <string_view>

#include "http/list_query.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/rule_counts.h"

namespace sluice {

// The pack of "pack/rule".
[[nodiscard]] std::string_view pack_of(std::string_view rule);

// /api/v1/rules: what each rule in force has done, in the order in which they are tried. The filter
// `pack` keeps those of one pack.
[[nodiscard]] std::string render_rules(const RuleReport& report, Timestamp since,
                                       const ListQuery& query);

}  // namespace sluice

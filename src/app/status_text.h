#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice {

// The ledger of a relay (docs/api.md) for people, a line per account, and a block per destination.
// What an older relay does not tell counts as 0.
[[nodiscard]] std::string status_text(const nlohmann::json& ledger, const nlohmann::json& health);

// Who needs attention (/api/v1/attention), a few names of each kind; empty when nobody does.
[[nodiscard]] std::string attention_text(const nlohmann::json& attention);

// Why most hosts fail (/api/v1/failures), a line each; empty when none does.
[[nodiscard]] std::string failures_text(const nlohmann::json& failures);

// What each rule has matched (/api/v1/rules), a line each.
[[nodiscard]] std::string rules_text(const nlohmann::json& rules);

// One line for monitoring, with performance data behind a '|'.
[[nodiscard]] std::string check_line(const nlohmann::json& ledger, const nlohmann::json& health);

}  // namespace sluice

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice {

// The ledger of a relay (docs/api.md) for people, a line per account, and a block per destination.
// What an older relay does not tell counts as 0.
[[nodiscard]] std::string status_text(const nlohmann::json& ledger, const nlohmann::json& health);

// Who needs attention (/api/v1/attention), a few names of each kind; empty when nobody does.
[[nodiscard]] std::string attention_text(const nlohmann::json& attention);

// One line for monitoring, with performance data behind a '|'.
[[nodiscard]] std::string check_line(const nlohmann::json& ledger, const nlohmann::json& health);

}  // namespace sluice

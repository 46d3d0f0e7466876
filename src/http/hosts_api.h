#pragma once

#include <httplib.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "http/observed.h"
#include "sluice/pipeline/fleet_view.h"
#include "store/history.h"

namespace sluice {

// What becomes of a node: the states of the metric puppet.nodes.
inline constexpr std::array<std::string_view, 8> kNodeStates{
    "changed", "unchanged", "failed", "noop", "skipped", "no_catalog", "stale", "never"};

// The latest events, of one host where `host` is not empty.
[[nodiscard]] nlohmann::ordered_json latest_events(const Observed& observed, std::string_view host);

// /api/v1/hosts: those that the query lets in, by name or with the worst first.
void answer_hosts(const FleetView& fleet, const History* history, const Observed& observed,
                  const httplib::Request& request, httplib::Response& response);

// /api/v1/hosts/NAME: one, with its series and their last values.
void answer_host(const FleetView& fleet, const History* history, const Observed& observed,
                 const httplib::Request& request, httplib::Response& response);

}  // namespace sluice

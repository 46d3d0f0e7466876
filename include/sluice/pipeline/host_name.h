#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class HostNameForm : std::uint8_t {
  kAsSent,  // As sent.
  kShort,   // Cut at the first dot; addresses stay whole.
  kFqdn,    // Short names completed with the domain.
};

struct HostNameOptions {
  HostNameForm form = HostNameForm::kAsSent;
  std::string domain;  // For kFqdn, without a leading dot.
};

// The canonical name of a host: lower case, without a dot at its end, in the chosen form. An empty
// HOSTNAME gives `peer`, the address of the sender. The result points into `hostname`, `peer` or
// `scratch`, which is overwritten.
[[nodiscard]] std::string_view canonical_host(std::string_view hostname, std::string_view peer,
                                              const HostNameOptions& options, std::string& scratch);

}  // namespace sluice

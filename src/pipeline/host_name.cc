#include "sluice/pipeline/host_name.h"

#include <algorithm>
#include <iterator>

#include "base/ascii_case.h"

namespace sluice {
namespace {

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

// Good enough to keep an address from being cut like a name: only digits and dots, or a colon.
bool is_address(std::string_view host) noexcept {
  return host.find(':') != std::string_view::npos ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string_view canonical_host(std::string_view hostname, std::string_view peer,
                                const HostNameOptions& options, std::string& scratch) {
  std::string_view host = hostname.empty() ? peer : hostname;
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  // "[10.0.0.1]", as addresses stand in URLs and mail headers.
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (options.form == HostNameForm::kShort && !is_address(host)) {
    // ".example.com" has nothing in front of its first dot.
    if (const std::string_view first = host.substr(0, host.find('.')); !first.empty()) host = first;
  }
  const bool needs_domain = options.form == HostNameForm::kFqdn && !options.domain.empty() &&
                            !is_address(host) && host.find('.') == std::string_view::npos;
  // Nearly every sender writes lower case already, and then nothing is copied.
  if (!needs_domain && std::ranges::none_of(host, is_upper)) return host;
  scratch.clear();
  std::ranges::transform(host, std::back_inserter(scratch), ascii_lower);
  if (needs_domain) scratch += '.' + options.domain;
  return scratch;
}

}  // namespace sluice

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "app/print.h"
#include "base/nearest.h"
#include "http/status_client.h"

namespace sluice {
namespace {

// The relay answers at the end of a tick at the latest, but a slow disk makes ticks long.
constexpr std::chrono::seconds kTimeout{30};

// `; did you mean "web01"?`, of the hosts that have sent something.
std::string suggestion(const std::string& url, const std::string& host, const std::string& token) {
  const std::vector<std::string> names = known_senders(url, kTimeout, token);
  // Names of one domain are alike as a whole: the first label must be near by itself.
  const std::string_view label = std::string_view(host).substr(0, host.find('.'));
  std::vector<std::string_view> candidates;
  for (const std::string& name : names) {
    const std::string_view other = std::string_view(name).substr(0, name.find('.'));
    const std::array<std::string_view, 1> one{other};
    if (nearest(label, one)) candidates.emplace_back(name);
  }
  return did_you_mean(host, candidates);
}

}  // namespace

int forget_command(const ForgetOptions& options) {
  const auto url = status_url(options.url, options.setup);
  if (!url) {
    fmt::print(stderr, "sluice: {}\n", url.error().message());
    return kExitUsage;
  }
  const std::string token = status_token(options.setup);
  const auto forgotten = ask_to_forget(*url, options.host, kTimeout, token);
  if (!forgotten) {
    fmt::print(stderr, "sluice: {}\n", forgotten.error().message());
    return kExitFailure;
  }
  if (!*forgotten) {
    fmt::print(stderr,
               "sluice: {}: the relay knows no such host{}; names are in lower case, in the form "
               "that \"host_names\" says\n",
               options.host, suggestion(*url, options.host, token));
    return kExitFailure;
  }
  const std::string text = fmt::format(
      "{} is forgotten. It comes back with its next message; if the cluster map names it, it is "
      "expected all the same.\n",
      options.host);
  return write_out(stdout, text) ? kExitDone : output_failure();
}

}  // namespace sluice

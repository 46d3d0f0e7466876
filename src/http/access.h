#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

// Who may ask. A browser sends the name that its page came from as Host; a page of somebody else's
// that had its name resolved to this machine (DNS rebinding) is known by that.
class HostNamesServed {
 public:
  // Loopback names and addresses are always served. `names` without port; case counts for nothing.
  explicit HostNamesServed(std::vector<std::string> names);

  // `header` is what the client sent as Host, "name:port" or "[address]:port"; `local` the address
  // of this machine that it came to.
  [[nodiscard]] bool is_served(std::string_view header, std::string_view local) const;

 private:
  std::vector<std::string> names_;
};

// What a file says that holds a token for clients.
struct TokenFile {
  std::string token;    // At least 16 octets, printable, without blanks.
  std::string warning;  // When others may read the file; empty when it is safe.
};
[[nodiscard]] Expected<TokenFile> read_token_file(const std::string& path);

// True if the Authorization header is "Bearer TOKEN". Takes the same time whatever differs.
[[nodiscard]] bool is_authorized(std::string_view header, std::string_view token);

}  // namespace sluice

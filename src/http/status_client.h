#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sluice/base/error.h"

namespace sluice {

// What a running relay says of itself, each a JSON text as it came.
struct StatusAnswer {
  std::string ledger;     // /api/v1/ledger
  std::string health;     // /healthz
  std::string attention;  // /api/v1/attention
};

// Asks the status server of a relay. `url` is "http://HOST:PORT", with or without a slash at the
// end; `timeout` bounds the connect, and again each wait for octets; `token` is what its
// "token_file" holds, or empty. An error names the URL, what happened and what to look at.
[[nodiscard]] Expected<StatusAnswer> fetch_status(const std::string& url,
                                                  std::chrono::milliseconds timeout,
                                                  const std::string& token = {});

// One list of the relay at `url`, such as "/api/v1/rules?limit=1000"; empty where the relay is too
// old to know it.
[[nodiscard]] Expected<std::string> fetch_list(const std::string& url, const char* path,
                                               std::chrono::milliseconds timeout,
                                               const std::string& token = {});

// Up to 10,000 names of hosts that have sent something to the relay at `url`; none when it cannot
// be asked.
[[nodiscard]] std::vector<std::string> known_senders(const std::string& url,
                                                     std::chrono::milliseconds timeout,
                                                     const std::string& token = {});

// Has the relay at `url` forget a host. False: it knows none of this name.
[[nodiscard]] Expected<bool> ask_to_forget(const std::string& url, const std::string& host,
                                           std::chrono::milliseconds timeout,
                                           const std::string& token = {});

}  // namespace sluice

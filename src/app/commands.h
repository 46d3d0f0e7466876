#pragma once

#include <string>

#include "app/setup.h"

namespace sluice {

// Exit codes of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailure = 1;  // Of the run: a busy port, an unreadable file.
inline constexpr int kExitUsage = 2;    // Usage, configuration or rules.

// Says that standard output takes no more; the exit code for it.
[[nodiscard]] int output_failure();

struct RunOptions {
  SetupOptions setup;
  bool print = false;
};

// `sluice run`: the relay.
[[nodiscard]] int run_command(const RunOptions& options);

struct CheckOptions {
  SetupOptions setup;
  bool strict = false;           // Rules need examples of both kinds, warnings are errors.
  bool verbose = false;          // Also tell of patterns that are not anchored.
  std::string carbon;            // Folder of carbon's storage rules to hold the series against.
  bool carbon_snippets = false;  // Print storage rules for this configuration instead.
};

// `sluice check`: configuration, rules, every example, and what Graphite would do with the result.
[[nodiscard]] int check_command(const CheckOptions& options);

struct ExplainOptions {
  SetupOptions setup;
  bool json = false;
  bool unmatched = false;        // Only the shapes of the lines that no rule matched.
  bool verbose = false;          // Tell of every rule, also when one matched.
  std::string input = "syslog";  // Or graphite.
  std::string framing = "auto";  // auto, octet, lf, nul, datagram, dgrams.
  bool multiline = false;        // As the keys of a listener.
  bool unescape = false;
  std::string now;              // RFC 3339; empty: the clock.
  std::string tz;               // Zone of stamps without one; empty: the configuration's.
  std::string storage_schemas;  // carbon's file; empty: schemas are not shown.
  std::string file = "-";
};

// `sluice explain`: what would be done with each message of a file or standard input.
[[nodiscard]] int explain_command(const ExplainOptions& options);

struct StatusOptions {
  SetupOptions setup;  // Its "http" says where to ask when `url` is empty.
  std::string url;     // "http://127.0.0.1:9514".
  bool check = false;  // One line and an exit code for monitoring.
  bool json = false;
  bool rules = false;  // What each rule has matched, instead of the ledger.
};

// `sluice status`: asks a running relay for its ledger and prints it. Exit codes: 0, with `check`
// also 1 when the relay is degraded; 2 when it cannot be asked.
[[nodiscard]] int status_command(const StatusOptions& options);

// The URL to ask: `url` if it is not empty, else where the configuration has the relay listen.
[[nodiscard]] Expected<std::string> status_url(const std::string& url, const SetupOptions& setup);
// The token that goes with it; empty when the configuration names none, or it cannot be read.
[[nodiscard]] std::string status_token(const SetupOptions& setup);

struct ForgetOptions {
  SetupOptions setup;  // As in StatusOptions.
  std::string url;
  std::string host;
};

// `sluice forget HOST`: has a running relay remove what it knows of a host.
[[nodiscard]] int forget_command(const ForgetOptions& options);

}  // namespace sluice

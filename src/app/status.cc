#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "app/commands.h"
#include "app/print.h"
#include "app/status_text.h"
#include "http/access.h"
#include "http/status_client.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kTimeout{5};
constexpr const char* kDefaultUrl = "http://127.0.0.1:9514";

// Exit codes for monitoring.
constexpr int kWell = 0;
constexpr int kDegraded = 1;
constexpr int kUnknown = 2;  // Not reachable, or asked the wrong way.

// "0.0.0.0:9514" is an address to listen on; one of them to ask is loopback.
std::string url_of(std::string_view http) {
  if (http.starts_with("0.0.0.0:")) return "http://127.0.0.1" + std::string(http.substr(7));
  if (http.starts_with("[::]:")) return "http://[::1]" + std::string(http.substr(4));
  return "http://" + std::string(http);
}

struct Answer {
  Json ledger;
  Json health;
  Json attention;
  Json failures;  // Null of an older relay.
};

Expected<Answer> ask(const std::string& url, const std::string& token) {
  auto raw = fetch_status(url, kTimeout, token);
  if (!raw) return std::unexpected(std::move(raw).error());
  const auto failures = fetch_list(url, "/api/v1/failures?limit=3", kTimeout, token);
  if (!failures) return std::unexpected(failures.error());
  Answer answer{Json::parse(raw->ledger, nullptr, false), Json::parse(raw->health, nullptr, false),
                Json::parse(raw->attention, nullptr, false), Json()};
  if (!failures->empty()) answer.failures = Json::parse(*failures, nullptr, false);
  if (answer.ledger.is_object() && answer.ledger.contains("messages") &&
      answer.health.is_object() && answer.health.contains("status")) {
    return answer;
  }
  return at(url, Error{{}, "what answers there is no sluice: expected its ledger as JSON"});
}

int say_unknown(const StatusOptions& options, const Error& error) {
  if (!options.check) {
    fmt::print(stderr, "sluice: {}\n", error.message());
    return kUnknown;
  }
  // Monitoring reads standard output.
  if (!write_out(stdout, fmt::format("SLUICE UNREACHABLE: {}\n", error.message())))
    (void)output_failure();
  return kUnknown;
}

std::string text_of(const StatusOptions& options, const Answer& answer) {
  if (options.check) return check_line(answer.ledger, answer.health);
  if (!options.json) {
    return status_text(answer.ledger, answer.health) + failures_text(answer.failures) +
           attention_text(answer.attention);
  }
  const Json all{{"health", answer.health},
                 {"ledger", answer.ledger},
                 {"attention", answer.attention},
                 {"failures", answer.failures}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

// All pages of the list of rules; as JSON in one.
Expected<Json> fetch_rules(const std::string& url, const std::string& token) {
  constexpr std::size_t kPage = 1000;
  Json all;
  for (std::size_t offset = 0;; offset += kPage) {
    const std::string path = fmt::format("/api/v1/rules?limit={}&offset={}", kPage, offset);
    const auto raw = fetch_list(url, path.c_str(), kTimeout, token);
    if (!raw) return std::unexpected(raw.error());
    Json page = Json::parse(*raw, nullptr, false);
    if (!page.is_object() || !page.contains("rules") || !page["rules"].is_array()) {
      return at(url,
                Error{{}, "does not tell of its rules; is the relay older than this program?"});
    }
    const std::size_t count = page["rules"].size();
    if (offset == 0) {
      all = std::move(page);
    } else {
      for (Json& rule : page["rules"]) all["rules"].push_back(std::move(rule));
    }
    if (count < kPage) return all;
  }
}

int status_rules(const StatusOptions& options, const std::string& url, const std::string& token) {
  const auto rules = fetch_rules(url, token);
  if (!rules) return say_unknown(options, rules.error());
  const std::string text = options.json
                               ? rules->dump(2, ' ', false, Json::error_handler_t::replace) + '\n'
                               : rules_text(*rules);
  return write_out(stdout, text) ? kWell : output_failure();
}

}  // namespace

Expected<std::string> status_url(const std::string& url, const SetupOptions& setup) {
  if (!url.empty()) return url;
  auto config = load_chosen_config(setup);
  if (!config) {
    // A monitoring user may not read /etc/sluice; the default is then the best guess.
    if (setup.config_file.empty()) return kDefaultUrl;
    return std::unexpected(std::move(config).error());
  }
  if (!config->config.http.listen.empty()) return url_of(config->config.http.listen);
  return at(config->config.file,
            at("/http", Error{{}, "is \"off\", so the relay has no status server to ask"}).error());
}

std::string status_token(const SetupOptions& setup) {
  const auto config = load_chosen_config(setup);
  if (!config || config->config.http.token_file.empty()) return {};
  auto read = read_token_file(config->config.http.token_file);
  return read ? std::move(read->token) : std::string();
}

int status_command(const StatusOptions& options) {
  const auto url = status_url(options.url, options.setup);
  if (!url) return say_unknown(options, url.error());
  const std::string token = status_token(options.setup);
  if (options.rules) return status_rules(options, *url, token);
  const auto answer = ask(*url, token);
  if (!answer) return say_unknown(options, answer.error());
  if (!write_out(stdout, text_of(options, *answer))) return output_failure();
  if (!options.check) return kWell;
  return answer->health["status"] == "ok" ? kWell : kDegraded;
}

}  // namespace sluice

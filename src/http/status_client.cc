#include "http/status_client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace sluice {
namespace {

std::string words_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "nobody answers there; does the relay run (`systemctl status sluice`), and is this "
             "the \"http\" of its configuration?";
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::Read:
      return "no answer in time; is the machine up, and is this the \"http\" of the relay's "
             "configuration?";
    default:
      return fmt::format("no answer ({}); is this the \"http\" of the relay's configuration?",
                         httplib::to_string(error));
  }
}

Expected<std::string> get(httplib::Client& client, const std::string& url, const char* path) {
  const auto answer = client.Get(path);
  if (!answer) return at(url, Error{{}, words_of(answer.error())});
  if (answer->status == 200) return answer->body;
  if (answer->status == 403) {
    return at(url, Error{{},
                         "refused: the relay answers only to the name or address that its "
                         "\"http\" says, and to localhost"});
  }
  if (answer->status == 401) {
    return at(url, Error{{},
                         "the relay wants a token; run this as a user who may read the "
                         "\"token_file\" of its configuration"});
  }
  return at(
      url,
      Error{{}, fmt::format("{} gave status {}; is another service there?", path, answer->status)});
}

bool is_base_url(std::string_view url) {
  if (!url.starts_with("http://")) return false;
  url.remove_prefix(7);
  return !url.empty() && url.find('/') == std::string_view::npos;
}

std::string base_of(const std::string& url) {
  return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

Expected<std::unique_ptr<httplib::Client>> client_of(const std::string& url,
                                                     std::chrono::milliseconds timeout) {
  const std::string base = base_of(url);
  auto client = std::make_unique<httplib::Client>(is_base_url(base) ? base : std::string());
  if (!is_base_url(base) || !client->is_valid())
    return fail("expected a URL such as http://127.0.0.1:9514, got \"" + url + '"');
  client->set_connection_timeout(timeout);
  client->set_read_timeout(timeout);
  client->set_write_timeout(timeout);
  return client;
}

}  // namespace

Expected<StatusAnswer> fetch_status(const std::string& url, std::chrono::milliseconds timeout,
                                    const std::string& token) {
  const auto client = client_of(url, timeout);
  if (!client) return std::unexpected(client.error());
  if (!token.empty()) (*client)->set_bearer_token_auth(token);
  const std::string base = base_of(url);
  auto ledger = get(**client, base, "/api/v1/ledger");
  if (!ledger) return std::unexpected(std::move(ledger).error());
  auto health = get(**client, base, "/healthz");
  if (!health) return std::unexpected(std::move(health).error());
  auto attention = get(**client, base, "/api/v1/attention");
  if (!attention) return std::unexpected(std::move(attention).error());
  return StatusAnswer{std::move(*ledger), std::move(*health), std::move(*attention)};
}

Expected<std::string> fetch_list(const std::string& url, const char* path,
                                 std::chrono::milliseconds timeout, const std::string& token) {
  const auto client = client_of(url, timeout);
  if (!client) return std::unexpected(client.error());
  if (!token.empty()) (*client)->set_bearer_token_auth(token);
  const auto answer = (*client)->Get(path);
  if (!answer) return at(base_of(url), Error{{}, words_of(answer.error())});
  return answer->status == 200 ? answer->body : std::string();
}

Expected<bool> ask_to_forget(const std::string& url, const std::string& host,
                             std::chrono::milliseconds timeout, const std::string& token) {
  const auto client = client_of(url, timeout);
  if (!client) return std::unexpected(client.error());
  if (!token.empty()) (*client)->set_bearer_token_auth(token);
  const auto answer =
      (*client)->Post("/api/v1/forget", httplib::Headers{{"X-Sluice-Order", "forget"}},
                      httplib::Params{{"host", host}});
  if (!answer) return at(base_of(url), Error{{}, words_of(answer.error())});
  if (answer->status == 200 || answer->status == 404) return answer->status == 200;
  return at(
      base_of(url),
      Error{{}, fmt::format("the relay refused (status {}): {}", answer->status, answer->body)});
}

std::vector<std::string> known_senders(const std::string& url, std::chrono::milliseconds timeout,
                                       const std::string& token) {
  const auto client = client_of(url, timeout);
  if (!client) return {};
  if (!token.empty()) (*client)->set_bearer_token_auth(token);
  const auto answer = get(**client, base_of(url), "/api/v1/senders?limit=10000");
  if (!answer) return {};
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  std::vector<std::string> names;
  if (!json.is_object() || !json.contains("senders")) return names;
  for (const nlohmann::json& row : json["senders"]) {
    if (row.is_object() && row.contains("host") && row["host"].is_string())
      names.push_back(row["host"]);
  }
  return names;
}

}  // namespace sluice

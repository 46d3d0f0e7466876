#include "http/status_client.h"

#include <fmt/format.h>
#include <httplib.h>

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
  return at(
      url,
      Error{{}, fmt::format("{} gave status {}; is another service there?", path, answer->status)});
}

bool is_base_url(std::string_view url) {
  if (!url.starts_with("http://")) return false;
  url.remove_prefix(7);
  return !url.empty() && url.find('/') == std::string_view::npos;
}

}  // namespace

Expected<StatusAnswer> fetch_status(const std::string& url, std::chrono::milliseconds timeout) {
  const std::string base = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
  httplib::Client client(is_base_url(base) ? base : std::string());
  if (!is_base_url(base) || !client.is_valid())
    return fail("expected a URL such as http://127.0.0.1:9514, got \"" + url + '"');
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  auto ledger = get(client, base, "/api/v1/ledger");
  if (!ledger) return std::unexpected(std::move(ledger).error());
  auto health = get(client, base, "/healthz");
  if (!health) return std::unexpected(std::move(health).error());
  return StatusAnswer{std::move(*ledger), std::move(*health)};
}

}  // namespace sluice

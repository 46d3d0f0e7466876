#include "config/http_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/endpoint.h"
#include "config/quote.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Expected<std::string> decode_address(const JsonValue& value) {
  const auto address = decode_parsed(value, parse_bind_address);
  if (!address) return std::unexpected(address.error());
  return value.json().get<std::string>();
}

// A name as browsers send it, without port.
Expected<std::string> parse_host(std::string_view text) {
  const bool is_fine = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
  if (is_fine) return std::string(text);
  return fail("expected a name or an address without port, such as \"sluice.example.com\", got " +
              quote(text));
}

// The first "{word}" that stands for nothing; empty if there is none. Other braces are the page's.
std::string_view unknown_word(std::string_view url) {
  for (std::size_t at = url.find('{'); at != std::string_view::npos; at = url.find('{', at + 1)) {
    const std::size_t end = url.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
    if (end == std::string_view::npos || end == at + 1 || url[end] != '}') continue;
    const std::string_view word = url.substr(at, end - at + 1);
    if (word != "{host}" && word != "{cluster}") return word;
  }
  return {};
}

// Only web pages: a link must not run anything.
Expected<std::string> parse_url(std::string_view text) {
  if (const std::string_view word = unknown_word(text); !word.empty())
    return fail(fmt::format("{} stands for nothing; known are {{host}} and {{cluster}}", word));
  if (text.starts_with("https://") || text.starts_with("http://")) return std::string(text);
  return fail(
      "expected a URL such as \"https://grafana.example.com/d/host?var-host={host}\", got " +
      quote(text));
}

Expected<PageLink> decode_link(const JsonValue& value) {
  PageLink link;
  ObjectReader reader(value);
  reader.require("name", "\"Grafana\"", link.name, decode_any_text);
  reader.require("url", "\"https://grafana.example.com/d/host?var-host={host}\"", link.url,
                 [](const JsonValue& url) { return decode_parsed(url, parse_url); });
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return link;
}

// Other machines that can ask are told everything when nothing is asked of them.
void warn_if_open(const JsonValue& value, const HttpConfig& http) {
  const auto address = parse_bind_address(http.listen);
  if (!address || is_loopback(*address) || !http.token_file.empty()) return;
  value.warn(
      "the status server asks for no password, and other machines can reach this address; set "
      "\"token_file\"");
}

}  // namespace

Expected<HttpConfig> decode_http(const JsonValue& value, const std::string& file) {
  HttpConfig http;
  if (!value.json().is_object()) {
    if (value.json() == "off")
      return HttpConfig{.listen = {}, .hosts = {}, .token_file = {}, .links = {}};
    auto address = decode_address(value);
    if (!address) return std::unexpected(std::move(address).error());
    http.listen = std::move(*address);
    warn_if_open(value, http);
    return http;
  }
  ObjectReader reader(value);
  reader.read("listen", http.listen, decode_address);
  reader.read("hosts", http.hosts, [](const JsonValue& list) {
    return decode_list(list, [](const JsonValue& item) { return decode_parsed(item, parse_host); });
  });
  reader.read("token_file", http.token_file, [&file](const JsonValue& path) {
    return decode_parsed(path, [&file](std::string_view text) -> Expected<std::string> {
      if (text.find('\0') != std::string_view::npos) return fail("expected a path");
      return (std::filesystem::path(file).parent_path() / text).string();
    });
  });
  reader.read("links", http.links,
              [](const JsonValue& list) { return decode_list(list, decode_link); });
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  warn_if_open(value, http);
  return http;
}

Expected<HistoryConfig> decode_history(const JsonValue& value) {
  HistoryConfig history;
  if (value.json().is_boolean()) {
    history.is_on = value.json().get<bool>();
    return history;
  }
  ObjectReader reader(value);
  const auto span = [](const JsonValue& time) {
    return decode_seconds(time, minutes(1), hours(24 * 366));
  };
  reader.read("clusters", history.clusters, span);
  reader.read("hosts", history.hosts, span);
  reader.read("bytes_max", history.bytes_max, [](const JsonValue& size) {
    return decode_size(size, std::uint64_t{1} << 20, std::uint64_t{1} << 40);
  });
  reader.read("series_max", history.series_max,
              [](const JsonValue& count) { return decode_count(count, 1, 100'000'000); });
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return history;
}

}  // namespace sluice

#include "config/destination_reader.h"

#include <algorithm>
#include <chrono>

#include "config/endpoint.h"
#include "config/quote.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint16_t kPicklePort = 2004;

bool may_stand_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// The name becomes part of file names (its spool) and of URLs.
constexpr std::size_t kNameMax = 64;

Expected<std::string> parse_name(std::string_view text) {
  const bool is_fine = text.size() <= kNameMax && text.front() != '.' && text.front() != '-' &&
                       std::all_of(text.begin(), text.end(), may_stand_in_name);
  if (is_fine) return std::string(text);
  return fail("expected a name of [A-Za-z0-9_.-], at most 64 bytes, no '.' or '-' first, got " +
              quote(text));
}

std::string name_from(std::string host) {
  std::replace(host.begin(), host.end(), ':', '_');  // Of an IPv6 address.
  host.resize(std::min(host.size(), kNameMax));
  return host;
}

Expected<Endpoint> decode_carbon(const JsonValue& value) {
  auto endpoint = decode_parsed(value, parse_destination_endpoint);
  if (endpoint && endpoint->port == kPicklePort) {
    value.warn("port 2004 is where carbon expects pickles; plaintext goes to 2003");
  }
  return endpoint;
}

Expected<milliseconds> decode_timeout(const JsonValue& value) {
  return decode_duration(value, milliseconds(10), hours(1));
}

void read_keys(ObjectReader& reader, DestinationConfig& destination) {
  reader.require("carbon", "\"tcp://graphite.example.com:2003\"", destination.carbon,
                 decode_carbon);
  reader.read("name", destination.name,
              [](const JsonValue& value) { return decode_parsed(value, parse_name); });
  reader.read("connect_timeout", destination.connect_timeout, decode_timeout);
  reader.read("ack_timeout", destination.ack_timeout, decode_timeout);
  reader.read("replay_window", destination.replay_window,
              [](const JsonValue& value) { return decode_seconds(value, seconds(0), hours(24)); });
  reader.read(
      "new_series_per_minute", destination.new_series_per_minute,
      [](const JsonValue& value) { return decode_count_as<std::uint32_t>(value, 0, 1'000'000); });
  reader.read("spool_bytes_max", destination.spool_bytes_max,
              [](const JsonValue& value) { return decode_size(value, kMiB, kMiB << 20); });
  reader.read("spool_age_max", destination.spool_age_max, [](const JsonValue& value) {
    return decode_seconds(value, minutes(1), hours(24 * 3650));
  });
}

}  // namespace

Expected<DestinationConfig> decode_destination(const JsonValue& value) {
  DestinationConfig destination;
  destination.spool_age_max = seconds(0);
  ObjectReader reader(value);
  read_keys(reader, destination);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (destination.name.empty()) destination.name = name_from(destination.carbon.host);
  return destination;
}

}  // namespace sluice

#include "config/listen_reader.h"

#include <array>

#include "config/endpoint.h"
#include "config/network.h"
#include "config/zone.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kFramings{"auto", "octet", "lf", "nul"};

// RFC 5424 section 6.1: every receiver takes 480 octets. The upper end bounds what each connection
// may hold in memory.
constexpr std::uint64_t kMessageBytesMin = 480;
constexpr std::uint64_t kMessageBytesMax = 1 << 20;

Expected<Endpoint> decode_endpoint(const JsonValue& value) {
  return decode_parsed(value, parse_listen_endpoint);
}

Expected<Framing> decode_framing(const JsonValue& value) {
  const auto index = decode_choice(value, kFramings);
  if (!index) return std::unexpected(index.error());
  return static_cast<Framing>(*index);
}

Expected<std::vector<Network>> decode_allow(const JsonValue& value) {
  return decode_list(value, decode_network);
}

Expected<std::uint64_t> decode_max_message(const JsonValue& value) {
  return decode_size(value, kMessageBytesMin, kMessageBytesMax);
}

void read_keys(ObjectReader& reader, ListenConfig& listen) {
  reader.refuse("graphite",
                "graphite input is not available in this version; remove this listener");
  reader.require("syslog", "\"udp://127.0.0.1:5514\"", listen.endpoint, decode_endpoint);
  reader.read("allow", listen.allow, decode_allow);
  reader.read("tz", listen.tz, decode_zone_name);
  reader.read("framing", listen.framing, decode_framing);
  reader.read("max_message", listen.max_message, decode_max_message);
  reader.read("multiline", listen.multiline, decode_bool);
}

}  // namespace

Expected<std::string> decode_zone_name(const JsonValue& value) {
  auto name = decode_any_text(value);
  if (!name) return name;
  if (auto zone = load_zone(*name); !zone) return at(value.pointer(), std::move(zone).error());
  return name;
}

Expected<Network> decode_network(const JsonValue& value) {
  return decode_parsed(value, parse_network);
}

Expected<ListenConfig> decode_listen(const JsonValue& value) {
  ListenConfig listen;
  ObjectReader reader(value);
  const bool is_graphite = reader.has("graphite");
  if (is_graphite && reader.has("syslog")) {
    return value.refuse("expected either \"syslog\" or \"graphite\", found both");
  }
  read_keys(reader, listen);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (listen.endpoint.transport == Endpoint::Transport::kUdp) {
    // A datagram is one message, so both would be without effect.
    for (const char* const key : {"framing", "multiline"}) {
      if (reader.has(key)) {
        return value.member(key).refuse("has a meaning for tcp only; remove it from this listener");
      }
    }
  }
  if (!is_loopback(listen.endpoint) && listen.allow.empty()) {
    return value.refuse(listen.endpoint.to_string() +
                        " can be reached by other machines; add \"allow\" with the networks that "
                        "may send, such as [\"10.0.0.0/8\"]");
  }
  return listen;
}

}  // namespace sluice

#include "config/listen_reader.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "config/endpoint.h"
#include "config/network.h"
#include "config/quote.h"
#include "config/zone.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kFramings{"auto", "octet", "lf", "nul"};
constexpr std::array<std::string_view, 2> kOverflows{"drop-new", "block"};

// RFC 5424 section 6.1: every receiver takes 480 octets. The upper end bounds what each connection
// may hold in memory.
constexpr std::uint64_t kMessageBytesMin = 480;
constexpr std::uint64_t kMessageBytesMax = 1 << 20;
// The kernel keeps twice as much in an int.
constexpr std::uint64_t kReceiveBufferMax = std::uint64_t{512} << 20;
// TCP_KEEPIDLE ends at 32767 s.
constexpr std::chrono::hours kKeepAliveMax{9};

// A key that means nothing to some transports.
struct KeyUse {
  std::string_view key;
  bool udp, tcp, unix_stream, unix_datagram;
  std::string_view why;  // Behind the key's place.
};

constexpr std::array<KeyUse, 10> kKeyUses{{
    // A datagram is one message.
    {"framing", false, true, true, false, "has a meaning for tcp and unix only"},
    {"multiline", false, true, true, false, "has a meaning for tcp and unix only"},
    {"multiline_wait", false, true, true, false, "has a meaning for tcp and unix only"},
    {"connections", false, true, true, false, "has a meaning for tcp and unix only"},
    // Whoever sends datagrams is not made to wait.
    {"overflow", false, true, true, false, "has a meaning for tcp and unix only"},
    {"keep_alive", false, true, false, false, "has a meaning for tcp only"},
    // The queue of a unix socket is the sender's.
    {"receive_buffer", true, true, false, false, "has a meaning for udp and tcp only"},
    {"allow", true, true, false, false, "has no meaning for a unix socket, which \"mode\" guards"},
    {"senders", true, true, false, false,
     "has no meaning for a unix socket, whose senders are this machine; set \"tz\""},
    {"mode", false, false, true, true, "has a meaning for unix and unixgram only"},
}};

bool may_stand(const KeyUse& use, Endpoint::Transport transport) {
  switch (transport) {
    case Endpoint::Transport::kUdp:
      return use.udp;
    case Endpoint::Transport::kTcp:
      return use.tcp;
    case Endpoint::Transport::kUnix:
      return use.unix_stream;
    case Endpoint::Transport::kUnixgram:
      return use.unix_datagram;
  }
  return true;
}

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

Expected<SenderZone> decode_sender(const JsonValue& value) {
  SenderZone sender;
  ObjectReader reader(value);
  reader.require("network", "\"10.1.0.0/16\"", sender.network, decode_network);
  reader.require("tz", "\"Europe/Berlin\"", sender.tz, [](const JsonValue& name) {
    auto text = decode_text(name);
    return text ? decode_zone_name(name) : text;
  });
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return sender;
}

Expected<std::vector<SenderZone>> decode_senders(const JsonValue& value) {
  return decode_list(value, decode_sender);
}

// As chmod takes it.
Expected<std::uint32_t> decode_mode(const JsonValue& value) {
  return decode_parsed(value, [](std::string_view text) -> Expected<std::uint32_t> {
    constexpr std::uint32_t kModeMax = 0777;
    std::uint32_t mode = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, mode, 8);
    if (error == std::errc() && end == last && mode <= kModeMax) return mode;
    return fail("expected a mode in octal digits such as \"0660\" or \"0666\", got " + quote(text));
  });
}

Expected<std::uint64_t> decode_receive_buffer(const JsonValue& value) {
  return decode_size(value, 0, kReceiveBufferMax);
}

Expected<std::uint32_t> decode_connections(const JsonValue& value) {
  return decode_count_as<std::uint32_t>(value, 1, 1'000'000);
}

Expected<std::chrono::seconds> decode_keep_alive(const JsonValue& value) {
  return decode_seconds(value, std::chrono::seconds(0), kKeepAliveMax);
}

Expected<std::chrono::milliseconds> decode_multiline_wait(const JsonValue& value) {
  return decode_duration(value, std::chrono::milliseconds(10), std::chrono::minutes(1));
}

Expected<Overflow> decode_overflow(const JsonValue& value) {
  const auto index = decode_choice(value, kOverflows);
  if (!index) return std::unexpected(index.error());
  return static_cast<Overflow>(*index);
}

Expected<std::uint64_t> decode_max_message(const JsonValue& value) {
  return decode_size(value, kMessageBytesMin, kMessageBytesMax);
}

// Keys that lines of Graphite plaintext have no use for.
constexpr std::string_view kNoFraming =
    "has no meaning for graphite, whose lines end with LF; remove it from this listener";
constexpr std::string_view kNoZone =
    "has no meaning for graphite, whose timestamps are seconds in UTC; remove it from this "
    "listener";
constexpr std::string_view kNoEscapes =
    "has no meaning for graphite, whose lines have no escapes; remove it from this listener";
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSyslogKeys{
    {{"framing", kNoFraming},
     {"multiline", kNoFraming},
     {"multiline_wait", kNoFraming},
     {"unescape", kNoEscapes},
     {"tz", kNoZone},
     {"senders", kNoZone}}};

void read_keys(ObjectReader& reader, ListenConfig& listen) {
  if (listen.input == InputKind::kGraphite) {
    reader.require("graphite", "\"tcp://127.0.0.1:2033\"", listen.endpoint, decode_endpoint);
    for (const auto& [key, why] : kSyslogKeys) reader.refuse(key, why);
  } else {
    reader.require("syslog", "\"udp://127.0.0.1:5514\"", listen.endpoint, decode_endpoint);
    reader.read("tz", listen.tz, decode_zone_name);
    reader.read("senders", listen.senders, decode_senders);
    reader.read("framing", listen.framing, decode_framing);
    reader.read("multiline", listen.multiline, decode_bool);
    reader.read("multiline_wait", listen.multiline_wait, decode_multiline_wait);
    reader.read("unescape", listen.unescape, decode_bool);
  }
  reader.read("allow", listen.allow, decode_allow);
  reader.read("mode", listen.mode, decode_mode);
  reader.read("receive_buffer", listen.receive_buffer, decode_receive_buffer);
  reader.read("connections", listen.connections, decode_connections);
  reader.read("keep_alive", listen.keep_alive, decode_keep_alive);
  reader.read("overflow", listen.overflow, decode_overflow);
  reader.read("max_message", listen.max_message, decode_max_message);
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
  if (reader.find("graphite")) listen.input = InputKind::kGraphite;
  if (listen.input == InputKind::kGraphite && reader.has("syslog")) {
    return value.refuse("expected either \"syslog\" or \"graphite\", found both");
  }
  read_keys(reader, listen);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  for (const KeyUse& use : kKeyUses) {
    if (!reader.has(use.key) || may_stand(use, listen.endpoint.transport)) continue;
    return value.member(std::string(use.key))
        .refuse(std::string(use.why) + "; remove it from this listener");
  }
  if (!is_loopback(listen.endpoint) && listen.allow.empty()) {
    return value.refuse(listen.endpoint.to_string() +
                        " can be reached by other machines; add \"allow\" with the networks that "
                        "may send, such as [\"10.0.0.0/8\"]");
  }
  return listen;
}

}  // namespace sluice

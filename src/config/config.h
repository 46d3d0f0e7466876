#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/syslog/framer.h"

namespace sluice {

// The configuration as plain structs. Every member's initialiser is its documented default
// (docs/config.md); decode_config() fills what the file names.

// "udp://127.0.0.1:5514", "tcp://[::]:5514", "unix:///run/sluice/log" (a stream socket),
// "unixgram:///run/sluice/log" (a datagram socket).
struct Endpoint {
  enum class Transport : std::uint8_t { kUdp, kTcp, kUnix, kUnixgram } transport = Transport::kTcp;
  std::string host;        // Address or name, without brackets; of a unix socket its path.
  std::uint16_t port = 0;  // 0 for unix sockets.

  [[nodiscard]] bool is_unix() const noexcept { return transport >= Transport::kUnix; }
  [[nodiscard]] bool is_stream() const noexcept {
    return transport == Transport::kTcp || transport == Transport::kUnix;
  }
  [[nodiscard]] std::string to_string() const;  // As a URL, IPv6 in brackets.
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// An address block, "10.0.0.0/8" or "2001:db8::/32"; a plain address is a block of one.
struct Network {
  std::array<std::uint8_t, 16> address{};  // IPv4 is kept IPv4-mapped (::ffff:a.b.c.d).
  std::uint8_t prefix_length = 128;        // Of the 128 bits.
  friend bool operator==(const Network&, const Network&) = default;
};

// The zone of some of a listener's senders.
struct SenderZone {
  Network network;
  std::string tz;
  friend bool operator==(const SenderZone&, const SenderZone&) = default;
};

// What a stream listener does while a tick holds as many series as it may.
enum class Overflow : std::uint8_t {
  kDropNew,  // Reads on; samples of further series are dropped and counted.
  kBlock,    // Stops reading until the tick is over; senders wait.
};

// What a listener's senders speak.
enum class InputKind : std::uint8_t { kSyslog, kGraphite };

struct ListenConfig {
  InputKind input = InputKind::kSyslog;
  Endpoint endpoint;
  std::vector<Network> allow;           // Empty: loopback only, which the endpoint then must be.
  std::string tz;                       // IANA zone of stamps without one; empty: the relay's.
  std::vector<SenderZone> senders;      // The first that matches decides, before `tz`.
  std::uint32_t mode = 0660;            // Of a unix socket's file.
  std::uint64_t receive_buffer = 0;     // Octets of the kernel's queue; 0: as the kernel has it.
  std::uint32_t connections = 10'000;   // Open at once, in each worker.
  std::chrono::seconds keep_alive{60};  // Idle time before TCP probes a peer; 0: never.
  Overflow overflow = Overflow::kDropNew;
  Framing framing = Framing::kAuto;
  std::size_t max_message = 64 * 1024;
  bool multiline = false;
  std::chrono::milliseconds multiline_wait{100};  // A pause this long ends a message.
  bool unescape = false;  // "#012" of rsyslog is the octet that it stands for.
  friend bool operator==(const ListenConfig&, const ListenConfig&) = default;
};

struct DestinationConfig {
  std::string name;
  Endpoint carbon;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds ack_timeout{30000};
  std::chrono::seconds replay_window{120};
  std::uint32_t new_series_per_minute = 50;
  std::uint64_t spool_bytes_max = std::uint64_t{1} << 30;
  std::chrono::seconds spool_age_max{23 * 3600};
  friend bool operator==(const DestinationConfig&, const DestinationConfig&) = default;
};

struct ClusterConfig {
  std::string file;                   // Map file (JSON); empty: none.
  std::vector<std::string> patterns;  // RE2 over the host with a capture named "cluster".
  std::string fallback = "other";     // JSON key "default".
};

// The status server, the API and the page.
// A page elsewhere about a host: "{host}" and "{cluster}" in the URL stand for what they say.
struct PageLink {
  std::string name;
  std::string url;
  friend bool operator==(const PageLink&, const PageLink&) = default;
};

struct HttpConfig {
  std::string listen = "127.0.0.1:9514";  // Empty: none (JSON "off").
  std::vector<std::string> hosts;         // Names that clients may use besides this machine's own.
  std::string token_file;                 // Empty: clients need no token.
  std::vector<PageLink> links;            // Shown with every host.
  friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};

// What the relay itself keeps for graphs.
struct HistoryConfig {
  bool is_on = true;
  std::chrono::seconds clusters{24 * 3600};  // Clusters, groups, the fleet, the relay itself.
  std::chrono::seconds hosts{3 * 3600};
  std::uint64_t bytes_max = std::uint64_t{512} << 20;
  std::uint64_t series_max = 500'000;
  friend bool operator==(const HistoryConfig&, const HistoryConfig&) = default;
};

enum class HostNames : std::uint8_t { kAsSent, kShort, kFqdn };

struct Config {
  std::string file;       // Where it was read from; empty for the built-in default.
  std::string host_name;  // This machine's, short; no key, filled in by load_config().
  std::string instance;   // Default: the short host name, filled in by load_config().
  std::string prefix = "sluice";
  // Templates by scope: "hosts", "clusters", "groups", "all", "relays".
  std::map<std::string, std::string> paths;
  bool rollups = true;
  std::vector<ListenConfig> listen;  // Default: udp and tcp on 127.0.0.1:5514.
  std::vector<std::string> packs{"puppet-agent", "puppetserver", "puppetserver-access"};
  std::vector<std::string> pack_dirs;  // Default: /usr/share/sluice/rules, or beside the binary.
  std::vector<std::string> rules;      // Files or globs.
  std::vector<std::string> disable;    // "pack/rule".
  std::map<std::string, std::chrono::seconds> presence;  // "every" by presence name.
  ClusterConfig clusters;
  HostNames host_names = HostNames::kAsSent;
  std::string domain;
  std::vector<Network> trusted_peers;
  std::string tz;              // The relay's zone for stamps without one; empty: the system's.
  bool expand_repeats = true;  // A repeat notice counts as the messages it stands for.
  std::chrono::seconds host_ttl{7 * 24 * 3600};
  std::chrono::seconds window{60};
  std::chrono::milliseconds grace{5000};
  std::chrono::seconds horizon{3600};
  std::chrono::seconds catch_up{24 * 3600};
  std::uint64_t store_bytes_max = std::uint64_t{256} << 20;
  std::uint64_t series_max = 2'000'000;         // Series with a sample within host_ttl: in all, ...
  std::uint64_t series_per_host_max = 2'000;    // ... of one host, ...
  std::uint64_t series_per_rule_max = 500'000;  // ... and of one rule.
  std::vector<DestinationConfig> destinations;
  std::string state_dir = "/var/lib/sluice";
  std::chrono::milliseconds shutdown_timeout{20000};
  HttpConfig http;
  HistoryConfig history;
  std::uint32_t workers = 1;
};

}  // namespace sluice

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"
#include "sluice/base/error.h"

namespace sluice {

// Where to listen: "udp://127.0.0.1:5514", "tcp://[::]:5514". The host is a literal address or
// "localhost"; a name would bind to whatever the resolver says that day. Port 0: any free one.
// Or "unix:///run/sluice/log", "unixgram:///run/sluice/log": an absolute path.
[[nodiscard]] Expected<Endpoint> parse_listen_endpoint(std::string_view text);

// Where to send: "tcp://graphite.example.com:2003". A name or an address, TCP alone (only TCP can
// be acknowledged), a port in 1..65535.
[[nodiscard]] Expected<Endpoint> parse_destination_endpoint(std::string_view text);

// "127.0.0.1:9514", "[::1]:9514" or "localhost:9514": a literal address to bind a TCP port to.
[[nodiscard]] Expected<Endpoint> parse_bind_address(std::string_view text);

// True if only this machine can reach it. Names other than "localhost" are taken for remote.
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);

}  // namespace sluice

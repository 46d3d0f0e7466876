#include "config/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/network.h"
#include "config/quote.h"

namespace sluice {
namespace {

struct HostPort {
  std::string_view host;  // Without brackets.
  std::string_view port;
  bool in_brackets = false;
};

// Cuts "host:port" or "[host]:port"; none when one of the two is missing.
std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort parts{text.substr(0, colon), text.substr(colon + 1)};
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
    parts.in_brackets = true;
  }
  if (parts.host.empty() || parts.port.empty()) return std::nullopt;
  // "::1:2003" has too many readings; only brackets tell the port from the address.
  const bool has_colon = parts.host.find(':') != std::string_view::npos;
  return has_colon == parts.in_brackets ? std::optional(parts) : std::nullopt;
}

Expected<std::uint16_t> parse_port(std::string_view text, std::uint16_t min) {
  std::uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, port);
  if (error != std::errc() || end != last || port < min) {
    return fail(fmt::format("expected a port in {}..65535, got {}", min, quote(text)));
  }
  return port;
}

// Letters, digits, '-', '_' and dots (RFC 1123 section 2.1, and the underscores of container
// networks). Digits and dots alone are an address with a mistake in it.
bool is_host_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  const auto is_digit_or_dot = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  const auto may_stand = [&](char c) { return is_letter(c) || is_digit_or_dot(c); };
  constexpr std::size_t kNameMax = 253;  // RFC 1035 section 2.3.4, without the root.
  return !text.empty() && text.size() <= kNameMax && text.front() != '.' && text.front() != '-' &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), may_stand) &&
         std::any_of(text.begin(), text.end(), is_letter);
}

Expected<std::string> parse_bound_host(const HostPort& parts) {
  if (parse_address(parts.host) || parts.host == "localhost") return std::string(parts.host);
  return fail(
      fmt::format("expected an address of this machine such as 127.0.0.1, 0.0.0.0 or [::], "
                  "or localhost, got {}",
                  quote(parts.host)));
}

Expected<std::string> parse_remote_host(const HostPort& parts) {
  if (parse_address(parts.host)) return std::string(parts.host);
  if (!parts.in_brackets && is_host_name(parts.host)) return std::string(parts.host);
  return fail("expected a host name or an address, got " + quote(parts.host));
}

// Puts an endpoint together; `text` is what stands behind the scheme.
template <typename ParseHost>
Expected<Endpoint> build(Endpoint::Transport transport, const HostPort& parts,
                         std::uint16_t port_min, ParseHost parse_host) {
  auto host = parse_host(parts);
  if (!host) return std::unexpected(std::move(host).error());
  auto port = parse_port(parts.port, port_min);
  if (!port) return std::unexpected(std::move(port).error());
  return Endpoint{transport, std::move(*host), *port};
}

const char* scheme_of(Endpoint::Transport transport) {
  switch (transport) {
    case Endpoint::Transport::kUdp:
      return "udp";
    case Endpoint::Transport::kTcp:
      return "tcp";
    case Endpoint::Transport::kUnix:
      return "unix";
    case Endpoint::Transport::kUnixgram:
      return "unixgram";
  }
  return "tcp";
}

Expected<Endpoint> parse_unix_endpoint(Endpoint::Transport transport, std::string_view path) {
  constexpr std::size_t kPathMax = 107;  // The kernel's sun_path, without the NUL at its end.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  if (!path.starts_with('/') || path.ends_with('/') || path.size() > kPathMax ||
      std::any_of(path.begin(), path.end(), is_control)) {
    return fail(
        fmt::format("expected the absolute path of a socket behind {}://, at most {} bytes, got {}",
                    scheme_of(transport), kPathMax, quote(path)));
  }
  return Endpoint{transport, std::string(path), 0};
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
  if (!text.starts_with(scheme)) return false;
  text.remove_prefix(scheme.size());
  return true;
}

}  // namespace

std::string Endpoint::to_string() const {
  const char* const scheme = scheme_of(transport);
  if (is_unix()) return fmt::format("{}://{}", scheme, host);
  const bool needs_brackets = host.find(':') != std::string::npos;
  return needs_brackets ? fmt::format("{}://[{}]:{}", scheme, host, port)
                        : fmt::format("{}://{}:{}", scheme, host, port);
}

Expected<Endpoint> parse_listen_endpoint(std::string_view text) {
  std::string_view rest = text;
  if (take_scheme(rest, "unix://")) return parse_unix_endpoint(Endpoint::Transport::kUnix, rest);
  if (take_scheme(rest, "unixgram://")) {
    return parse_unix_endpoint(Endpoint::Transport::kUnixgram, rest);
  }
  const bool is_udp = take_scheme(rest, "udp://");
  const bool is_known = is_udp || take_scheme(rest, "tcp://");
  const auto parts = is_known ? split_host_port(rest) : std::nullopt;
  if (!parts) {
    return fail(
        "expected \"udp://ADDRESS:PORT\" or \"tcp://ADDRESS:PORT\", IPv6 in brackets, or "
        "\"unix:///PATH\" or \"unixgram:///PATH\", got " +
        quote(text));
  }
  const auto transport = is_udp ? Endpoint::Transport::kUdp : Endpoint::Transport::kTcp;
  return build(transport, *parts, 0, parse_bound_host);
}

Expected<Endpoint> parse_destination_endpoint(std::string_view text) {
  if (text.starts_with("udp://")) {
    return fail("carbon over UDP never says what it took; expected \"tcp://HOST:PORT\", got " +
                quote(text));
  }
  std::string_view rest = text;
  const bool is_known = take_scheme(rest, "tcp://");
  const auto parts = is_known ? split_host_port(rest) : std::nullopt;
  if (!parts) return fail("expected \"tcp://HOST:PORT\", IPv6 in brackets, got " + quote(text));
  return build(Endpoint::Transport::kTcp, *parts, 1, parse_remote_host);
}

Expected<Endpoint> parse_bind_address(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts) return fail("expected \"ADDRESS:PORT\", IPv6 in brackets, got " + quote(text));
  return build(Endpoint::Transport::kTcp, *parts, 0, parse_bound_host);
}

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.is_unix() || endpoint.host == "localhost") return true;
  const auto address = parse_address(endpoint.host);
  return address && is_loopback_address(*address);
}

}  // namespace sluice

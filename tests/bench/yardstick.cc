// How fast this machine does the least that a relay must do, for scripts/bench: every figure of
// sluice is a part of these. Neither program is a relay: nothing is checked, bounded, kept or
// delivered.
//
//   yardstick tcp PORT     one connection of RFC 3164 lines: read, cut, parse, five RE2 patterns by
//                          program, sums per host and cluster; ends with the connection
//   yardstick udp PORT     counts datagrams with recvmmsg(); ends after a second of silence
//
// Both print "LINES CPU_SECONDS MATCHED".
#include <arpa/inet.h>
#include <re2/re2.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::size_t kRules = 5;

struct Sum {
  double total = 0;
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  std::uint64_t count = 0;

  void add(double value) {
    total += value;
    least = std::min(least, value);
    most = std::max(most, value);
    ++count;
  }
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

struct Rule {
  std::string_view program;
  std::unique_ptr<re2::RE2> pattern;
  int groups = 0;
};

class Relay {
 public:
  Relay() {
    add_rule("puppet-agent", "Applied catalog in ([0-9.]+) seconds");
    add_rule("puppetserver", "Compiled catalog for \\S+ in environment \\S+ in ([0-9.]+) seconds");
    add_rule("puppet-agent", "\\(/Stage\\[[^ ]*\\) .* changed ");
    add_rule("puppet-agent", "\\(/Stage\\[[^ ]*\\) .* failed: ");
    add_rule("sysstat", "cpu user=([0-9.]+)");
  }

  void take(const char* at, const char* end) {
    ++lines;
    const char* found = find(at, end, '>');
    if (found == nullptr || end - found < 18) return;
    const char* const host_start = found + 17;  // Behind "Nov 14 22:13:20 ".
    found = find(host_start, end, ' ');
    if (found == nullptr) return;
    const std::string_view host(host_start, static_cast<std::size_t>(found - host_start));
    const char* const tag = ++found;
    while (found < end && *found != '[' && *found != ':' && *found != ' ') ++found;
    const std::string_view program(tag, static_cast<std::size_t>(found - tag));
    found = find(found, end, ' ');
    if (found != nullptr)
      match(host, program, {found + 1, static_cast<std::size_t>(end - found - 1)});
  }

  std::uint64_t lines = 0;
  std::uint64_t matched = 0;

 private:
  struct Host {
    std::array<Sum, kRules> sums;
    std::size_t cluster = 0;
  };

  static const char* find(const char* at, const char* end, char wanted) {
    return static_cast<const char*>(std::memchr(at, wanted, static_cast<std::size_t>(end - at)));
  }

  void add_rule(std::string_view program, const char* pattern) {
    auto compiled = std::make_unique<re2::RE2>(pattern);
    const int groups = compiled->NumberOfCapturingGroups();
    rules_[rule_count_++] = {program, std::move(compiled), groups};
  }

  void match(std::string_view host, std::string_view program, std::string_view text) {
    const re2::StringPiece piece(text.data(), text.size());
    for (std::size_t i = 0; i < kRules; ++i) {
      const Rule& rule = rules_[i];
      if (rule.program != program) continue;
      std::array<re2::StringPiece, 2> groups;
      if (!rule.pattern->Match(piece, 0, text.size(), re2::RE2::ANCHOR_START, groups.data(),
                               rule.groups + 1)) {
        continue;
      }
      double value = 1;
      if (rule.groups > 0) std::from_chars(groups[1].begin(), groups[1].end(), value);
      Host& known = host_of(host);
      known.sums[i].add(value);
      clusters_[known.cluster][i].add(value);
      ++matched;
      return;
    }
  }

  Host& host_of(std::string_view name) {
    if (const auto known = hosts_.find(name); known != hosts_.end()) return known->second;
    const std::string cluster(name.substr(0, name.find('-')));
    const auto [place, is_new] = cluster_places_.try_emplace(cluster, clusters_.size());
    if (is_new) clusters_.emplace_back();
    return hosts_.emplace(name, Host{{}, place->second}).first->second;
  }

  std::array<Rule, kRules> rules_;
  std::size_t rule_count_ = 0;
  TextMap<Host> hosts_;
  TextMap<std::size_t> cluster_places_;
  std::vector<std::array<Sum, kRules>> clusters_;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int open_socket(int type, const char* port) {
  const int fd = socket(AF_INET, type, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  return fd;
}

void print(std::uint64_t lines, std::uint64_t matched) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::printf("%llu %.6f %llu\n", static_cast<unsigned long long>(lines),
              seconds(usage.ru_utime) + seconds(usage.ru_stime),
              static_cast<unsigned long long>(matched));
}

int run_tcp(const char* port) {
  const int listener = open_socket(SOCK_STREAM, port);
  if (listen(listener, 1) != 0) fail("listen");
  const int fd = accept(listener, nullptr, nullptr);
  constexpr std::size_t kReadBytes = 256 * 1024;
  std::vector<char> buffer(2 * kReadBytes);
  std::size_t kept = 0;
  Relay relay;
  for (;;) {
    const ssize_t count = read(fd, buffer.data() + kept, kReadBytes);
    if (count <= 0) break;
    const char* at = buffer.data();
    const char* const end = at + kept + static_cast<std::size_t>(count);
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      relay.take(at, static_cast<const char*>(found));
      at = static_cast<const char*>(found) + 1;
    }
    kept = static_cast<std::size_t>(end - at);
    std::memmove(buffer.data(), at, kept);
  }
  print(relay.lines, relay.matched);
  return 0;
}

int run_udp(const char* port) {
  const int fd = open_socket(SOCK_DGRAM, port);
  const int room = 32 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  constexpr std::size_t kBatch = 64;
  constexpr std::size_t kDatagramBytes = 2048;
  std::vector<char> octets(kBatch * kDatagramBytes);
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> headers{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {octets.data() + i * kDatagramBytes, kDatagramBytes};
    headers[i].msg_hdr.msg_iov = &pieces[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  std::uint64_t datagrams = 0;
  for (;;) {
    const int count = recvmmsg(fd, headers.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (count <= 0) break;
    if (datagrams == 0) {  // From the first datagram on, silence is the end.
      const timeval silence{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    }
    datagrams += static_cast<std::uint64_t>(count);
  }
  print(datagrams, 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "tcp") == 0) return run_tcp(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "udp") == 0) return run_udp(argv[2]);
  std::fprintf(stderr, "usage: yardstick tcp|udp PORT\n");
  return 2;
}

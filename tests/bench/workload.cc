#include "workload.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

namespace sluice::bench {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 6> kRoles{"web", "db", "cache", "mail", "build", "edge"};

// What a program says, before a header stands in front of it.
struct Line {
  std::string_view program;
  bool has_pid = true;
  unsigned severity = 6;
  std::string text;
};

class Generator {
 public:
  explicit Generator(const WorkloadOptions& options) : options_(options) {
    for (std::size_t i = 0; i < options.hosts; ++i) {
      const std::size_t cluster = i % options.clusters;
      hosts_.push_back(fmt::format("{}{}-{:05}.site{}.example.net", kRoles[cluster % kRoles.size()],
                                   cluster / kRoles.size(), i / options.clusters, i % 3));
    }
  }

  std::string make() {
    std::string all;
    all.reserve(options_.lines * 150);
    std::string message;
    for (std::size_t i = 0; i < options_.lines; ++i) {
      const std::int64_t time = options_.start + static_cast<std::int64_t>(i) * options_.seconds /
                                                     static_cast<std::int64_t>(options_.lines);
      const Line line = chance() < options_.matching ? matching_line() : other_line();
      message.clear();
      append_message(line, time, message);
      if (options_.counts_octets) {
        fmt::format_to(std::back_inserter(all), "{} {}", message.size(), message);
      } else {
        all.append(message).push_back('\n');
      }
    }
    return all;
  }

 private:
  double chance() { return static_cast<double>(random_()) / static_cast<double>(random_.max()); }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  const std::string& any_host() { return hosts_[random_() % hosts_.size()]; }

  std::string digest() {
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random_() & 0xffffffff, random_() & 0xffffffff,
                       random_() & 0xffffffff, random_() & 0xffffffff);
  }

  // The five rules of the bench (tests/bench/rules.json), in the parts of a busy fleet.
  Line matching_line() {
    const double kind = chance();
    if (kind < 0.30) {
      return {"puppet-agent", true, 5,
              fmt::format("Applied catalog in {:.2f} seconds", std::exp(2.5 + chance()))};
    }
    if (kind < 0.45) {
      return {"puppetserver", true, 6,
              fmt::format("Compiled catalog for {} in environment {} in {:.2f} seconds", any_host(),
                          below(2) == 0 ? "production" : "staging", 0.5 + 3 * chance())};
    }
    if (kind < 0.60) {
      return {"puppet-agent", true, 5,
              fmt::format("(/Stage[main]/Haproxy::Config/File[/etc/haproxy/conf.d/{}.cfg]/content) "
                          "content changed '{{md5}}{}' to '{{md5}}{}'",
                          below(500), digest(), digest())};
    }
    if (kind < 0.65) {
      return {
          "puppet-agent", true, 3,
          fmt::format("(/Stage[main]/Release::Unpack/Exec[unpack-{}]/returns) change from 'notrun' "
                      "to ['0'] failed: '/bin/false' returned 1 instead of one of [0]",
                      below(50))};
    }
    const double busy = 100 * chance();
    return {"sysstat", true, 6,
            fmt::format("cpu user={:.1f} system={:.1f} iowait={:.1f} idle={:.1f}", busy * 0.7,
                        busy * 0.2, busy * 0.1, 100 - busy)};
  }

  Line other_line() {
    const double kind = chance();
    if (kind < 0.25) {
      return {"sshd", true, 6,
              fmt::format("Accepted publickey for release from 10.{}.{}.{} port {} ssh2: ED25519 "
                          "SHA256:{}",
                          below(256), below(256), below(256), 1024 + below(60000), digest())};
    }
    if (kind < 0.45) {
      return {"CRON", true, 6, "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)"};
    }
    if (kind < 0.60) {
      return {"kernel", false, 4,
              fmt::format("[{:.6f}] TCP: request_sock_TCP: Possible SYN flooding on port {}. "
                          "Sending cookies.",
                          1e6 * chance(), 1 + below(65000))};
    }
    if (kind < 0.80) {
      return {"app", true, 6,
              fmt::format("level=info ts={:.3f} caller=server.go:{} msg=\"request done\" "
                          "path=/v2/items/{} status=200 dur={:.6f}",
                          1e9 * chance(), below(900), below(10'000'000), chance())};
    }
    if (kind < 0.90) {
      return {"systemd", true, 6,
              fmt::format("Started Session {} of User release.", below(100000))};
    }
    switch (below(4)) {
      case 0:
        return {"puppet-agent", true, 5, "Retrieving pluginfacts"};
      case 1:
        return {"puppet-agent", true, 5, "Loading facts"};
      case 2:
        return {"puppet-agent", true, 5, "Caching catalog for " + any_host()};
      default:
        return {
            "puppet-agent", true, 5,
            fmt::format("Applying configuration version '{}'", 1'600'000'000 + below(99'999'999))};
    }
  }

  void append_message(const Line& line, std::int64_t time, std::string& out) {
    std::tm utc{};
    const std::time_t seconds = time;
    gmtime_r(&seconds, &utc);
    const unsigned pri = 3 * 8 + line.severity;
    const unsigned pid = 300 + below(60000);
    if (options_.format == LineFormat::kRfc5424) {
      const std::string procid = line.has_pid ? fmt::to_string(pid) : "-";
      fmt::format_to(std::back_inserter(out),
                     "<{}>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00 {} {} {} - - {}", pri,
                     utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                     utc.tm_sec, below(1'000'000), any_host(), line.program, procid, line.text);
      return;
    }
    fmt::format_to(std::back_inserter(out), "<{}>{} {:2} {:02}:{:02}:{:02} {} {}", pri,
                   kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_mday, utc.tm_hour,
                   utc.tm_min, utc.tm_sec, any_host(), line.program);
    if (line.has_pid) fmt::format_to(std::back_inserter(out), "[{}]", pid);
    out.append(": ").append(line.text);
  }

  const WorkloadOptions& options_;
  std::vector<std::string> hosts_;
  std::mt19937_64 random_{1};
};

}  // namespace

std::string make_workload(const WorkloadOptions& options) { return Generator(options).make(); }

std::string make_graphite_workload(const GraphiteWorkloadOptions& options) {
  constexpr std::array<std::string_view, 8> kStates{"idle", "user",      "system",  "wait",
                                                    "nice", "interrupt", "softirq", "steal"};
  std::mt19937_64 random(1);
  std::string all;
  all.reserve(options.hosts * options.cpus * kStates.size() * 64);
  for (std::size_t host = 0; host < options.hosts; ++host) {
    for (std::size_t cpu = 0; cpu < options.cpus; ++cpu) {
      for (const std::string_view state : kStates) {
        fmt::format_to(std::back_inserter(all),
                       "collectd.{}{}-{:05}_example_net.cpu-{}.cpu-{} {:.6f} {}\n",
                       kRoles[host % kRoles.size()], host % 3, host, cpu, state,
                       static_cast<double>(random() % 12'000'000) / 1e6, options.start);
      }
    }
  }
  return all;
}

}  // namespace sluice::bench

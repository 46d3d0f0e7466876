// Counts what the hot path allocates: nothing, once its hosts are known. A program of its own,
// because it replaces operator new.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "sluice/pipeline/ingest.h"
#include "sluice/syslog/framer.h"

namespace {

std::uint64_t allocations = 0;

}  // namespace

// Not inlined: g++ sees new and free() where the two are pairs of their own, and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const found = std::malloc(size == 0 ? 1 : size)) return found;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sluice {
namespace {

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

// 2026-11-22T07:40:01Z
const Timestamp kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) +
                       std::chrono::hours(7) + std::chrono::minutes(40) + std::chrono::seconds(1);

RuleDefinition rule(std::string name, std::string app, std::string match, Metric metric,
                    ValueSource value) {
  RuleDefinition made{.name = std::move(name), .apps = {std::move(app)}, .match = std::move(match)};
  made.emits.push_back({.metric = std::move(metric), .value = std::move(value)});
  return made;
}

std::shared_ptr<const RuleSet> make_rules() {
  const ValueSource number{.kind = ValueSource::Kind::kCapture, .name = "n"};
  const ValueSource one{};
  return *RuleSet::compile({PackDefinition{
      .name = "test",
      .rules = {rule("time", "puppet-agent", "^Applied catalog in (?P<n>[0-9.]+) seconds$",
                     {.name = "time", .type = MetricType::kTiming}, number),
                rule("changed", "puppet-agent", "^\\(/Stage\\[[^ ]*\\) .* changed ",
                     {.name = "changed"}, one),
                rule("cpu", "sysstat", "^cpu user=(?P<n>[0-9.]+)",
                     {.name = "cpu", .type = MetricType::kGauge}, number)}}});
}

constexpr std::size_t kHosts = 200;

// Each host says each of the texts.
std::string lines_of(std::initializer_list<std::string_view> texts) {
  std::string lines;
  for (const std::string_view text : texts) {
    for (std::size_t host = 0; host < kHosts; ++host) {
      lines += "<29>Nov 22 07:40:00 host-with-a-long-name-" + std::to_string(host) +
               ".example.net " + std::string(text) + '\n';
    }
  }
  return lines;
}

struct Pipeline {
  std::uint64_t allocations_of(const std::string& lines) {
    const std::uint64_t before = allocations;
    framer.feed(lines);
    for (Frame frame; framer.next(frame) == FrameStatus::kFrame;) {
      ingest.receive({.bytes = frame.bytes, .peer = peer, .zone = zone}, kNow);
    }
    (void)ingest.pending_samples();  // None waits to be added.
    return allocations - before;
  }

  Utc zone;
  Peer peer{.text = "192.0.2.7"};
  Framer framer{{}};
  Ingest ingest{{}, make_rules(), nullptr};
};

bool check(std::string_view what, std::uint64_t found, std::uint64_t most) {
  std::printf("%s %.*s: %llu allocations, at most %llu expected\n",
              found <= most ? "ok    " : "FAILED", static_cast<int>(what.size()), what.data(),
              static_cast<unsigned long long>(found), static_cast<unsigned long long>(most));
  return found <= most;
}

int run() {
  const std::string unread =
      lines_of({"sshd[12]: Accepted publickey for root from 192.0.2.1 port 22",
                "kernel: [1.2] TCP: request_sock_TCP: Possible SYN flooding",
                "puppet-agent[77]: Loading facts"});
  const std::string simple = lines_of(
      {"sysstat[3]: cpu user=1.5 system=0.5",
       "puppet-agent[77]: (/Stage[main]/Motd/File[/etc/motd]/content) content changed 'a' to 'b'"});
  const std::string timings = lines_of({"puppet-agent[77]: Applied catalog in 12.34 seconds"});
  Pipeline pipeline;
  for (const std::string* const lines : {&unread, &simple, &timings}) {
    (void)pipeline.allocations_of(*lines);
  }
  bool is_good = check("lines that no rule reads", pipeline.allocations_of(unread), 0);
  // One sample a tick fits into the series itself; the second makes room for all that follow.
  is_good &=
      check("second gauge and counter of each host", pipeline.allocations_of(simple), kHosts * 2);
  is_good &= check("gauges and counters", pipeline.allocations_of(simple), 0);
  // And the sketch of a timing, which keeps samples for its quantiles and grows by doubling, seven
  // times up to 64.
  std::uint64_t found = 0;
  for (int i = 0; i < 32; ++i) found += pipeline.allocations_of(timings);
  is_good &= check("32 timings of each host", found, kHosts * (2 + 7));
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace sluice

int main() { return sluice::run(); }

// The pack collectd against streams of collectd itself (tests/data/collectd). What is expected was
// counted in the files without the program.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "config/pack_files.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/rules/examples.h"
#include "sluice/syslog/framer.h"

namespace sluice {
namespace {

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

const Timestamp kNow{std::chrono::seconds(1'795'334'520)};

std::string read(const std::string& name) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/data/collectd/" + name,
                     std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<PackDefinition> collectd_pack() {
  Config config;
  config.packs = {"collectd"};
  config.pack_dirs = {std::string(SLUICE_SOURCE_DIR) + "/rules"};
  auto packs = load_packs(config);
  REQUIRE(packs);
  return *packs;
}

std::shared_ptr<const RuleSet> collectd_rules() {
  const auto rules = RuleSet::compile(collectd_pack());
  REQUIRE(rules);
  return *rules;
}

struct Total {
  std::uint64_t count = 0;
  double sum = 0;
};

// A stream's samples per "host metric", read in pieces of `piece` octets.
struct Replay {
  Replay(const std::string& name, std::size_t piece) {
    const std::string stream = read(name);
    Ingest ingest({}, collectd_rules(), nullptr);
    Framer framer({.framing = Framing::kLf, .needs_trailer = true});
    Frame frame;
    const auto take = [&] {
      while (framer.next(frame) == FrameStatus::kFrame) {
        ingest.receive_line({.bytes = frame.bytes,
                             .peer = peer,
                             .zone = zone,
                             .truncated = frame.truncated,
                             .incomplete = frame.incomplete},
                            kNow);
      }
    };
    for (std::size_t i = 0; i < stream.size(); i += piece) {
      framer.feed(std::string_view(stream).substr(i, piece));
      take();
    }
    framer.finish();
    take();
    stats = ingest.stats();
    const Delta delta = ingest.take_delta();
    for (const Delta::Host& host : delta.hosts) {
      for (const Delta::Entry& entry : host.entries) {
        Total& total = totals[host.name + ' ' + delta.metrics[entry.metric].name];
        total.count += entry.summary.count();
        total.sum += entry.summary.sum();
      }
    }
  }

  Utc zone;
  Peer peer{.text = "192.0.2.7"};
  Stats stats;
  std::map<std::string, Total> totals;
};

}  // namespace

TEST_CASE("the pack collectd passes its examples, and each rule has both kinds",
          "[app][graphite]") {
  const ExampleReport report = run_examples(collectd_pack());
  CHECK(report.example_count > 50);
  CHECK(report.failures.empty());
  CHECK(report.without_example.empty());
}

TEST_CASE("collectd's own streams give CPU and load, however they are cut", "[app][graphite]") {
  const std::size_t piece = GENERATE(1, 7, 1428, 1'000'000);
  CAPTURE(piece);
  const std::string host = "mon01_prod_example_com ";
  Replay plain("default.raw", piece);
  CHECK(plain.stats.graphite_lines_received == 224);
  CHECK(plain.stats.graphite_lines_malformed == 0);
  CHECK(plain.stats.graphite_lines_without_number == 24);
  CHECK(plain.totals.size() == 6);
  for (const char* metric : {"cpu.idle", "cpu.busy", "cpu.user", "cpu.system", "cpu.iowait"}) {
    CAPTURE(metric);
    CHECK(plain.totals[host + metric].count == 8);
  }
  CHECK(plain.totals[host + "cpu.idle"].sum == Approx(699.513).epsilon(1e-6));
  CHECK(plain.totals[host + "cpu.busy"].sum == Approx(800 - 699.513).epsilon(1e-5));
  CHECK(plain.totals[host + "load.1m"].count == 6);
  CHECK(plain.totals[host + "load.1m"].sum == Approx(6.900878906250));

  Replay prefixed("prefix.raw", piece);
  CHECK(prefixed.stats.graphite_lines_received == 184);
  CHECK(prefixed.totals[host + "cpu.idle"].count == 6);
  CHECK(prefixed.totals[host + "cpu.idle"].sum == Approx(590.016).epsilon(1e-6));
  CHECK(prefixed.totals[host + "load.1m"].count == 5);
}

TEST_CASE("counters of collectd do not pass for percentages", "[app][graphite]") {
  Replay replay("counters.raw", 4096);
  CHECK(replay.stats.graphite_lines_received == 184);
  for (const char* metric : {"cpu.idle", "cpu.busy", "cpu.user", "cpu.system", "cpu.iowait"}) {
    CHECK_FALSE(replay.totals.contains(std::string("mon02.prod.example.com ") + metric));
  }
  CHECK(replay.totals["mon02.prod.example.com load.1m"].count == 5);
}

}  // namespace sluice

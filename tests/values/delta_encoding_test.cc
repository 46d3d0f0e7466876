#include "sluice/values/delta_encoding.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "sluice/values/value_encoding.h"
#include "values/any_values.h"

namespace sluice {
namespace {

Timestamp at_second(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

Seconds window_at(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

Summary of_sample(double value, Timestamp time, bool keeps_distribution) {
  Summary summary(keeps_distribution);
  summary.add(value, time);
  return summary;
}

// Two hosts, as a tick in the life of a small fleet leaves them.
Delta small_delta() {
  const std::int64_t start = 1'700'000'040;
  Delta delta;
  delta.metrics = {{.name = "puppet.time.total",
                    .type = MetricType::kTiming,
                    .unit = "s",
                    .host_stats = {Stat::kMean},
                    .cluster_stats = {Stat::kP95, Stat::kCount},
                    .hold = std::chrono::seconds(3600),
                    .presence = "puppet"},
                   {.name = "puppet.runs.completed", .host_stats = {Stat::kCount}}};
  delta.rules = {"puppet-agent/applied"};
  delta.presences = {"puppet"};
  Delta::Host web{.name = "web1", .last_heard = at_second(start + 7)};
  web.signs = {{.presence = 0, .last = at_second(start + 5)}};
  web.entries.push_back({.metric = 0,
                         .window = window_at(start),
                         .summary = of_sample(12.34, at_second(start + 5), true)});
  web.entries.push_back({.metric = 1,
                         .window = window_at(start - 60),
                         .is_claimed = true,
                         .summary = of_sample(1, at_second(start - 1), false)});
  Delta::Host db{.name = "db1", .last_heard = at_second(start + 8), .is_path_node = true};
  Summary busy(true);
  for (int i = 0; i < 3; ++i) busy.add(i * 0.1, at_second(start + i));
  db.entries.push_back({.metric = 0, .window = window_at(start), .summary = busy});
  delta.hosts = {web, db};
  delta.sample_count = 5;
  return delta;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Memory that a delta takes, about.
std::size_t memory_of(const Delta& delta) {
  std::size_t bytes = delta.metrics.capacity() * sizeof(Metric) +
                      (delta.rules.capacity() + delta.presences.capacity()) * sizeof(std::string) +
                      delta.hosts.capacity() * sizeof(Delta::Host);
  for (const Delta::Host& host : delta.hosts) {
    bytes += host.signs.capacity() * sizeof(Delta::Sign) +
             host.entries.capacity() * sizeof(Delta::Entry);
    for (const Delta::Entry& entry : host.entries) bytes += entry.summary.heap_bytes();
  }
  return bytes;
}

// Decodes what may be damaged. What is taken for a delta must be as good as one.
void try_to_decode(const std::string& bytes) {
  const auto delta = decode_delta(bytes);
  if (!delta) {
    REQUIRE_FALSE(delta.error().what.empty());
    return;
  }
  REQUIRE(memory_of(*delta) <= 100 * bytes.size());
  const auto again = decode_delta(encode_delta(*delta));
  REQUIRE(again.has_value());
  REQUIRE(is_same(*again, *delta));
}

}  // namespace

TEST_CASE("any delta is read back to the last bit", "[values][encoding]") {
  const bool holds = rc::check([] {
    const Delta delta = any_delta();
    const std::string bytes = encode_delta(delta);
    const auto decoded = decode_delta(bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(is_same(*decoded, delta));
    RC_ASSERT(encode_delta(*decoded) == bytes);
  });
  CHECK(holds);
}

TEST_CASE("the form of a delta does not change unnoticed", "[values][encoding]") {
  // Whoever must change this must let kValueEncodingVersion grow: journals of this form are on
  // disks.
  const std::string form =
      "010502117075707065742e74696d652e746f74616c000173010102070000000000a0380670757070"
      "6574157075707065742e72756e732e636f6d706c6574656403000100000000000000000114707570"
      "7065742d6167656e742f6170706c696564010670757070657402047765623100fb92fed43201000f"
      "0200d0c49fd50c000fe9c0012b0377000dd10fdb0303646231020b00010078001303011391039103"
      "00343333333333d33f00000000000080bc0601c9019103";
  CHECK(kValueEncodingVersion == 1);
  CHECK(hex_of(encode_delta(small_delta())) == form);
}

TEST_CASE("an entry of one sample takes few bytes", "[values][encoding]") {
  Delta delta = small_delta();
  const std::size_t before = encode_delta(delta).size();
  Delta::Host& host = delta.hosts.back();
  host.entries.push_back({.metric = 0,
                          .window = host.entries.back().window,
                          .summary = of_sample(98.76, at_second(1'700'000'095), true)});
  CHECK(encode_delta(delta).size() - before == 9);
}

TEST_CASE("a delta that is cut anywhere is refused", "[values][encoding]") {
  const std::string bytes = encode_delta(small_delta());
  REQUIRE(decode_delta(bytes).has_value());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    // Its own memory, for the sanitizers.
    CHECK_FALSE(decode_delta(bytes.substr(0, size)).has_value());
  }
  CHECK_FALSE(decode_delta(bytes + '\0').has_value());
}

TEST_CASE("a damaged delta is refused or is one that could be", "[values][encoding]") {
  const std::string bytes = encode_delta(small_delta());
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = bytes;
      damaged[place] = static_cast<char>(value);
      CAPTURE(place, value);
      try_to_decode(damaged);
    }
  }
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = bytes;
    for (auto i = random() % 6 + 1; i > 0; --i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    CAPTURE(round);
    try_to_decode(damaged);
  }
}

TEST_CASE("a delta of another form is refused by name", "[values][encoding]") {
  std::string bytes = encode_delta(small_delta());
  bytes[0] = 9;
  const auto delta = decode_delta(bytes);
  REQUIRE_FALSE(delta.has_value());
  CHECK(delta.error().message() == "a delta of form 9; this program reads form 1");
}

TEST_CASE("a delta that points behind its tables is refused", "[values][encoding]") {
  Delta delta = small_delta();
  SECTION("metric") { delta.hosts[0].entries[0].metric = 2; }
  SECTION("rule") { delta.hosts[0].entries[0].rule = 1; }
  SECTION("presence") { delta.hosts[0].signs[0].presence = 1; }
  SECTION("window of another age") { delta.hosts[0].entries[0].window = window_at(9'100'000'000); }
  SECTION("nothing in a summary") { delta.hosts[0].entries[0].summary = Summary(true); }
  SECTION("a timing without its distribution") {
    delta.hosts[0].entries[0].summary = of_sample(1, at_second(1'700'000'041), false);
  }
  CHECK_FALSE(decode_delta(encode_delta(delta)).has_value());
}

}  // namespace sluice

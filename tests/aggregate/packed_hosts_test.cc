#include "aggregate/packed_hosts.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <utility>

namespace sluice {

TEST_CASE("packed, a window of a large fleet takes a fifth of its memory", "[aggregate]") {
  const Seconds start{std::chrono::seconds(99'960)};
  WindowStore store({}, start);
  for (HostId host = 0; host < 2'000; ++host) {
    for (MetricId metric = 0; metric < 10; ++metric) {
      Summary gauge;
      gauge.add(host % 7 + 0.5, start + std::chrono::seconds(30));
      store.merge(start, host, metric, std::move(gauge), start);
    }
  }
  const Window& window = *store.find(start);
  const PackedHosts packed = PackedHosts::pack(window.hosts(), start);
  CHECK(packed.bytes() < window.bytes() / 5);
  CHECK(packed.unpack(start).size() == 2'000);
}

}  // namespace sluice

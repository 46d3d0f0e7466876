#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "sluice/base/stats.h"

namespace sluice {

TEST_CASE("docs/metrics.md lists every counter with its meaning", "[base]") {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/metrics.md");
  REQUIRE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  for (const CounterRow& row : kCounters) {
    CAPTURE(row.name);
    const std::string line = "| `" + std::string(row.name) + "` | " + std::string(row.help) + " |\n";
    CHECK(text.str().find(line) != std::string::npos);
  }
}

}  // namespace sluice

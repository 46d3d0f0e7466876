#include "app/graphite_check.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "app/carbon_snippets.h"
#include "config/cluster_map.h"
#include "store/scratch_folder.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;

Setup setup_with(std::vector<PackDefinition> packs) {
  Setup setup{.packs = std::move(packs)};
  setup.cluster_map = *decode_cluster_map(
      R"({"hosts": {"web01": {"cluster": "web", "environment": "prod"}, "web02": "web", "db*": "db"}})",
      "map.json");
  setup.clusters = *ClusterMap::make(setup.cluster_map, {});
  return setup;
}

PackDefinition jobs_pack() {
  RuleDefinition rule{.name = "r", .match = "^x"};
  rule.emits.push_back({.metric = {.name = "jobs"}});
  rule.emits.push_back({.metric = {.name = "job.{kind}.time", .type = MetricType::kTiming}});
  rule.emits.push_back(
      {.metric = {.name = "job.state", .type = MetricType::kState, .states = {"done", "broken"}}});
  return {.name = "jobs", .rules = {std::move(rule)}};
}

class Carbon {
 public:
  Carbon(const std::string& schemas, const std::string& aggregation) {
    std::ofstream(folder_.file("storage-schemas.conf")) << schemas;
    std::ofstream(folder_.file("storage-aggregation.conf")) << aggregation;
    auto loaded = StorageRules::load_folder(
        std::filesystem::path(folder_.file("storage-schemas.conf")).parent_path());
    REQUIRE(loaded.has_value());
    rules_.emplace(std::move(*loaded));
  }

  [[nodiscard]] const StorageRules& rules() const { return *rules_; }

  // What is said of `setup`, one line each.
  [[nodiscard]] std::string judge(const Setup& setup) const {
    std::string all;
    for (const Finding& finding : check_storage(setup, *Paths::make({}), *rules_))
      all += finding.text + '\n';
    return all;
  }

 private:
  ScratchFolder folder_;
  std::optional<StorageRules> rules_;
};

constexpr const char* kAll = "[all]\npattern = .*\nretentions = ";
constexpr const char* kSum = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = sum\n";

}  // namespace

TEST_CASE("carbon's own example rules are found to falsify counts and to erase sparse series",
          "[app]") {
  const Carbon carbon(std::string(kAll) + "60s:1d,5m:30d\n",
                      "[min]\npattern = \\.min$\nxFilesFactor = 0.1\naggregationMethod = min\n"
                      "[count]\npattern = \\.count$\nxFilesFactor = 0\naggregationMethod = max\n");
  const std::string said = carbon.judge(setup_with({jobs_pack()}));
  CHECK_THAT(said, Contains("section [count] decides for 8 kinds of series, such as "
                            "sluice.hosts.web.web01.jobs.count: aggregationMethod max falsifies "
                            "leaves (count needs sum)"));
  CHECK_THAT(said, Contains("section [carbon's own default] decides for") &&
                       Contains("falsifies leaves (max needs max)") &&
                       Contains("xFilesFactor 0.5 drops a slot of 300 s unless 2.5 of its 5"));
  CHECK_THAT(said, !Contains("section [min]"));
}

TEST_CASE("the snippets for a configuration leave nothing to say", "[app]") {
  Setup setup = setup_with({jobs_pack()});
  setup.config.destinations.push_back({.name = "graphite"});
  for (const int window : {1, 10, 60, 90, 300, 3600}) {
    CAPTURE(window);
    setup.config.window = std::chrono::seconds(window);
    const auto paths = *Paths::make({});
    const Carbon carbon(storage_schemas_snippet(paths, setup.config.window),
                        storage_aggregation_snippet(paths));
    CHECK(carbon.judge(setup).empty());
  }
}

TEST_CASE("the snippets know prefixes and templates that begin elsewhere", "[app]") {
  const auto paths =
      Paths::make({.prefix = "metrics.eu", .templates = {{"hosts", "servers.{cluster}.{host}"}}});
  REQUIRE(paths);
  CHECK_THAT(storage_schemas_snippet(*paths, std::chrono::seconds(60)),
             Contains("pattern = ^(?:metrics\\.eu\\.all|metrics\\.eu\\.by\\.[^.]+\\.[^.]+|"
                      "metrics\\.eu\\.clusters\\.[^.]+|metrics\\.eu\\.relays\\.relay|"
                      "servers\\.[^.]+\\.[^.]+)\\.\nretentions = 60s:7d,5m:90d,1h:3y\n"));
  // Others may keep series below "metrics", too.
  const auto below = Paths::make({.prefix = "metrics.eu"});
  REQUIRE(below);
  CHECK_THAT(storage_schemas_snippet(*below, std::chrono::seconds(60)),
             Contains("pattern = ^metrics\\.eu\\.\n"));
}

TEST_CASE("a step that does not fit the window is told", "[app]") {
  Setup setup = setup_with({jobs_pack()});
  setup.config.destinations.push_back({.name = "graphite"});
  const auto said = [&](const std::string& retentions, int window) {
    setup.config.window = std::chrono::seconds(window);
    return Carbon(kAll + retentions + '\n', kSum).judge(setup);
  };
  CHECK_THAT(said("60s:7d", 10), Contains("several windows fall into one slot of 60 s"));
  CHECK_THAT(said("60s:7d", 90), Contains("no whole multiple of the step of 60 s"));
  CHECK_THAT(said("10s:7d", 60), Contains("5 of 6 slots stay empty"));
  CHECK(said("60s:7d", 60).empty());  // One archive: nothing is rolled up.
  CHECK_THAT(said("60s:6h,5m:7d", 60),
             Contains("its first archive reaches back 6h, \"spool_age_max\" of destination "
                      "graphite is 23h"));
}

TEST_CASE("a pattern that cannot be judged is told, and passed over", "[app]") {
  const Carbon carbon("[odd]\npattern = ^(?!carbon)\nretentions = 10s:1d\n", kSum);
  CHECK_THAT(carbon.judge(setup_with({jobs_pack()})),
             Contains("section [odd]: pattern ^(?!carbon) cannot be judged here"));
  CHECK(carbon.rules().schema_of("sluice.x").name == "carbon's own default");
}

TEST_CASE("the series, files and disk that the hosts of the map can come to", "[app]") {
  Setup setup = setup_with({jobs_pack()});
  setup.presences = {{.name = "jobs", .every = std::chrono::minutes(5)}};
  const Carbon carbon(std::string(kAll) + "60s:1d\n", kSum);
  const auto estimate = estimate_series(setup, *Paths::make({}), &carbon.rules());
  CHECK(estimate.hosts == 2);    // db* stands for none.
  CHECK(estimate.rollups == 4);  // web, db, environment prod, the fleet.
  CHECK(estimate.open_names == 1);
  const std::size_t of_host = default_host_stats(MetricType::kCounter).size() +
                              default_host_stats(MetricType::kTiming).size();
  const std::size_t of_cluster = default_cluster_stats(MetricType::kCounter).size() +
                                 default_cluster_stats(MetricType::kTiming).size() + 2 +
                                 2 +  // The states, stale and never.
                                 3;   // The presence.
  CHECK(estimate.series_per_host == of_host);
  CHECK(estimate.series_per_rollup == of_cluster);
  CHECK(estimate.series() == 2 * of_host + 4 * of_cluster);
  CHECK(estimate.bytes == estimate.series() * 17'308);
  setup.config.rollups = false;
  CHECK(estimate_series(setup, *Paths::make({}), nullptr).series() == 2 * of_host);
}

}  // namespace sluice

#include <catch2/catch.hpp>
#include <string>

#include "sluice/pipeline/ingest.h"

namespace sluice {
namespace {

class Utc : public Zone {
 public:
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::nanoseconds> local,
                                 Timestamp) const noexcept override {
    return Timestamp(local.time_since_epoch());
  }
};

std::shared_ptr<const RuleSet> counting_rules() {
  RuleDefinition item{.name = "item", .apps = {"job"}, .match = "^item$"};
  item.context =
      ContextAction{.add = {{"items", {.kind = ValueSource::Kind::kConstant, .constant = 1}}}};
  RuleDefinition end{.name = "end", .apps = {"job"}, .match = "^end$"};
  end.emits.push_back({.metric = {.name = "job.items", .type = MetricType::kDistribution},
                       .value = {.kind = ValueSource::Kind::kContext, .name = "items"}});
  end.context = ContextAction{.end = true};
  return *RuleSet::compile({PackDefinition{.name = "job", .rules = {item, end}}});
}

}  // namespace

TEST_CASE("a reload in the middle of a run loses nothing of the run", "[pipeline]") {
  Utc zone;
  const Peer peer{.text = "192.0.2.7"};
  const Timestamp now = Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22));
  Ingest ingest({}, counting_rules(), nullptr);
  const auto receive = [&](const std::string& text) {
    const std::string line = "<13>Nov 22 00:00:00 web01 job[7]: " + text;
    ingest.receive({.bytes = line, .peer = peer, .zone = zone}, now);
  };
  receive("item");
  ingest.set_rules(counting_rules());
  receive("item");
  ingest.set_rules(counting_rules());
  receive("end");
  const Delta delta = ingest.take_delta();
  REQUIRE(delta.hosts.size() == 1);
  REQUIRE(delta.hosts[0].entries.size() == 1);
  CHECK(delta.hosts[0].entries[0].summary.sum() == 2);
}

}  // namespace sluice

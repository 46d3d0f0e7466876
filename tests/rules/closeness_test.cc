#include "rules/closeness.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "config/pack_reader.h"
#include "sluice/rules/matcher.h"
#include "sluice/rules/rule_set.h"

namespace sluice {
namespace {

// Of the shipped rules of Puppet, the one that comes closest to a text that none matches.
class Closest {
 public:
  Closest() {
    std::vector<PackDefinition> packs;
    for (const char* const name : {"puppet-agent", "puppetserver"}) {
      const std::string path = SLUICE_SOURCE_DIR "/rules/" + std::string(name) + ".json";
      std::ostringstream text;
      text << std::ifstream(path).rdbuf();
      packs.push_back(*decode_pack(text.str(), path));
    }
    rules_ = *RuleSet::compile(packs);
    matcher_.emplace(rules_, MatcherOptions{});
  }

  std::string operator()(std::string_view app, std::uint8_t severity, std::string_view text) {
    Record record;
    record.app_name = app;
    record.facility = 3;
    record.severity = severity;
    record.message = text;
    std::vector<Sample> samples;
    std::vector<RuleTrace> traces;
    if (matcher_->explain({.record = record, .host = "web01"}, samples, traces) > 0)
      return "matched";
    const auto closest = std::ranges::max_element(traces, {}, &RuleTrace::closeness);
    return rules_->name(closest->rule);
  }

 private:
  std::shared_ptr<const RuleSet> rules_;
  std::optional<Matcher> matcher_;
};

}  // namespace

TEST_CASE("lines are alike by their pairs of octets, whatever their numbers", "[rules]") {
  const LineShape line("Applied catalog in 12.34 seconds");
  CHECK(line.likeness(line) == 1);
  CHECK(line.likeness(LineShape("Applied catalog in 7.1 seconds")) == 1);
  CHECK(line.likeness(LineShape("Aplied catalog in 12.34 seconds")) > 0.9);
  CHECK(line.likeness(LineShape("Finished catalog run in 12.34 seconds")) > 0.5);
  CHECK(line.likeness(LineShape("xyz")) == 0);
  CHECK(line.likeness(LineShape("")) == 0);
  CHECK(LineShape("").likeness(LineShape("")) == 0);
  CHECK(LineShape("a").likeness(line) == 0);  // No pair at all.
}

TEST_CASE("the rule that a slip was meant for comes closest", "[rules][explain]") {
  static Closest closest;
  static constexpr std::uint8_t kError = 3;
  static constexpr std::uint8_t kNotice = 5;
  static constexpr std::uint8_t kInfo = 6;
  const auto [app, severity, text, rule] =
      GENERATE(table<std::string_view, std::uint8_t, std::string_view, std::string>({
          {"puppet-agent", kNotice, "Applied catalog in 12.34 secs", "puppet-agent/applied"},
          {"puppet-agent", kNotice, "Applied catalog in 12.34 minutes", "puppet-agent/applied"},
          {"puppet-agent", kNotice, "Applied catalogue in 12.34 seconds", "puppet-agent/applied"},
          {"puppet-agent", kNotice, "Aplied catalog in 12.34 seconds", "puppet-agent/applied"},
          {"puppet-agent", kNotice, "Finished catalog run in 12 seconds", "puppet-agent/applied"},
          {"puppet-agent", kNotice, "Catalog run took 12.34 seconds", "puppet-agent/applied"},
          {"puppet-agent", kError, "Could not retrieve catalog; skiping run",
           "puppet-agent/no-catalog"},
          {"puppet-agent", kError, "(/Stage[main]/Ntp/Service[ntp]) Failed to call refresh",
           "puppet-agent/refresh-failed"},
          {"puppet-server", kInfo,
           "Compiled catalog for web01.example.com in environment production in 0.71 second",
           "puppetserver/compiled-environment"},
      }));
  CAPTURE(text);
  CHECK(closest(app, severity, text) == rule);
}

}  // namespace sluice

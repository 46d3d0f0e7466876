#include "sluice/rules/examples.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "sluice/rules/matcher.h"
#include "sluice/values/record.h"

namespace sluice {
namespace {

constexpr std::string_view kExampleHost = "example-host";

std::string in_words(const std::map<std::string, double>& values) {
  if (values.empty()) return "nothing";
  std::string words;
  for (const auto& [metric, value] : values) {
    words += (words.empty() ? "" : ", ") + metric + " = " + std::to_string(value);
  }
  return words;
}

bool is_same(const std::map<std::string, double>& wanted,
             const std::map<std::string, double>& found) {
  return std::ranges::equal(wanted, found, [](const auto& a, const auto& b) {
    return a.first == b.first &&
           std::fabs(a.second - b.second) <= 1e-9 * std::max(1.0, std::fabs(a.second));
  });
}

// A record such as a well-behaved sender would have sent the example's line in.
Record record_of(const RuleDefinition& rule, const ExampleDefinition& example,
                 std::string_view line) {
  Record record;
  record.raw = line;
  record.message = line;
  record.has_message = true;
  record.procid = "1";
  record.hostname = kExampleHost;
  if (!rule.facilities.empty()) record.facility = rule.facilities.front();
  if (!rule.severities.empty()) record.severity = rule.severities.front();
  if (!example.app.empty()) {
    record.app_name = example.app;
  } else if (!rule.apps.empty()) {
    record.app_name = rule.apps.front();
    if (record.app_name.ends_with('*')) record.app_name.remove_suffix(1);
  }
  return record;
}

// What rule number `index` gave for the lines of `example`, per metric; `hosts` are its samples'
// hosts.
std::map<std::string, double> read_example(Matcher& matcher, std::uint32_t index,
                                           const RuleDefinition& rule,
                                           const ExampleDefinition& example,
                                           std::vector<std::string>& hosts) {
  std::map<std::string, double> given;
  std::vector<Sample> samples;
  for (const std::string& line : example.lines) {
    samples.clear();
    const Record record = record_of(rule, example, line);
    matcher.match({.record = record, .host = kExampleHost}, samples);
    for (const Sample& sample : samples) {
      if (sample.rule != index) continue;
      given[sample.metric->name] += sample.metric->type == MetricType::kAge ? 1 : sample.value;
      hosts.emplace_back(sample.host);
    }
  }
  return given;
}

void run_example(const std::shared_ptr<const RuleSet>& rules, std::uint32_t index,
                 const RuleDefinition& rule, const ExampleDefinition& example,
                 const std::string& place, ExampleReport& report) {
  Matcher matcher(rules, {});
  std::vector<std::string> hosts;
  const auto given = read_example(matcher, index, rule, example, hosts);
  ++report.example_count;
  const std::string quoted = "example \"" + example.lines.back() + "\": ";
  if (!is_same(example.gives, given)) {
    report.failures.push_back(place + quoted + "expected " + in_words(example.gives) + ", found " +
                              in_words(given));
  }
  for (const std::string& host : hosts) {
    if (!example.host.empty() && host != example.host) {
      report.failures.push_back(place + quoted + "expected host \"" + example.host +
                                "\", found \"" + host + '"');
    }
  }
}

}  // namespace

ExampleReport run_examples(const std::vector<PackDefinition>& packs) {
  ExampleReport report;
  for (const PackDefinition& pack : packs) {
    const auto rules = RuleSet::compile({pack});
    if (!rules) {
      report.failures.push_back(rules.error().message());
      continue;
    }
    for (std::uint32_t index = 0; index < pack.rules.size(); ++index) {
      const RuleDefinition& rule = pack.rules[index];
      const std::string place =
          (pack.file.empty() ? pack.name : pack.file) + ": rule " + rule.name + ": ";
      for (const ExampleDefinition& example : rule.examples)
        run_example(*rules, index, rule, example, place, report);
      const auto is_positive = [](const ExampleDefinition& example) {
        return !example.gives.empty();
      };
      const bool has_positive = rule.emits.empty()
                                    ? !rule.examples.empty()
                                    : std::ranges::any_of(rule.examples, is_positive);
      const bool has_negative =
          rule.emits.empty() || !std::ranges::all_of(rule.examples, is_positive);
      if (!has_positive || !has_negative)
        report.without_example.push_back(pack.name + '/' + rule.name);
    }
  }
  return report;
}

}  // namespace sluice

#include "sluice/rules/examples.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sluice/rules/matcher.h"
#include "sluice/values/graphite_line.h"
#include "sluice/values/record.h"

namespace sluice {
namespace {

constexpr std::string_view kExampleHost = "example-host";

using GivenValue = GivenValues::mapped_type;

// A number without zeros behind its digits, a state in quotes.
std::string spell(const GivenValue& value) {
  if (const auto* name = std::get_if<std::string>(&value)) return '"' + *name + '"';
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::get<double>(value));
  return {text.data(), end.ptr};
}

std::string in_words(const GivenValues& values) {
  if (values.empty()) return "nothing";
  std::string words;
  for (const auto& [metric, value] : values) {
    words += (words.empty() ? "" : ", ") + metric + " = " + spell(value);
  }
  return words;
}

bool is_same_value(const GivenValue& wanted, const GivenValue& found) {
  const auto* a = std::get_if<double>(&wanted);
  const auto* b = std::get_if<double>(&found);
  if (a == nullptr || b == nullptr) return wanted == found;
  return std::fabs(*a - *b) <= 1e-9 * std::max(1.0, std::fabs(*a));
}

bool is_same(const GivenValues& wanted, const GivenValues& found) {
  return std::ranges::equal(wanted, found, [](const auto& a, const auto& b) {
    return a.first == b.first && is_same_value(a.second, b.second);
  });
}

void add_sample(const Sample& sample, GivenValues& given) {
  const Metric& metric = *sample.metric;
  if (metric.type == MetricType::kState) {
    given[metric.name] = metric.states[static_cast<std::size_t>(sample.value)];
    return;
  }
  // An age is told by its moment, not by a value: each sample counts as one.
  const double value = metric.type == MetricType::kAge ? 1 : sample.value;
  GivenValue& sum = given.try_emplace(metric.name, 0.0).first->second;
  sum = std::get<double>(sum) + value;
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
  record.structured_data = example.structured_data;
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

// False for what no rule gets to see: a line that is none, or has no number.
bool read_line(std::string_view text, GraphiteLine& line) {
  return parse_graphite_line(text, line) == LineError::kNone && line.has_number();
}

bool is_of_graphite(const RuleDefinition& rule) {
  return std::ranges::find(rule.inputs, "graphite") != rule.inputs.end();
}

// What a rule gave for the lines of an example.
struct Outcome {
  GivenValues given;
  std::vector<std::string> hosts;  // Of its samples.
};

// What rule number `index` gives for the lines of `example`.
Outcome read_example(ExampleReader& reader, std::uint32_t index, const RuleDefinition& rule,
                     const ExampleDefinition& example) {
  Outcome outcome;
  reader.read(rule, example, [&](const Sample& sample) {
    if (sample.rule != index) return;
    add_sample(sample, outcome.given);
    outcome.hosts.emplace_back(sample.host);
  });
  return outcome;
}

// How far rule number `index` got with the last line of `example`; empty when it gave a sample and
// nothing kept it from others.
std::string reason_of(const std::shared_ptr<const RuleSet>& rules, std::uint32_t index,
                      const RuleDefinition& rule, const ExampleDefinition& example) {
  Matcher matcher(rules, {});
  std::vector<Sample> samples;
  std::vector<RuleTrace> traces;
  for (const std::string& line : example.lines) {
    const Record record = record_of(rule, example, line);
    GraphiteLine graphite;
    const bool is_graphite = is_of_graphite(rule);
    if (is_graphite && !read_line(line, graphite)) continue;
    traces.clear();
    matcher.explain(
        {.record = record, .host = kExampleHost, .line = is_graphite ? &graphite : nullptr},
        samples, traces);
  }
  if (traces.empty()) return "none of its lines is a path, a number and a time";
  const RuleTrace& trace = traces[index];
  if (trace.outcome != RuleTrace::Outcome::kMatched) return trace.detail;
  std::string reason = trace.sample_count == 0 ? "the rule matches" : "";
  for (const std::string& note : trace.notes) reason += (reason.empty() ? "" : "; ") + note;
  return reason;
}

void run_example(const std::shared_ptr<const RuleSet>& rules, ExampleReader& reader,
                 std::uint32_t index, const RuleDefinition& rule, const ExampleDefinition& example,
                 const std::string& place, ExampleReport& report) {
  const Outcome outcome = read_example(reader, index, rule, example);
  ++report.example_count;
  const std::string quoted = "example \"" + example.lines.back() + "\": ";
  if (!is_same(example.gives, outcome.given)) {
    std::string failure = place + quoted + "expected " + in_words(example.gives) + ", found " +
                          in_words(outcome.given);
    const std::string reason = reason_of(rules, index, rule, example);
    if (!reason.empty()) failure += " (" + reason + ')';
    report.failures.push_back(std::move(failure));
  }
  for (const std::string& host : outcome.hosts) {
    if (!example.host.empty() && host != example.host) {
      report.failures.push_back(place + quoted + "expected host \"" + example.host +
                                "\", found \"" + host + '"');
    }
  }
}

}  // namespace

ExampleReader::ExampleReader(std::shared_ptr<const RuleSet> rules)
    : matcher_(std::move(rules), {}) {}

void ExampleReader::read(const RuleDefinition& rule, const ExampleDefinition& example,
                         const std::function<void(const Sample&)>& take) {
  const std::string procid = std::to_string(++count_);
  for (const std::string& line : example.lines) {
    samples_.clear();
    Record record = record_of(rule, example, line);
    record.procid = procid;
    GraphiteLine graphite;
    const bool is_graphite = is_of_graphite(rule);
    if (is_graphite && !read_line(line, graphite)) continue;
    matcher_.match(
        {.record = record, .host = kExampleHost, .line = is_graphite ? &graphite : nullptr},
        samples_);
    for (const Sample& sample : samples_) take(sample);
  }
}

ExampleReport run_examples(const std::vector<PackDefinition>& packs) {
  ExampleReport report;
  for (const PackDefinition& pack : packs) {
    const auto rules = RuleSet::compile({pack});
    if (!rules) {
      report.failures.push_back(rules.error().message());
      continue;
    }
    ExampleReader reader(*rules);
    for (std::uint32_t index = 0; index < pack.rules.size(); ++index) {
      const RuleDefinition& rule = pack.rules[index];
      const std::string place =
          (pack.file.empty() ? pack.name : pack.file) + ": rule " + rule.name + ": ";
      for (const ExampleDefinition& example : rule.examples)
        run_example(*rules, reader, index, rule, example, place, report);
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

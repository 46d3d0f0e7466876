#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/values/metric.h"

namespace sluice {

// Packs and rules as plain data, the way `config` decodes them from JSON and RuleSet compiles them.
// docs/rules.md is the language by example.

// A value of the context: a number or a text.
using ContextValue = std::variant<double, std::string>;

// A test of one variable of the context.
struct Condition {
  std::string variable;
  enum class Kind : std::uint8_t {
    kEquals,  // JSON: a number or a string.
    kAbsent,  // JSON: null. The variable is not set.
    kRange,   // JSON: {"min": 1}, {"max": 5}, or both; inclusive. A variable that is not set is 0.
  } kind = Kind::kEquals;
  ContextValue equals;
  std::optional<double> min;
  std::optional<double> max;
};

// Where a number comes from. In JSON a string names a field ("seconds", a capture;
// "context.changes", a variable of the context; "sd.ID.NAME", a structured data parameter),
// a number stands for itself.
struct ValueSource {
  enum class Kind : std::uint8_t {
    kConstant,
    kCapture,
    kContext,
    kStructuredData
  } kind = Kind::kConstant;
  double constant = 1;
  std::string name;   // Capture, variable, or SD-ID.
  std::string param;  // Structured data: PARAM-NAME.
};

// One sample that a matching rule gives.
struct EmitDefinition {
  Metric metric;                // Its name may hold {capture}; empty stats mean the type's default.
  ValueSource value;            // Default: the constant 1.
  double scale = 1;             // Multiplies the value: 0.001 for a log that counts milliseconds.
  double offset = 0;            // Added after scaling: 100 - idle is scale -1 and offset 100.
  std::string host;             // Capture that names the host; empty: the record's own.
  std::vector<Condition> when;  // Tested after this rule's `set` and `add`.
};

// What a matching rule does to the context of (host, APP-NAME, PROCID).
struct ContextAction {
  std::vector<std::pair<std::string, ContextValue>> set;  // A text may hold {capture}.
  std::vector<std::pair<std::string, ValueSource>> add;   // Numbers; a variable not set is 0.
  bool end = false;                                       // Forgets the context, after the emits.
};

// A line and what it must give: the sum of the values per metric name. Empty: the rule must not
// match.
struct ExampleDefinition {
  // One line, or several that are read one after the other with one context.
  std::vector<std::string> lines;
  std::map<std::string, double> gives;
  std::string app;   // APP-NAME to read it under; default: the rule's first.
  std::string host;  // Expected host of every sample, where the rule takes it from a capture.
};

struct RuleDefinition {
  std::string name;
  std::vector<std::string> apps;  // Exact, or a prefix that ends in '*'; empty: every program.
  std::vector<std::uint8_t> facilities;  // 0..23; empty: any.
  std::vector<std::uint8_t> severities;  // 0..7; empty: any.
  std::vector<std::string> inputs;       // Input kinds ("syslog", "graphite"); empty: syslog.
  std::vector<Condition> where;
  std::string match;  // RE2.
  std::vector<EmitDefinition> emits;
  std::optional<ContextAction> context;
  bool stop = false;  // A match ends the search for that record.
  std::vector<ExampleDefinition> examples;
};

struct PresenceDefinition {
  std::string name;
  std::chrono::seconds every{0};
};

struct PackDefinition {
  std::string name;
  std::string file;  // For messages; empty when it came from nowhere.
  std::optional<PresenceDefinition> presence;
  std::vector<RuleDefinition> rules;
};

}  // namespace sluice

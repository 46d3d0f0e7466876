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

// A test of one variable of the context, or of a field ("field.PATH", "sd.ID.NAME").
struct Condition {
  std::string variable;
  enum class Kind : std::uint8_t {
    kEquals,  // JSON: a number or a string.
    kAbsent,  // JSON: null. The variable is not set.
    kRange,   // JSON: {"min": 1}, {"max": 5}, or both; inclusive. A variable that is not set is 0;
              // a field that is not set, or no number, is in no range.
  } kind = Kind::kEquals;
  ContextValue equals;
  std::optional<double> min;
  std::optional<double> max;

  friend bool operator==(const Condition&, const Condition&) = default;
};

// Where a number comes from. In JSON a string names a field ("seconds", a capture;
// "context.changes", a variable of the context; "sd.ID.NAME", a structured data parameter;
// "field.PATH", a field of the text), a number stands for itself. In rules of Graphite input
// "value" is the number of the line.
struct ValueSource {
  enum class Kind : std::uint8_t {
    kConstant,
    kCapture,
    kContext,
    kStructuredData,
    kField
  } kind = Kind::kConstant;
  double constant = 1;
  std::string name;   // Capture, variable, SD-ID, or path of a field.
  std::string param;  // Structured data: PARAM-NAME.

  friend bool operator==(const ValueSource&, const ValueSource&) = default;
};

// Text that a rule reads as fields: `{"a": {"b": 1}}` has "a.b", `a=1 b=2` has "a" and "b".
struct FieldsDefinition {
  enum class Kind : std::uint8_t { kJson, kPairs } kind = Kind::kJson;
  std::string from;  // The capture that holds the text; empty: all of it.

  friend bool operator==(const FieldsDefinition&, const FieldsDefinition&) = default;
};

// How long the last value of a host takes part in its cluster's values.
struct HoldDefinition {
  std::chrono::seconds time{0};  // 0: not held.
  bool as_presence = false;      // As long as the host counts as reporting, instead of `time`.

  friend bool operator==(const HoldDefinition&, const HoldDefinition&) = default;
};

// What a metric is, as a rule says it, or its pack once for several rules.
struct MetricDefinition {
  Metric metric;  // Without its presence; a `ttl` of 0 is the default.
  HoldDefinition hold;

  friend bool operator==(const MetricDefinition&, const MetricDefinition&) = default;
};

// One sample that a matching rule gives.
struct EmitDefinition {
  Metric metric;  // Its name may hold {capture}; empty stats mean the type's default, and so does
                  // the `ttl` of a state when it is 0.
  bool holds_as_presence = false;  // Then `metric.hold` comes from the presence of the pack.
  // Default: the constant 1. Of a state: a field that holds one of its names, or as a constant the
  // index of one.
  ValueSource value;
  double scale = 1;   // Multiplies the value: 0.001 for a log that counts milliseconds.
  double offset = 0;  // Added after scaling: 100 - idle is scale -1 and offset 100.
  std::string host;   // Field that names the host; empty: the record's own.
  // "field.PREFIX*", "sd.ID.PREFIX*" or "PREFIX*" (captures), the '*' anywhere: one sample per
  // field of such a name that holds a number, which is the value. {each} in the name of the metric
  // is what the '*' stands for. Empty: one sample.
  std::string each;
  std::vector<Condition> when;  // Tested after this rule's `set` and `add`.

  friend bool operator==(const EmitDefinition&, const EmitDefinition&) = default;
};

// What a matching rule does to the context of (host, APP-NAME, PROCID).
struct ContextAction {
  std::vector<std::pair<std::string, ContextValue>> set;  // A text may hold {capture}.
  std::vector<std::pair<std::string, ValueSource>> add;   // Numbers; a variable not set is 0.
  bool end = false;                                       // Forgets the context, after the emits.

  friend bool operator==(const ContextAction&, const ContextAction&) = default;
};

// What an example gives per metric: the sum of the values, of a state the name of the last one.
using GivenValues = std::map<std::string, std::variant<double, std::string>>;

// A line and what it must give. Empty: the rule must not match.
struct ExampleDefinition {
  // One line, or several that are read one after the other with one context.
  std::vector<std::string> lines;
  GivenValues gives;
  std::string app;   // APP-NAME to read it under; default: the rule's first.
  std::string host;  // Expected host of every sample, where the rule takes it from a field.
  std::string structured_data;  // "[id name=\"value\"]", as sent with each of the lines.

  friend bool operator==(const ExampleDefinition&, const ExampleDefinition&) = default;
};

// Something for people that a matching rule says, and no series shows.
struct NoteDefinition {
  std::string kind = "event";   // "failure" is folded to reasons; other kinds are lists of events.
  std::string text;             // May hold {capture}, and {message}: the text that was searched.
  std::string host;             // Capture that names the host; empty: the record's own.
  bool clear = false;           // Of a failure: the host's failures of this pack are over; no text.
  std::vector<Condition> when;  // Tested as an emit's.

  friend bool operator==(const NoteDefinition&, const NoteDefinition&) = default;
};

struct RuleDefinition {
  std::string name;
  std::vector<std::string> apps;  // Exact, or a prefix that ends in '*'; empty: every program.
  std::vector<std::uint8_t> facilities;  // 0..23; empty: any.
  std::vector<std::uint8_t> severities;  // 0..7; empty: any.
  std::vector<std::string> inputs;       // Input kinds ("syslog", "graphite"); empty: syslog.
  std::string host;  // Graphite input: the capture that names the host of all its emits.
  std::vector<Condition> where;
  std::string match;                       // RE2.
  std::optional<FieldsDefinition> fields;  // Without such text the rule does not match.
  std::vector<EmitDefinition> emits;
  std::vector<NoteDefinition> notes;
  std::optional<ContextAction> context;
  bool stop = false;  // A match ends the search for that record.
  std::vector<ExampleDefinition> examples;

  friend bool operator==(const RuleDefinition&, const RuleDefinition&) = default;
};

// A sign of life: hosts are expected to show it this often, and count as reporting for twice as
// long after each.
struct PresenceDefinition {
  std::string name;
  std::chrono::seconds every{0};
  // Which of the cluster map's hosts are expected to give it: those whose canonical name is one of
  // `hosts` ('*' stands for any characters), and those of `clusters`. Both empty: all of them.
  std::vector<std::string> hosts;
  std::vector<std::string> clusters;

  friend bool operator==(const PresenceDefinition&, const PresenceDefinition&) = default;
};

struct PackDefinition {
  std::string name;
  std::string file;  // For messages; empty when it came from nowhere.
  std::optional<PresenceDefinition> presence;
  // Packs that count the same events from other lines: one of them is enough for a host.
  std::vector<std::string> alternatives;
  std::vector<RuleDefinition> rules;
};

}  // namespace sluice

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/rules/rule_set.h"
#include "sluice/values/graphite_line.h"
#include "sluice/values/record.h"
#include "sluice/values/sample.h"

namespace sluice {

struct MatcherOptions {
  // Contexts kept at once; the one that was used longest ago makes room, and is counted.
  std::size_t contexts_max = 100'000;
  // A context nobody touched for this long is forgotten: a run that died without its last line.
  std::chrono::seconds context_ttl{2 * 3600};
};

// What the rules did since the start. Each is one counter of the ledger or of `status`.
struct MatcherStats {
  std::uint64_t rules_matched = 0;  // Rule and record pairs.
  std::uint64_t bad_values = 0;     // Captures that were no finite number, or no name of a state.
  std::uint64_t fields_broken = 0;  // Texts that began as JSON and were none, or beyond a bound.
  std::uint64_t names_folded = 0;   // Samples whose {capture} became "other".
  std::uint64_t contexts_evicted = 0;
  std::uint64_t contexts_expired = 0;
};

// A note that a rule made of a record.
struct MatchedNote {
  std::uint32_t rule = 0;
  const NoteDefinition* definition = nullptr;  // Lives as long as the rules.
  std::chrono::seconds ttl{0};                 // Of a failure.
  std::string_view host;                       // As the samples'.
  bool is_claimed = false;                     // A capture names the host.
  std::string text;                            // Fit to be shown.
};

// Why a rule did or did not match, for `explain`.
struct RuleTrace {
  enum class Outcome : std::uint8_t {
    kMatched,
    kApp,  // The record's APP-NAME is none of the rule's.
    kFacility,
    kSeverity,
    kInput,    // The rule reads another kind of input.
    kWhere,    // A condition on the context or on a field does not hold.
    kLiteral,  // The text lacks octets that the pattern requires.
    kPattern,  // The pattern does not match.
    kFields,   // The text has no fields of the kind that the rule reads.
    kStopped,  // An earlier rule with "stop" matched; this one was not tried.
  };
  std::uint32_t rule = 0;
  Outcome outcome = Outcome::kMatched;
  std::string detail;  // What was wanted, for people; empty on a match.
  // Of a rule that reads this program and did not match: the greater, the closer it came. Of a rule
  // of other programs: not 0 if it would match.
  double closeness = 0;
  std::vector<std::pair<std::string, std::string>> captures;  // Named groups, on a match.
  std::vector<std::pair<std::string, std::string>> fields;    // Of the text, on a match.
  std::vector<std::string> notes;                             // Emits that gave no sample, and why.
  std::vector<std::pair<std::string, std::string>> context_before;
  std::vector<std::pair<std::string, std::string>> context;  // As it stands after the rule.
  std::size_t first_sample = 0;  // The rule's samples among those written.
  std::size_t sample_count = 0;
};

[[nodiscard]] std::string_view name_of(RuleTrace::Outcome outcome) noexcept;

// Tries the rules on records, one worker's worth: contexts, names with captures, counters.
class Matcher {
 public:
  Matcher(std::shared_ptr<const RuleSet> rules, const MatcherOptions& options);
  ~Matcher();
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // A record with what the pipeline found out about it.
  struct Input {
    const Record& record;
    std::string_view host;     // Canonical.
    Timestamp time{};          // Event time of the samples.
    Timestamp now{};           // Arrival; contexts age by it.
    std::uint32_t weight = 1;  // Further equal events that a repeat notice stands for.
    // A line of Graphite plaintext that has a number, instead of the record; `host` is then who
    // sent it, and counts only where no capture names one.
    const GraphiteLine* line = nullptr;
    // may_match() was asked about this record's APP-NAME and text, and nothing else since: what it
    // found out is not worked out again.
    bool is_asked = false;
  };

  // False for most records that may_match() denies, at the first octet of the text.
  [[nodiscard]] bool may_begin(std::string_view app_name, std::string_view text);

  // False when match() would find no rule for a record of syslog that has this APP-NAME and text,
  // and no second reading of the text (`full_text`). Costs what match() then saves. matched() and
  // notes() stay as they are.
  [[nodiscard]] bool may_match(std::string_view app_name, std::string_view text);

  // Tries every rule of the record's program, or of Graphite input, and appends their samples. They
  // point into the record, `input.host` and this matcher, and live until the next call. Returns how
  // many rules matched.
  std::size_t match(const Input& input, std::vector<Sample>& samples);

  // The same, telling about every rule in order. Slow.
  std::size_t explain(const Input& input, std::vector<Sample>& samples,
                      std::vector<RuleTrace>& traces);

  // Goes on where `before`, which had other rules, stood: a run that is under way keeps what is
  // known of it. Contexts of packs and variables that these rules do not have are let go; `before`
  // is left without any.
  void take_contexts(Matcher& before);

  // The rules that the last match() or explain() found to match, in order. Lives until the next.
  [[nodiscard]] const std::vector<std::uint32_t>& matched() const noexcept;

  // The notes that the last match() or explain() made. They point to what its samples point to.
  [[nodiscard]] const std::vector<MatchedNote>& notes() const noexcept;

  [[nodiscard]] const MatcherStats& stats() const noexcept;
  [[nodiscard]] const RuleSet& rules() const noexcept;
  [[nodiscard]] std::size_t context_count() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice

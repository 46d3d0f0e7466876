#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sluice/rules/matcher.h"
#include "sluice/values/note.h"

namespace sluice {
namespace {

struct Fixture {
  explicit Fixture(std::vector<NoteDefinition> notes,
                   std::optional<PresenceDefinition> presence = {}) {
    RuleDefinition rule{.name = "failed",
                        .match = "^(?P<what>\\w+) failed on (?P<node>\\S+): (?P<why>.*)$"};
    rule.notes = std::move(notes);
    PackDefinition pack{.name = "test", .presence = std::move(presence), .rules = {rule}};
    rules = RuleSet::compile({pack});
    if (rules) matcher = std::make_unique<Matcher>(*rules, MatcherOptions{});
  }

  // The notes of a line, "host|text" each.
  std::vector<std::string> notes_of(std::string_view line) {
    Record record;
    record.message = line;
    record.has_message = true;
    std::vector<Sample> samples;
    matcher->match({.record = record, .host = "web01"}, samples);
    std::vector<std::string> notes;
    for (const MatchedNote& note : matcher->notes()) {
      notes.push_back(std::string(note.host) + '|' + note.text);
    }
    return notes;
  }

  Expected<std::shared_ptr<const RuleSet>> rules;
  std::unique_ptr<Matcher> matcher;
};

using Notes = std::vector<std::string>;

}  // namespace

TEST_CASE("a rule that matches makes notes of captures and of the whole text", "[rules]") {
  Fixture f(
      {{.text = "{what}: {why}"}, {.kind = "failure", .text = "[{message}]", .host = "node"}});
  CHECK(f.notes_of("Run failed on db01: no  space") ==
        Notes{"web01|Run: no space", "db01|[Run failed on db01: no space]"});
  CHECK(f.matcher->notes()[0].definition->kind == "event");
  CHECK_FALSE(f.matcher->notes()[0].is_claimed);
  CHECK(f.matcher->notes()[1].is_claimed);
  CHECK(f.notes_of("Run went well").empty());
}

TEST_CASE("a note's text is plain and bounded", "[rules]") {
  Fixture f({{.text = "{why}"}});
  CHECK(f.notes_of("Run failed on x: \x1b[31m<b>\xff\x07") == Notes{"web01|<b>\xef\xbf\xbd"});
  const Notes notes = f.notes_of("Run failed on x: " + std::string(100'000, 'y'));
  CHECK(notes[0] == "web01|" + std::string(Note::kFoldedOctetsMax, 'y'));
}

TEST_CASE("a note's conditions are tested after the rule's own context", "[rules]") {
  NoteDefinition note{.text = "again"};
  note.when.push_back(
      {.variable = "times", .kind = Condition::Kind::kRange, .equals = {}, .min = 2});
  RuleDefinition rule{.name = "failed", .match = "failed"};
  rule.notes = {note};
  rule.context = ContextAction{.add = {{"times", ValueSource{}}}};
  const auto rules = RuleSet::compile({PackDefinition{.name = "test", .rules = {rule}}});
  REQUIRE(rules);
  Matcher matcher(*rules, {});
  Record record;
  record.message = "failed";
  std::vector<Sample> samples;
  matcher.match({.record = record, .host = "a"}, samples);
  CHECK(matcher.notes().empty());
  matcher.match({.record = record, .host = "a"}, samples);
  CHECK(matcher.notes().size() == 1);
}

TEST_CASE("a note's text tells what the context says", "[rules]") {
  RuleDefinition rule{.name = "counted", .match = "^(?P<what>\\w+)"};
  rule.notes = {{.text = "{what} {context.times}, {context.mark}{context.none}: {message}"}};
  rule.context = ContextAction{.set = {{"mark", "m {what}"}}, .add = {{"times", ValueSource{}}}};
  const auto rules = RuleSet::compile({PackDefinition{.name = "test", .rules = {rule}}});
  REQUIRE(rules);
  Matcher matcher(*rules, {});
  Record record;
  std::vector<Sample> samples;
  std::string told;
  for (const char* line : {"one line", "two lines"}) {
    record.message = line;
    record.has_message = true;
    matcher.match({.record = record, .host = "a"}, samples);
    told += matcher.notes().at(0).text + '\n';
  }
  CHECK(told == "one 1, m one0: one line\ntwo 2, m two0: two lines\n");
}

TEST_CASE("a failure stands twice as long as hosts have to show a sign of life", "[rules]") {
  Fixture f({{.text = "x"}}, PresenceDefinition{.name = "p", .every = std::chrono::minutes(30)});
  (void)f.notes_of("Run failed on x: y");
  CHECK(f.matcher->notes()[0].ttl == std::chrono::hours(1));
}

TEST_CASE("a note's captures must be in the pattern", "[rules]") {
  const auto [note, error] = GENERATE(table<NoteDefinition, std::string>({
      {{.text = "{whoo}"},
       "note: text: expected a capture of the pattern (what, node, why), found \"whoo\"; did you "
       "mean \"what\"?"},
      {{.text = "{message} {whoo}"},
       "note: text: expected a capture of the pattern (what, node, why), found \"whoo\"; did you "
       "mean \"what\"?"},
      {{.text = "{context.}"}, "note: text: "},
      {{.text = "{context.x"}, "note: text: expected a '}' after '{'"},
      {{.text = "{what"}, "note: text: expected a '}' after '{'"},
      {{.text = "x", .host = "whoo"},
       "note: host: expected a capture of the pattern (what, node, why), found \"whoo\"; did you "
       "mean \"what\"?"},
  }));
  Fixture f({note});
  REQUIRE_FALSE(f.rules);
  CHECK_THAT(f.rules.error().message(), Catch::Contains(error));
}

}  // namespace sluice

#include "sluice/pipeline/unmatched.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

#include "pipeline/rule_tally.h"

namespace sluice {
namespace {

Timestamp at_second(int second) { return Timestamp(std::chrono::seconds(second)); }

// "sshd|session <n> opened=2 other:0"
std::string text_of(const UnmatchedReport& report) {
  std::string text;
  for (const UnmatchedReport::Row& row : report.rows) {
    text += row.program + '|' + row.shape + '=' + std::to_string(row.count) + ' ';
  }
  return text + "other:" + std::to_string(report.other);
}

// The identity that makes counts honest.
bool is_balanced(const UnmatchedReport& report) {
  const auto add = [](std::uint64_t sum, const auto& row) { return sum + row.count; };
  return std::accumulate(report.rows.begin(), report.rows.end(), report.other, add) == report.lines;
}

UnmatchedReport one_line(const std::string& shape, std::uint64_t count, int second = 0) {
  return {.lines = count,
          .other = 0,
          .rows = {{.program = "p",
                    .shape = shape,
                    .count = count,
                    .sample = shape + " sample " + std::to_string(second),
                    .host = "h" + std::to_string(second),
                    .last = at_second(second)}}};
}

}  // namespace

TEST_CASE("lines are counted by program and shape, with the first as a sample", "[pipeline]") {
  UnmatchedTally tally;
  CHECK(tally.add("sshd", "session 1 opened", "web01", at_second(1)));
  CHECK(tally.add("sshd", "session 2 opened", "web02", at_second(2)));
  CHECK(tally.add("cron", "session 3 opened", "web01", at_second(3)));
  const UnmatchedReport report = tally.take();
  CHECK(text_of(report) == "sshd|session <n> opened=2 cron|session <n> opened=1 other:0");
  CHECK(report.lines == 3);
  CHECK(report.rows[0].sample == "session 1 opened");
  CHECK(report.rows[0].host == "web01");
  CHECK(report.rows[0].last == at_second(2));
  CHECK(text_of(tally.take()) == "other:0");
}

TEST_CASE("beyond its bounds a tally counts lines as others, until it is taken", "[pipeline]") {
  UnmatchedTally tally({.folded_max = 4, .shapes_max = 2});
  CHECK(tally.add("p", "a", "h", {}));
  CHECK(tally.add("p", "b", "h", {}));
  CHECK_FALSE(tally.add("p", "c", "h", {}));  // A third shape.
  CHECK(tally.add("p", "a", "h", {}));
  CHECK_FALSE(tally.add("p", "a", "h", {}));  // A fifth line.
  const UnmatchedReport report = tally.take();
  CHECK(text_of(report) == "p|a=2 p|b=1 other:2");
  CHECK(is_balanced(report));
  CHECK(tally.add("p", "c", "h", {}));
}

TEST_CASE("hostile texts are kept as plain text, and bounded", "[pipeline]") {
  UnmatchedTally tally;
  const std::string long_text(100'000, 'x');
  CHECK(tally.add("\xff\x1b[31m", "<b>\x1b]0;x\x07\xfe" + long_text, "h\n\xff", {}));
  CHECK(tally.add(long_text, long_text, long_text, {}));
  const UnmatchedReport report = tally.take();
  CHECK(report.rows[0].program == "\xef\xbf\xbd");
  CHECK(report.rows[0].host == "h \xef\xbf\xbd");
  CHECK(report.rows[0].shape.starts_with("<b> ]<n>;x \xef\xbf\xbdxxx"));
  for (const UnmatchedReport::Row& row : report.rows) {
    CHECK(row.program.size() <= UnmatchedReport::kProgramOctetsMax);
    CHECK(row.shape.size() <= 200);
    CHECK(row.sample.size() <= UnmatchedReport::kSampleOctetsMax);
    CHECK(row.host.size() <= UnmatchedReport::kHostOctetsMax);
  }
}

TEST_CASE("a table adds reports up, the newest line as the sample", "[pipeline]") {
  UnmatchedTable table(10);
  table.add(one_line("b", 2, 5));
  table.add(one_line("a", 2, 1));
  table.add(one_line("c", 9, 1));
  table.add(one_line("b", 1, 3));
  UnmatchedReport report = table.snapshot();
  CHECK(text_of(report) == "p|c=9 p|b=3 p|a=2 other:0");
  CHECK(report.rows[1].host == "h5");
  table.add(one_line("b", 1, 6));
  report = table.snapshot();
  CHECK(report.rows[1].sample == "b sample 6");
  CHECK(report.rows[1].last == at_second(6));
}

TEST_CASE("shapes that keep coming stay in a full table, and no line is lost", "[pipeline]") {
  UnmatchedTable table(4);
  int number = 0;
  for (int tick = 0; tick < 200; ++tick) {
    table.add(one_line("often", 5));
    table.add(one_line("sometimes", 3));
    for (int i = 0; i < 3; ++i) table.add(one_line("never again " + std::to_string(++number), 1));
    CHECK(is_balanced(table.snapshot()));
  }
  const UnmatchedReport report = table.snapshot();
  REQUIRE(report.rows.size() == 4);
  CHECK(report.lines == 200 * 11);
  CHECK(report.rows[0].shape == "often");
  CHECK(report.rows[0].count == 1000);
  CHECK(report.rows[1].shape == "sometimes");
  CHECK(report.rows[1].count == 600);
}

TEST_CASE("a shared report of unmatched lines is made again when it is old and has changed",
          "[pipeline]") {
  UnmatchedTable table;
  table.add(one_line("a", 1));
  const auto first = table.shared_snapshot(at_second(100));
  CHECK(table.shared_snapshot(at_second(200)) == first);  // Nothing came.
  table.add(one_line("a", 1));
  const auto second = table.shared_snapshot(at_second(201));
  CHECK(second->lines == 2);
  table.add(one_line("a", 1));
  CHECK(table.shared_snapshot(at_second(202)) == second);  // Too young.
  CHECK(table.shared_snapshot(at_second(203))->lines == 3);
  CHECK(first->lines == 1);
}

TEST_CASE("rules are counted by name, over reloads", "[pipeline]") {
  RuleTally tally;
  tally.set_rules({"p/a", "p/b"});
  tally.count_match(1, at_second(7));
  tally.count_samples(1, 3);
  tally.set_rules({"p/b"});
  tally.count_match(0, at_second(9));
  RuleTable table;
  table.set_rules({"p/a", "p/b"});
  table.add(tally.take());
  CHECK(tally.take().rows.empty());
  RuleReport report = table.snapshot();
  REQUIRE(report.rows.size() == 2);
  CHECK(report.rows[0].rule == "p/a");
  CHECK(report.rows[0].counts.matches == 0);
  CHECK(report.rows[1].counts.matches == 2);
  CHECK(report.rows[1].counts.samples == 3);
  CHECK(report.rows[1].counts.last_match == at_second(9));
  table.set_rules({"p/a"});
  CHECK(table.snapshot().rows.size() == 1);
  table.set_rules({"p/b"});
  CHECK(table.snapshot().rows[0].counts.matches == 2);  // They come back with it.
}

}  // namespace sluice

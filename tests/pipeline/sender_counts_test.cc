#include "sluice/pipeline/sender_counts.h"

#include <catch2/catch.hpp>

#include "pipeline/sender_book.h"

namespace sluice {
namespace {

SenderCounts messages(std::uint64_t count) { return {.messages = count}; }

void count_one(SenderBook& book, std::string_view host) {
  ++book.counts_of(book.find(host)).messages;
}

// "a:1 b:2 other:3"
std::string text_of(const SenderReport& report) {
  std::string text;
  for (const SenderReport::Row& row : report.rows) {
    text += row.host + ':' + std::to_string(row.counts.messages) + ' ';
  }
  return text + "other:" + std::to_string(report.other.messages);
}

}  // namespace

TEST_CASE("a book reports who sent since the last report", "[pipeline]") {
  SenderBook book({});
  count_one(book, "b");
  count_one(book, "a");
  count_one(book, "b");
  (void)book.find("c");
  CHECK(text_of(book.take_report()) == "b:2 a:1 other:0");
  count_one(book, "a");
  CHECK(text_of(book.take_report()) == "a:1 other:0");
  CHECK(text_of(book.take_report()) == "other:0");
}

TEST_CASE("senders beyond the bound are counted together", "[pipeline]") {
  SenderBook book({.hosts_max = 100, .counted_max = 2});
  for (const char* host : {"a", "b", "c", "d", "a"}) count_one(book, host);
  CHECK(text_of(book.take_report()) == "a:2 b:1 other:2");
}

TEST_CASE("a flood of senders is forgotten, but not what was counted", "[pipeline]") {
  SenderBook book({.hosts_max = 3, .counted_max = 2});
  book.find("a").is_zone_proven = true;
  CHECK(book.find("a").is_zone_proven);
  for (const char* host : {"a", "b", "c"}) count_one(book, host);
  CHECK(book.floods() == 0);
  count_one(book, "d");
  CHECK(book.floods() == 1);
  CHECK_FALSE(book.find("a").is_zone_proven);
  count_one(book, "a");
  CHECK(text_of(book.take_report()) == "a:1 b:1 d:1 a:1 other:1");
}

TEST_CASE("the table adds workers up, by name", "[pipeline]") {
  SenderTable table(3);
  const Timestamp late{std::chrono::seconds(9)};
  table.add({{{"b", {1, 10, 1, 1, 1, late}}, {"a", messages(2)}}, messages(5)});
  table.add({{{"b", {2, 20, 0, 1, 0, {}}}, {"c", messages(1)}, {"d", messages(7)}}, {}});
  table.add({{{"a", messages(1)}, {"d", messages(1)}}, messages(1)});
  const SenderReport all = table.snapshot();
  CHECK(text_of(all) == "a:3 b:3 c:1 other:14");
  CHECK(all.rows[1].counts == SenderCounts{3, 30, 1, 2, 1, late});
}

TEST_CASE("a shared snapshot of few senders is copied each tick", "[pipeline]") {
  const Timestamp start{std::chrono::seconds(1000)};
  SenderTable table;
  const auto none = table.shared_snapshot(start);
  CHECK(text_of(*none) == "other:0");
  CHECK(none->taken == start);
  table.add({{{"a", messages(1)}}, {}});
  CHECK(text_of(*table.shared_snapshot(start + std::chrono::seconds(1))) == "a:1 other:0");
  CHECK(text_of(*none) == "other:0");
}

TEST_CASE("one in which nothing would be new is shared for 10 s", "[pipeline]") {
  const Timestamp start{std::chrono::seconds(1000)};
  SenderTable table;
  table.add({{{"a", messages(1)}}, {}});
  const auto first = table.shared_snapshot(start);
  table.add({});
  CHECK(table.shared_snapshot(start + std::chrono::milliseconds(9'999)) == first);
  const auto second = table.shared_snapshot(start + std::chrono::seconds(10));
  CHECK(second->taken == start + std::chrono::seconds(10));
  table.add({{}, messages(1)});
  CHECK(text_of(*table.shared_snapshot(start + std::chrono::seconds(11))) == "a:1 other:1");
}

TEST_CASE("one of 10,000 is copied again after 10 s, or when the clock was set back",
          "[pipeline]") {
  const Timestamp start{std::chrono::seconds(1000)};
  SenderTable table(20'000);
  SenderReport many;
  for (int i = 0; i < 10'000; ++i) many.rows.push_back({"h" + std::to_string(i), messages(1)});
  table.add(std::move(many));
  const auto first = table.shared_snapshot(start);
  CHECK(first->rows.size() == 10'000);
  table.add({{{"new", messages(1)}}, {}});
  CHECK(table.shared_snapshot(start + std::chrono::milliseconds(9'999)) == first);
  const auto second = table.shared_snapshot(start + std::chrono::seconds(10));
  CHECK(second->rows.size() == 10'001);
  CHECK(first->rows.size() == 10'000);
  table.add({{{"newer", messages(1)}}, {}});
  CHECK(table.shared_snapshot(start)->rows.size() == 10'002);
}

TEST_CASE("the senders in most trouble come first, the others not at all", "[pipeline]") {
  const SenderReport report{{{"a", {.messages = 9, .malformed = 1}},
                             {"b", {.messages = 9}},
                             {"c", {.messages = 9, .malformed = 1, .skewed = 2}},
                             {"d", {.messages = 9, .truncated = 5, .skewed = 2}}},
                            {.messages = 1, .malformed = 1}};
  const auto rows = troubled_senders(report, 2);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].host == "c");
  CHECK(rows[1].host == "d");
  CHECK(troubled_senders(report, 9).size() == 3);
}

}  // namespace sluice

#include "sluice/syslog/repeat.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {
namespace {

TEST_CASE("rsyslog's repeat notice gives text and count", "[syslog][repeat]") {
  const auto [notice, count, text, is_cut] =
      GENERATE(table<std::string_view, std::uint64_t, std::string_view, bool>({
          {"message repeated 4 times: [ Run in progress]", 4, "Run in progress", false},
          {" message repeated 4 times: [ Run in progress]", 4, "Run in progress", false},
          {"message repeated 2 times: [ ends with [brackets]]", 2, "ends with [brackets]", false},
          {"message repeated 2 times: [ two  blanks ]", 2, "two  blanks ", false},
          {"message repeated 2 times: [Run]", 2, "Run", false},
          {"message repeated 2 times: []", 2, "", false},
          {"message repeated 1 time: [ once]", 1, "once", false},
          {"message repeated 4 times: [ Run in pro", 4, "Run in pro", true},
          {"message repeated 4 times: [", 4, "", true},
          {"message repeated 2 times: [ \xEF\xBB\xBFRun]", 2, "Run", false},
      }));
  CAPTURE(notice);
  const auto found = parse_repeat_notice(notice);
  REQUIRE(found);
  CHECK(found->count == count);
  CHECK(found->text == text);
  CHECK(found->is_cut == is_cut);
  CHECK_FALSE(found->refers_to_last);
}

TEST_CASE("the classic notice refers to the previous message", "[syslog][repeat]") {
  const auto [notice, count] = GENERATE(table<std::string_view, std::uint64_t>({
      {"last message repeated 3 times", 3},
      {" last message repeated 3 times", 3},
      {"last message repeated 1 time", 1},
      {"last message repeated 007 times", 7},
      {"last message repeated 3 times.", 3},
      {"--- last message repeated 3 times ---", 3},
      {"last message repeated 0090909787348927349875 times", kRepeatCountMax},
      {"last message repeated 1000001 times", kRepeatCountMax},
  }));
  CAPTURE(notice);
  const auto found = parse_repeat_notice(notice);
  REQUIRE(found);
  CHECK(found->refers_to_last);
  CHECK(found->count == count);
  CHECK(found->text.empty());
}

TEST_CASE("syslog-ng's notice quotes the text", "[syslog][repeat]") {
  const auto [notice, text] = GENERATE(table<std::string_view, std::string_view>({
      {"Last message 'tick' repeated 3 times, suppressed by syslog-ng on web01", "tick"},
      {"Last message 'it's 'odd'' repeated 3 times, suppressed by syslog-ng on web01",
       "it's 'odd'"},
      {"Last message '' repeated 3 times, suppressed by syslog-ng on web01", ""},
  }));
  CAPTURE(notice);
  const auto found = parse_repeat_notice(notice);
  REQUIRE(found);
  CHECK(found->count == 3);
  CHECK(found->text == text);
  CHECK_FALSE(found->refers_to_last);
}

TEST_CASE("other texts are no notices", "[syslog][repeat]") {
  const auto text = GENERATE(
      as<std::string_view>{}, "", "last", "last message repeated", "last message repeated ",
      "last message repeated 5.2 times", "last message repeated -5 times",
      "last message repeated 5 times ago", "last message repeated times",
      "the last message repeated 5 times", "message repeated 5 times",
      "message repeated 5 times:", "message repeated x times: [ a]", "message repeated 5 times: a",
      "Last message 'tick' repeated 3 times", "Last message 'tick",
      "Last message 'tick' repeated x times, suppressed by syslog-ng on h");
  CAPTURE(text);
  CHECK_FALSE(parse_repeat_notice(text));
}

TEST_CASE("a notice cut at any octet is safe", "[syslog][repeat][hostile]") {
  for (const std::string_view whole :
       {"message repeated 4 times: [ Run]", "last message repeated 3 times",
        "Last message 'tick' repeated 3 times, suppressed by syslog-ng on web01"}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string cut(whole.substr(0, length));
      const auto found = parse_repeat_notice(cut);
      if (found) CHECK(found->count <= kRepeatCountMax);
    }
  }
}

TEST_CASE("a notice of no copies at all is text like any other", "[syslog][repeat]") {
  CHECK_FALSE(parse_repeat_notice("message repeated 0 times: [ Applied catalog in 1.00 seconds]"));
  CHECK_FALSE(parse_repeat_notice("last message repeated 0 times"));
}

TEST_CASE("syslog-ng's notice counts as cut when it quotes all it ever quotes",
          "[syslog][repeat]") {
  const auto cut = parse_repeat_notice(
      "Last message 'way=abcdefgh value=1' repeated 4 times, suppressed by syslog-ng on web01");
  REQUIRE(cut);
  CHECK(cut->text.size() == 20);
  CHECK(cut->is_cut);
}

}  // namespace
}  // namespace sluice

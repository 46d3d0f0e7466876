#include "sluice/pipeline/failures.h"

#include <catch2/catch.hpp>
#include <string>

#include "sluice/pipeline/event_log.h"

namespace sluice {
namespace {

using std::chrono::seconds;

Timestamp at_second(int second) { return Timestamp(seconds(second)); }

Note failure(const std::string& host, const std::string& text, int second = 0,
             const std::string& rule = "agent/failed") {
  return {.time = at_second(second),
          .host = host,
          .kind = kFailureKind,
          .rule = rule,
          .text = text,
          .ttl = seconds(100)};
}

Note clear(const std::string& host, int second, const std::string& rule = "agent/applied") {
  return {.time = at_second(second),
          .host = host,
          .kind = kFailureKind,
          .clears = true,
          .rule = rule,
          .text = {}};
}

// "2 no class foo on <host>; 1 disk full"
std::string text_of(const FailureBook& book) {
  std::string text;
  for (const auto& reason : book.snapshot().reasons) {
    text += (text.empty() ? "" : "; ") + std::to_string(reason.hosts) + ' ' + reason.text;
  }
  return text;
}

}  // namespace

TEST_CASE("the same failure of several hosts is one reason", "[pipeline]") {
  FailureBook book;
  CHECK(book.add(failure("web01", "no class foo on web01 (line: 7)", 10), "web"));
  CHECK(book.add(failure("db1.x", "no class foo on db1.x (line: 12)", 30), "db"));
  CHECK(book.add(failure("web02", "no class foo on web02 (line: 1)", 20), "web"));
  CHECK(book.add(failure("web01", "no class foo on web01 (line: 7)", 15), "web"));
  CHECK(book.add(failure("web02", "disk full", 25), "web"));
  const FailureReport report = book.snapshot();
  REQUIRE(report.reasons.size() == 2);
  const FailureReport::Reason& first = report.reasons[0];
  CHECK(first.text == "no class foo on <host> (line: <n>)");
  CHECK(first.hosts == 3);
  CHECK(first.count == 4);
  CHECK(first.clusters == decltype(first.clusters){{"web", 2}, {"db", 1}});
  CHECK(first.sample == "no class foo on db1.x (line: 12)");
  CHECK(first.host == "db1.x");
  CHECK(first.first == at_second(10));
  CHECK(first.last == at_second(30));
  CHECK(report.reasons[1].text == "disk full");
  REQUIRE(report.hosts.size() == 3);
  CHECK(report.hosts[2]->host == "web02");
  CHECK(report.hosts[2]->text == "disk full");
  CHECK(report.hosts[2]->cluster == "web");
}

TEST_CASE("long texts fold to one reason whatever the length of the hosts' names", "[pipeline]") {
  FailureBook book;
  for (const std::string& host :
       {std::string("a1.x"), std::string("a-much-longer-name.example.com")}) {
    const std::string text = "on " + host + ' ' + std::string(280, 'y') + ' ' + host + " and more";
    CHECK(book.add(failure(host, text), ""));
  }
  const FailureReport report = book.snapshot();
  REQUIRE(report.reasons.size() == 1);
  CHECK(report.reasons[0].hosts == 2);
  CHECK(report.reasons[0].text.size() <= Note::kTextOctetsMax);
  CHECK(report.reasons[0].sample.size() <= Note::kTextOctetsMax);
}

TEST_CASE("good news ends what the pack said before, and only that", "[pipeline]") {
  FailureBook book;
  CHECK(book.add(failure("a", "x", 10), ""));
  CHECK(book.add(failure("a", "y", 20, "server/compile"), ""));
  CHECK(book.add(failure("b", "x", 10), ""));
  CHECK(book.add(clear("a", 9), ""));
  CHECK(text_of(book) == "2 x; 1 y");  // It was older.
  CHECK(book.add(clear("a", 30), ""));
  CHECK(text_of(book) == "1 x; 1 y");
  CHECK(book.add(clear("nobody", 30), ""));
  CHECK(book.add(clear("b", 30), ""));
  CHECK(book.add(clear("a", 30, "server/compiled"), ""));
  CHECK(text_of(book).empty());
  CHECK(book.snapshot().hosts.empty());
}

TEST_CASE("a reason that two packs give counts its host once", "[pipeline]") {
  FailureBook book;
  CHECK(book.add(failure("a", "x", 1), ""));
  CHECK(book.add(failure("a", "x", 2, "server/compile"), ""));
  CHECK(text_of(book) == "1 x");
  CHECK(book.add(clear("a", 5), ""));
  CHECK(text_of(book) == "1 x");
}

TEST_CASE("a failure that is not heard again ends after its time", "[pipeline]") {
  FailureBook book;
  CHECK(book.add(failure("a", "x", 0), ""));
  CHECK(book.add(failure("b", "x", 0), ""));
  CHECK(book.add(failure("b", "x", 50), ""));
  book.expire(at_second(100));
  CHECK(text_of(book) == "2 x");
  book.expire(at_second(101));
  CHECK(text_of(book) == "1 x");
  book.expire(at_second(151));
  CHECK(text_of(book).empty());
  CHECK(book.add(failure("a", "x", 200), ""));
  CHECK(book.snapshot().reasons[0].first == at_second(200));  // It began anew.
  CHECK(book.snapshot().reasons[0].count == 1);
}

TEST_CASE("a host that is forgotten has no failures", "[pipeline]") {
  FailureBook book;
  CHECK(book.add(failure("a", "x"), ""));
  book.forget("b");
  book.forget("a");
  CHECK(text_of(book).empty());
}

TEST_CASE("a host has its five newest reasons", "[pipeline]") {
  FailureBook book;
  for (const int second : {3, 1, 2, 4, 5, 6}) {
    CHECK(book.add(failure("a", std::string(1, static_cast<char>('a' + second)), second), ""));
  }
  CHECK(text_of(book) == "1 c; 1 d; 1 e; 1 f; 1 g");  // "b", of the first second, went.
}

TEST_CASE("bounds on hosts and reasons refuse what is new, not what is known", "[pipeline]") {
  FailureBook book({.hosts_max = 2, .reasons_max = 2});
  CHECK(book.add(failure("a", "x"), ""));
  CHECK(book.add(failure("b", "y"), ""));
  CHECK_FALSE(book.add(failure("c", "x"), ""));
  CHECK_FALSE(book.add(failure("a", "z"), ""));
  CHECK(book.add(failure("a", "y"), ""));
  CHECK(text_of(book) == "2 y; 1 x");
  CHECK(book.add(clear("a", 1), ""));
  CHECK(book.add(failure("c", "z"), ""));
  CHECK(text_of(book) == "1 y; 1 z");
}

TEST_CASE("events are told newest first, the oldest of each kind going", "[pipeline]") {
  EventLog log({.events_max = 2, .kinds_max = 2});
  const auto add = [&log](const std::string& kind, int second) {
    return log.add({.time = at_second(second),
                    .host = "h",
                    .kind = kind,
                    .rule = "p/r",
                    .text = kind + std::to_string(second)},
                   "web");
  };
  CHECK(add("deploy", 1));
  CHECK(add("event", 2));
  CHECK(add("event", 4));
  CHECK(add("event", 3));
  CHECK_FALSE(add("third", 5));
  const auto report = log.shared_snapshot(at_second(100));
  std::string texts;
  for (const auto& event : report->events) texts += event->text + ' ';
  CHECK(texts == "event4 event3 deploy1 ");
  CHECK(report->events[0]->cluster == "web");
  CHECK(report->events[0]->rule == "p/r");
  CHECK(report->kinds == std::vector<std::string>{"deploy", "event"});
  CHECK(log.shared_snapshot(at_second(200)) == report);
  log.set_kinds({"event", "release"});
  CHECK(log.shared_snapshot(at_second(300))->kinds ==
        std::vector<std::string>{"deploy", "event", "release"});
}

}  // namespace sluice

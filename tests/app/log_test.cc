#include "app/log.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace sluice {
namespace {

TEST_CASE("ids of the log are short, plain and told apart", "[app][log]") {
  std::set<std::string_view> names;
  for (const LogRow& row : kLogRows) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.size() <= 24);
    CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    CHECK(&row_of(row.id) == &row);
  }
}

// Scripts of others look for these; a change breaks them.
TEST_CASE("ids that alerts are built on do not change", "[app][log]") {
  CHECK(row_of(LogId::kStarted).name == "started");
  CHECK(row_of(LogId::kStopped).name == "stopped");
  CHECK(row_of(LogId::kDestinationDown).name == "destination-down");
  CHECK(row_of(LogId::kDestinationUp).name == "destination-up");
  CHECK(row_of(LogId::kReloaded).name == "reloaded");
  CHECK(row_of(LogId::kReloadRefused).name == "reload-refused");
  CHECK(row_of(LogId::kCapReached).name == "cap-reached");
  CHECK(row_of(LogId::kSenderSkewed).name == "sender-skewed");
  CHECK(row_of(LogId::kDestinationDown).level == LogLevel::kWarning);
  CHECK(row_of(LogId::kReloadRefused).level == LogLevel::kError);
}

TEST_CASE("no text begins another line of the log", "[app][log]") {
  CHECK(log_text(LogId::kReloadRefused, "a mistake") == "[reload-refused] a mistake");
  CHECK(log_text(LogId::kReloadRefused, "a\nerror [stopped] b\x1b[2J\x7f") ==
        "[reload-refused] a\\x0aerror [stopped] b\\x1b[2J\\x7f");
  CHECK(log_text(LogId::kMapTaken, "h\xc3\xb4te") == "[map-taken] h\xc3\xb4te");
  CHECK(log_text(LogId::kMapTaken, "") == "[map-taken] ");
}

}  // namespace
}  // namespace sluice

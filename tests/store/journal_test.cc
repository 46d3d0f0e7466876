#include "store/journal.h"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "store/scratch_folder.h"
#include "store/small_disk.h"

namespace sluice {
namespace {

std::vector<std::string> texts_of(Journal& journal) {
  std::vector<std::string> texts;
  for (Notice& notice : journal.take_notices()) texts.push_back(std::move(notice.text));
  return texts;
}

using std::chrono::seconds;
using Windows = std::map<int, std::string>;

const Timestamp kNow{seconds(1'700'000'000)};

Seconds window_at(int minute) { return Seconds(seconds(60 * minute)); }

// Everything that a journal holds, as its caller would have it.
struct Content {
  std::string state;
  Windows windows;                  // By minute.
  std::map<int, std::string> rows;  // By sequence.
  std::vector<Timestamp> times;     // Of the rows.
  std::vector<int> kinds;
  std::vector<std::string> order;  // In which it came.
};

JournalReplay into(Content& content) {
  return {
      .take_state = [&content](std::string_view state) -> Expected<void> {
        content.state = state;
        content.order.emplace_back("state");
        return {};
      },
      .take_window = [&content](const JournalWindow& window) -> Expected<void> {
        const auto minute = static_cast<int>(window.start.time_since_epoch().count() / 60);
        content.windows[minute] = window.bytes;
        content.order.push_back("window " + std::to_string(minute));
        return {};
      },
      .take_row = [&content](const JournalRow& row) -> Expected<void> {
        content.rows[static_cast<int>(row.sequence)] = row.bytes;
        content.times.push_back(row.time);
        content.kinds.push_back(row.kind);
        content.order.push_back("row " + std::to_string(row.sequence));
        return {};
      },
  };
}

Expected<Content> load(Journal& journal) {
  Content content;
  const auto loaded = journal.load(into(content));
  if (!loaded) return std::unexpected(loaded.error());
  return content;
}

bool append(Journal& journal, std::uint64_t sequence, std::string_view bytes,
            Timestamp now = kNow) {
  const JournalRow row{.sequence = sequence, .time = now, .kind = 1, .bytes = bytes};
  return journal.append({&row, 1}, now);
}

// `changed` of the windows are given, all of `living` live.
bool checkpoint(Journal& journal, std::uint64_t sequence, std::string_view state,
                const Windows& changed, const std::vector<int>& living, Timestamp now = kNow) {
  std::vector<JournalWindow> windows;
  for (const auto& [minute, bytes] : changed)
    windows.push_back({.start = window_at(minute), .bytes = bytes});
  std::vector<Seconds> starts;
  for (const int minute : living) starts.push_back(window_at(minute));
  return journal.checkpoint(
      {.sequence = sequence, .state = state, .windows = windows, .living = starts}, now);
}

// What a start after kill -9 would find: a copy of the files, made while the journal is open.
Content content_after_kill(const ScratchFolder& folder) {
  const ScratchFolder copy;
  for (const std::string& name : folder.names("journal.db"))
    write_bytes(copy.file(name), read_bytes(folder.file(name)));
  Journal journal({.file = copy.file("journal.db")}, kNow);
  const auto content = load(journal);
  REQUIRE(content.has_value());
  CHECK(texts_of(journal).empty());
  return *content;
}

// Changes a journal behind its back.
void run_sql(const std::string& file, const std::string& sql) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &connection) == SQLITE_OK);
  CHECK(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
}

}  // namespace

TEST_CASE("a new journal needs a checkpoint before it takes rows", "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("journal.db")}, kNow);
  Content content;
  const auto loaded = journal.load(into(content));
  REQUIRE(loaded.has_value());
  CHECK_FALSE(*loaded);
  CHECK(content.order.empty());
  CHECK(journal.needs_checkpoint());
  CHECK_FALSE(append(journal, 1, "lost"));
  CHECK(journal.stats().appends_lost == 1);
  CHECK(checkpoint(journal, 1, "state", {}, {}));
  CHECK_FALSE(journal.needs_checkpoint());
  CHECK(append(journal, 2, "kept"));
  CHECK(texts_of(journal).empty());
}

TEST_CASE("a journal that ends without goodbye holds what was committed", "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("journal.db")}, kNow);
  REQUIRE(checkpoint(journal, 0, "empty", {}, {}));
  CHECK(content_after_kill(folder).state == "empty");

  REQUIRE(append(journal, 1, "one"));
  CHECK(content_after_kill(folder).rows == Windows{{1, "one"}});
  const std::vector<JournalRow> tick{
      {.sequence = 2, .time = kNow + seconds(1), .kind = 1, .bytes = "two"},
      {.sequence = 5, .time = kNow + seconds(2), .kind = 7, .bytes = ""}};
  REQUIRE(journal.append(tick, kNow));
  const Content with_rows = content_after_kill(folder);
  CHECK(with_rows.rows == Windows{{1, "one"}, {2, "two"}, {5, ""}});
  CHECK(with_rows.times == std::vector{kNow, kNow + seconds(1), kNow + seconds(2)});
  CHECK(with_rows.kinds == std::vector{1, 1, 7});
  CHECK(journal.bytes() == 6);

  REQUIRE(checkpoint(journal, 2, "later", {{10, "ten"}, {9, "nine"}}, {9, 10}));
  const Content after = content_after_kill(folder);
  CHECK(after.state == "later");
  CHECK(after.order == std::vector<std::string>{"state", "window 9", "window 10", "row 5"});
  CHECK(journal.bytes() == 0);
  REQUIRE(append(journal, 6, "six"));
  CHECK(content_after_kill(folder).rows == Windows{{5, ""}, {6, "six"}});
  CHECK(journal.stats().appends == 3);
  CHECK(journal.stats().octets == 9);
  CHECK(journal.stats().checkpoints == 2);
}

TEST_CASE("a journal goes on where the one before stopped", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 3, "three", {{1, "a"}, {2, "b"}}, {1, 2}));
    REQUIRE(append(journal, 4, "four"));
  }
  Journal journal({.file = file}, kNow);
  REQUIRE(load(journal).has_value());
  CHECK_FALSE(journal.needs_checkpoint());
  CHECK(journal.last_sequence() == 4);
  CHECK(journal.bytes() == 4);
  REQUIRE(append(journal, 5, "five"));
  REQUIRE(checkpoint(journal, 5, "five", {{2, "B"}, {3, "c"}}, {2, 3}));
  const Content content = content_after_kill(folder);
  CHECK(content.state == "five");
  CHECK(content.windows == Windows{{2, "B"}, {3, "c"}});
  CHECK(content.rows.empty());
  CHECK(journal.last_sequence() == 5);
}

TEST_CASE("a file that nobody loaded needs a checkpoint, which replaces all of it", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 3, "old", {{1, "a"}}, {1}));
    REQUIRE(append(journal, 4, "four"));
  }
  Journal journal({.file = file}, kNow);
  CHECK(journal.needs_checkpoint());
  REQUIRE(checkpoint(journal, 0, "new", {}, {}));
  const Content content = content_after_kill(folder);
  CHECK(content.state == "new");
  CHECK(content.windows.empty());
  CHECK(content.rows.empty());
}

TEST_CASE("a checkpoint that lacks a living window changes nothing and asks for a whole one",
          "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("journal.db")}, kNow);
  REQUIRE(checkpoint(journal, 0, "good", {{1, "a"}}, {1}));
  REQUIRE(append(journal, 1, "one"));
  CHECK_FALSE(checkpoint(journal, 1, "bad", {{3, "c"}}, {1, 2, 3}));
  CHECK(journal.needs_checkpoint());
  CHECK(content_after_kill(folder).order == std::vector<std::string>{"state", "window 1", "row 1"});
  CHECK_FALSE(checkpoint(journal, 1, "a part", {{2, "b"}}, {1, 2, 3}));
  CHECK(checkpoint(journal, 1, "whole", {{1, "a"}, {2, "b"}, {3, "c"}}, {1, 2, 3}));
  CHECK(content_after_kill(folder).windows == Windows{{1, "a"}, {2, "b"}, {3, "c"}});
}

TEST_CASE("rows beyond the bound are refused until a checkpoint is made", "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("journal.db"), .bytes_max = 10}, kNow);
  REQUIRE(checkpoint(journal, 0, "", {}, {}));
  CHECK(append(journal, 1, "12345"));
  CHECK(append(journal, 2, "67890"));
  CHECK_FALSE(append(journal, 3, "x"));
  CHECK(journal.needs_checkpoint());
  CHECK_FALSE(checkpoint(journal, 2, "without row 3", {}, {}));
  CHECK(checkpoint(journal, 3, "with it", {}, {}));
  CHECK(append(journal, 4, "12345"));
}

TEST_CASE("a journal without a folder goes on without, says so once, and comes back", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("state/journal.db");
  Journal journal({.file = file}, kNow);
  CHECK_FALSE(journal.has_disk());
  CHECK_FALSE(journal.needs_checkpoint());  // Nothing could take it.
  const std::vector<Notice> told = journal.take_notices();
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Notice::Kind::kJournalFailed);
  CHECK(told[0].text ==
        std::string{
            file +
            ": it cannot be made (No such file or directory); look at its folder and owner; until "
            "then the journal is not kept, and a restart loses what has come in; it is tried again "
            "every 60 s"});
  REQUIRE(load(journal).has_value());
  CHECK_FALSE(append(journal, 1, "lost"));
  CHECK_FALSE(checkpoint(journal, 1, "lost", {}, {}));
  CHECK_FALSE(append(journal, 2, "lost", kNow + seconds(60)));
  CHECK(texts_of(journal).empty());

  std::filesystem::create_directory(folder.file("state"));
  CHECK_FALSE(append(journal, 3, "too early", kNow + seconds(119)));
  CHECK_FALSE(journal.has_disk());
  CHECK_FALSE(append(journal, 4, "rows are missing before this", kNow + seconds(120)));
  CHECK(journal.needs_checkpoint());
  CHECK(texts_of(journal).empty());
  CHECK(checkpoint(journal, 4, "whole", {}, {}));
  CHECK(texts_of(journal).empty());
  CHECK(append(journal, 5, "kept", kNow + seconds(121)));
  CHECK(texts_of(journal) == std::vector{file + ": the journal is kept again"});
  CHECK(journal.stats().appends_lost == 4);
}

TEST_CASE("a clock that was put back does not put off the next try", "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("state/journal.db")}, kNow);
  std::filesystem::create_directory(folder.file("state"));
  CHECK_FALSE(append(journal, 1, "lost", kNow - seconds(3600)));
  CHECK(journal.needs_checkpoint());
}

TEST_CASE("a full disk stops the journal, and room brings it back", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  const std::string row(50'000, 'r');
  Journal journal({.file = file}, kNow);
  REQUIRE(checkpoint(journal, 0, "before", {{1, "a"}}, {1}));
  std::uint64_t sequence = 0;
  std::uint64_t kept = 0;
  {
    const SmallDisk limit(400'000);
    while (append(journal, ++sequence, row)) kept = sequence;
    REQUIRE(kept > 0);
    CHECK_FALSE(journal.has_disk());
    const std::vector<std::string> notices = texts_of(journal);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].find(file + ": the disk") == 0);
    CHECK(notices[0].find("the journal is not kept") != std::string::npos);
    CHECK_FALSE(append(journal, ++sequence, row));
  }
  // What was there before is whole.
  Content content = content_after_kill(folder);
  CHECK(content.state == "before");
  CHECK(content.rows.size() == kept);

  CHECK_FALSE(append(journal, ++sequence, row, kNow + seconds(60)));
  REQUIRE(journal.needs_checkpoint());
  CHECK(checkpoint(journal, sequence, "after", {{1, "a"}}, {1}));
  CHECK(append(journal, ++sequence, row));
  content = content_after_kill(folder);
  CHECK(content.state == "after");
  CHECK(content.rows.size() == 1);
  CHECK(texts_of(journal) == std::vector{file + ": the journal is kept again"});
  CHECK(folder.names("journal.db.damaged").empty());
}

TEST_CASE("a checkpoint on a full disk leaves the one before", "[store]") {
  const ScratchFolder folder;
  Journal journal({.file = folder.file("journal.db")}, kNow);
  REQUIRE(checkpoint(journal, 0, "before", {{1, "a"}}, {1}));
  REQUIRE(append(journal, 1, "one"));
  {
    const SmallDisk limit(100'000);
    CHECK_FALSE(checkpoint(journal, 1, std::string(1'000'000, 's'), {}, {1}));
  }
  CHECK_FALSE(journal.needs_checkpoint());  // Not before the file is there again.
  CHECK(content_after_kill(folder).order == std::vector<std::string>{"state", "window 1", "row 1"});
}

TEST_CASE("a file that failed is looked at before it is used again", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  const std::string row(50'000, 'r');
  Journal journal({.file = file}, kNow);
  REQUIRE(checkpoint(journal, 0, "before", {{1, "a"}}, {1}));
  std::uint64_t sequence = 0;
  {
    const SmallDisk limit(400'000);
    while (append(journal, ++sequence, row)) continue;
  }
  REQUIRE_FALSE(texts_of(journal).empty());
  std::string bytes = read_bytes(file);
  REQUIRE(bytes.size() > 4 * 4096);
  bytes.replace(4096, 8192, 8192, 'x');
  write_bytes(file, bytes);
  CHECK_FALSE(append(journal, ++sequence, row, kNow + seconds(60)));
  const std::vector<std::string> notices = texts_of(journal);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("it is damaged; it was moved to " + file + ".damaged-20231114T221420Z") !=
        std::string::npos);
  CHECK(checkpoint(journal, sequence, "after", {}, {}));
  CHECK(content_after_kill(folder).order == std::vector<std::string>{"state"});
}

TEST_CASE("a journal that is damaged, cut or newer is moved aside", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 0, "state", {}, {}));
    REQUIRE(append(journal, 1, std::string(100'000, 'r')));
  }
  std::string kind = "damaged";
  SECTION("damaged") { write_bytes(file, std::string(8192, 'x')); }
  SECTION("cut in its first page") { write_bytes(file, read_bytes(file).substr(0, 1000)); }
  SECTION("newer") {
    run_sql(file, "PRAGMA user_version = 99");
    kind = "newer";
  }
  Journal journal({.file = file}, kNow);
  const std::vector<std::string> notices = texts_of(journal);
  REQUIRE(notices.size() == 1);
  const std::string moved = file + "." + kind + "-20231114T221320Z";
  CHECK(notices[0].find(moved) != std::string::npos);
  CHECK(std::filesystem::exists(moved));
  CHECK(journal.needs_checkpoint());
  CHECK(checkpoint(journal, 0, "fresh", {}, {}));
  CHECK(append(journal, 1, "kept"));
}

TEST_CASE("what is damaged inside of a journal is never handed over as whole", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 0, "state", {{1, "window"}}, {1}));
    REQUIRE(append(journal, 1, "one"));
    REQUIRE(append(journal, 2, "two"));
  }
  const auto [sql, what] = GENERATE(table<std::string, std::string>({
      {"UPDATE state SET bytes = x'00'", "the state of its checkpoint is damaged"},
      {"UPDATE state SET sequence = 1", "the state of its checkpoint is damaged"},
      {"UPDATE window_state SET bytes = 'Window'", "window 60 of its checkpoint is damaged"},
      {"UPDATE window_state SET start = 120", "window 120 of its checkpoint is damaged"},
      {"UPDATE entry SET bytes = 'tvo' WHERE sequence = 2", "row 2 is damaged"},
      {"UPDATE entry SET time = time + 1 WHERE sequence = 2", "row 2 is damaged"},
      {"UPDATE entry SET kind = 2 WHERE sequence = 1", "row 1 is damaged"},
      {"UPDATE entry SET sequence = 3 WHERE sequence = 2", "row 3 is damaged"},
  }));
  CAPTURE(sql);
  run_sql(file, sql);
  Journal journal({.file = file}, kNow);
  const auto content = load(journal);
  REQUIRE_FALSE(content.has_value());
  CHECK(content.error().message() == what);
  CHECK(journal.needs_checkpoint());
  CHECK(journal.last_sequence() >= 2);
}

TEST_CASE("what the caller cannot read is moved aside, and the start goes on", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 0, "state", {{1, "w"}}, {1}));
    REQUIRE(append(journal, 1, "one"));
    REQUIRE(append(journal, 2, "strange"));
  }
  Journal journal({.file = file}, kNow);
  Content content;
  JournalReplay replay = into(content);
  replay.take_row = [](const JournalRow& row) -> Expected<void> {
    if (row.bytes == "strange") return fail("a damaged delta");
    return {};
  };
  const auto loaded = journal.load(replay);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().message() == "row 2: a damaged delta");
  journal.set_aside(loaded.error().message(), kNow);
  const std::string moved = file + ".damaged-20231114T221320Z";
  CHECK(texts_of(journal) ==
        std::vector{file + ": row 2: a damaged delta; it was moved to " + moved +
                    " and a fresh one was made; it can be removed when nobody wants to look into "
                    "it"});
  CHECK(std::filesystem::exists(moved));
  REQUIRE(journal.needs_checkpoint());
  REQUIRE(checkpoint(journal, 2, "fresh", {}, {}));
  REQUIRE(append(journal, 3, "three"));
  CHECK(content_after_kill(folder).order == std::vector<std::string>{"state", "row 3"});
}

TEST_CASE("a checkpoint does not write again what it deletes", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  {
    Journal journal({.file = file}, kNow);
    REQUIRE(checkpoint(journal, 0, "", {}, {}));
    REQUIRE(append(journal, 1, std::string(2'000'000, 'r')));
  }
  Journal journal({.file = file}, kNow);
  REQUIRE(load(journal).has_value());
  REQUIRE(checkpoint(journal, 1, "state", {}, {}));
  CHECK(std::filesystem::file_size(file + "-wal") < 200'000);
}

TEST_CASE("a journal does not grow with what it has forgotten", "[store]") {
  const ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  const std::string row(100'000, 'r');
  const std::string state(300'000, 's');
  Journal journal({.file = file}, kNow);
  REQUIRE(checkpoint(journal, 0, "", {}, {}));
  std::uint64_t sequence = 0;
  for (int cycle = 0; cycle < 30; ++cycle) {
    for (int i = 0; i < 10; ++i) REQUIRE(append(journal, ++sequence, row));
    REQUIRE(checkpoint(journal, sequence, state, {{cycle, state}}, {cycle}));
  }
  // 1 MB of rows and twice the checkpoint's 600 kB; the log a few MB (docs/decisions/journal.md).
  CHECK(std::filesystem::file_size(file) < 2'500'000);
  CHECK(std::filesystem::file_size(file + "-wal") < 8'000'000);
}

TEST_CASE("a file that is removed or replaced while it is used is noticed, and made anew",
          "[store]") {
  const ScratchFolder scratch;
  const std::string folder = scratch.file("state");
  std::filesystem::create_directory(folder);
  const std::string file = folder + "/journal.db";
  int claims = 0;
  bool is_ours = true;
  Journal journal({.file = file,
                   .claim_folder = [&]() -> Expected<void> {
                     ++claims;
                     if (!is_ours) return fail("it is somebody else's");
                     std::filesystem::create_directories(folder);
                     return {};
                   }},
                  kNow);
  REQUIRE(checkpoint(journal, 0, "first", {}, {}));
  REQUIRE(append(journal, 1, "a"));
  REQUIRE(texts_of(journal).empty());
  SECTION("the folder is removed") { std::filesystem::remove_all(folder); }
  SECTION("the file is replaced by a copy") {
    std::filesystem::copy_file(file, file + ".copy");
    std::filesystem::rename(file + ".copy", file);
  }
  const int before = claims;
  CHECK(append(journal, 2, "b", kNow + seconds(59)));  // Not looked at yet.
  CHECK(claims == before);
  CHECK_FALSE(append(journal, 3, "c", kNow + seconds(60)));
  const auto notices = texts_of(journal);
  REQUIRE_FALSE(notices.empty());
  CHECK(notices.front().find(file + " was removed or replaced") != std::string::npos);
  REQUIRE(journal.has_disk());
  REQUIRE(journal.needs_checkpoint());
  REQUIRE(checkpoint(journal, 3, "second", {}, {}, kNow + seconds(60)));
  REQUIRE(append(journal, 4, "d", kNow + seconds(61)));
  CHECK(texts_of(journal).size() == 1);  // It is kept again.
  Journal next({.file = file}, kNow + seconds(62));
  CHECK_FALSE(next.has_disk());  // The first one has it.
  is_ours = false;
  CHECK_FALSE(append(journal, 5, "e", kNow + seconds(121)));
  CHECK_FALSE(journal.has_disk());
  const auto outage = texts_of(journal);
  REQUIRE(outage.size() == 1);
  CHECK(outage.front().find("somebody else's") != std::string::npos);
  Journal last({.file = file}, kNow + seconds(122));
  const auto content = load(last);
  REQUIRE(content.has_value());
  CHECK(content->state == "second");
  CHECK(content->rows == std::map<int, std::string>{{4, "d"}});
}

TEST_CASE("a journal that its caller leaves unread takes rows behind those that are there",
          "[store]") {
  const ScratchFolder folder;
  const JournalOptions options{.file = folder.file("journal.db")};
  {
    Journal journal(options, kNow);
    REQUIRE(checkpoint(journal, 0, "state", {}, {}));
    REQUIRE(append(journal, 1, "a"));
    REQUIRE(append(journal, 2, "b"));
  }
  {
    Journal journal(options, kNow);
    Content content;
    JournalReplay replay = into(content);
    replay.take_row = [](const JournalRow&) -> Expected<void> { return fail("no time"); };
    REQUIRE_FALSE(journal.load(replay).has_value());
    journal.leave_unread();
    CHECK(journal.last_sequence() == 2);
    REQUIRE(append(journal, 3, "c"));
  }
  const Content content = content_after_kill(folder);
  CHECK(content.state == "state");
  CHECK(content.rows == std::map<int, std::string>{{1, "a"}, {2, "b"}, {3, "c"}});
}

}  // namespace sluice

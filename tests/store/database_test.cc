#include "store/database.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "store/scratch_folder.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;

const Timestamp kNow =
    std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + std::chrono::seconds(86399);

DatabaseOptions options_for(const std::string& path) {
  return {.path = path,
          .application_id = 0x536c7501,
          .schema_version = 3,
          .schema = "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB);"};
}

void add_word(Database& database, std::string_view text, std::string_view bytes) {
  auto insert = database.prepare("INSERT INTO word (text, bytes) VALUES (?1, ?2)");
  REQUIRE(insert);
  REQUIRE(insert->bind_text(1, text).bind_blob(2, bytes).run());
}

std::int64_t count_words(Database& database) {
  auto select = database.prepare("SELECT count(*) FROM word");
  REQUIRE(select);
  REQUIRE(select->step().value());
  return select->column_int64(0);
}

}  // namespace

TEST_CASE("what was committed is there after a restart, the rest is not", "[store]") {
  const ScratchFolder folder;
  const std::string bytes("a\0b", 3);
  {
    auto database = Database::open(options_for(folder.file("a.db")), kNow);
    REQUIRE(database);
    CHECK(database->note().empty());
    auto transaction = Transaction::begin(*database);
    REQUIRE(transaction);
    add_word(*database, "kept", bytes);
    CHECK(database->last_insert_id() == 1);
    REQUIRE(transaction->commit());
    auto other = Transaction::begin(*database);
    REQUIRE(other);
    add_word(*database, "given up", bytes);
  }
  auto database = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE(database);
  auto select = database->prepare("SELECT text, bytes, NULL FROM word");
  REQUIRE(select);
  REQUIRE(select->step().value());
  CHECK(select->column_text(0) == "kept");
  CHECK(select->column_blob(1) == bytes);
  CHECK_FALSE(select->column_is_null(1));
  CHECK(select->column_is_null(2));
  CHECK_FALSE(select->step().value());
}

TEST_CASE("an empty blob is not NULL, and bind errors are told by step", "[store]") {
  auto database = Database::open(options_for(":memory:"), kNow);
  REQUIRE(database);
  add_word(*database, "", {});
  auto select = database->prepare("SELECT text, bytes FROM word WHERE id = ?1");
  REQUIRE(select);
  REQUIRE(select->bind(1, 1).step().value());
  CHECK_FALSE(select->column_is_null(0));
  CHECK_FALSE(select->column_is_null(1));
  select->reset();
  CHECK_FALSE(select->bind(2, 1).step());
}

TEST_CASE("a database file is readable by its owner and group alone", "[store]") {
  const ScratchFolder folder;
  auto database = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE(database);
  add_word(*database, "x", "y");
  for (const std::string& name : folder.names("a.db")) {
    struct ::stat status = {};
    REQUIRE(::stat(folder.file(name).c_str(), &status) == 0);
    CAPTURE(name);
    CHECK((status.st_mode & 0777) == 0640);
  }
}

TEST_CASE("a file that is not ours is moved aside, not touched", "[store]") {
  const ScratchFolder folder;
  const std::string path = folder.file("a.db");
  auto options = options_for(path);
  std::string kind;
  std::string what;
  SECTION("text") {
    write_bytes(path, std::string(5000, 'x'));
    kind = "damaged", what = "is damaged";
  }
  SECTION("cut short") {
    {
      auto database = Database::open(options, kNow);
      for (int i = 0; i < 100; ++i) add_word(*database, "w", std::string(1000, 'x'));
    }
    write_bytes(path, read_bytes(path).substr(0, 20'000));
    kind = "damaged", what = "is damaged";
  }
  SECTION("another application's") {
    options.application_id = 77;
    REQUIRE(Database::open(options, kNow));
    kind = "foreign", what = "was not written by this part of sluice";
  }
  SECTION("a newer version's") {
    options.schema_version = 4;
    REQUIRE(Database::open(options, kNow));
    kind = "newer", what = "was written by a newer sluice";
  }
  SECTION("an older version's") {
    options.schema_version = 2;
    REQUIRE(Database::open(options, kNow));
    kind = "older", what = "was written by an older sluice";
  }
  const std::string before = read_bytes(path);
  auto database = Database::open(options_for(path), kNow);
  REQUIRE(database);
  CHECK(count_words(*database) == 0);
  const std::string moved = path + "." + kind + "-20240229T235959Z";
  CHECK(read_bytes(moved) == before);
  CHECK(database->moved_to() == moved);
  CHECK_THAT(database->note(), Contains(path + " " + what) && Contains("moved to " + moved));

  // Once more in the same second: nothing is overwritten.
  database = fail("closed");
  write_bytes(path,
              "no database, and no empty file either, but long enough to be looked at as one");
  database = Database::open(options_for(path), kNow);
  REQUIRE(database);
  CHECK(read_bytes(moved) == before);
  CHECK(database->moved_to() != moved);
}

TEST_CASE("a file that cannot be used is an error that says why", "[store]") {
  const ScratchFolder folder;
  std::string path;
  std::string why;
  SECTION("no folder") {
    path = folder.file("none/a.db");
    why = "it cannot be made (No such file or directory)";
  }
  SECTION("a file where the folder should be") {
    write_bytes(folder.file("file"), "x");
    path = folder.file("file/a.db");
    why = "it cannot be made (Not a directory)";
  }
  SECTION("a folder where the file should be") {
    path = folder.file("a.db");
    std::filesystem::create_directory(path);
    why = "it cannot be opened";
  }
  const auto database = Database::open(options_for(path), kNow);
  REQUIRE_FALSE(database);
  CHECK(database.error().where == path);
  CHECK_THAT(database.error().what, Contains(why));
}

TEST_CASE("an exclusive file is refused to a second user, who is told so", "[store]") {
  const ScratchFolder folder;
  auto first = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE(first);
  const auto second = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().what, Contains("another process uses it"));
}

TEST_CASE("a shared file is seen by a second user", "[store]") {
  const ScratchFolder folder;
  auto options = options_for(folder.file("a.db"));
  options.is_exclusive = false;
  auto first = Database::open(options, kNow);
  REQUIRE(first);
  auto second = Database::open(options, kNow);
  REQUIRE(second);
  add_word(*first, "x", "y");
  CHECK(count_words(*second) == 1);
}

TEST_CASE("a full database says so, and what was begun is undone", "[store]") {
  auto database = Database::open(options_for(":memory:"), kNow);
  REQUIRE(database);
  add_word(*database, "first", "y");
  REQUIRE(database->execute("PRAGMA max_page_count = 8"));
  {
    auto transaction = Transaction::begin(*database);
    REQUIRE(transaction);
    auto insert = database->prepare("INSERT INTO word (bytes) VALUES (?1)");
    REQUIRE(insert->bind_blob(1, "small").run());
    const auto done = insert->bind_blob(1, std::string(100'000, 'x')).run();
    REQUIRE_FALSE(done);
    CHECK_THAT(done.error().what, Contains("the disk is full"));
    CHECK_FALSE(database->is_damaged());
  }
  CHECK(count_words(*database) == 1);
}

TEST_CASE("a database is copied whole between memory and disk", "[store]") {
  const ScratchFolder folder;
  auto memory = Database::open(options_for(":memory:"), kNow);
  auto disk = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE(memory);
  REQUIRE(disk);
  add_word(*disk, "old", "x");
  add_word(*memory, "a", "x");
  add_word(*memory, "b", "x");
  REQUIRE(memory->copy_to(*disk));
  CHECK(count_words(*disk) == 2);
  disk = fail("closed");
  disk = Database::open(options_for(folder.file("a.db")), kNow);
  REQUIRE(disk);
  CHECK(disk->note().empty());
  CHECK(count_words(*disk) == 2);
}

}  // namespace sluice

// What a spool does when its file cannot be used.
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "store/scratch_folder.h"
#include "store/small_disk.h"
#include "store/spool.h"
#include "store/spool_world.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;

// The only notice there is.
Notice notice_of(Spool& spool) {
  const auto notices = spool.take_notices();
  REQUIRE(notices.size() == 1);
  return notices.front();
}

std::vector<std::string> drain(Spool& spool, std::int64_t now) {
  std::vector<std::string> lines;
  while (const auto batch = spool.take(at(now))) {
    for (std::string& line : split_lines(batch->lines)) lines.push_back(std::move(line));
    spool.acknowledge(at(now));
    check_account(spool);
  }
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE("a spool whose folder is missing runs in memory, says so, and moves in when it is there",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("state/spool.db"), .new_series_per_minute = 60};
  {
    Spool spool(options, at(0));
    CHECK_FALSE(spool.stats().is_on_disk);
    CHECK(spool.stats().failures == 1);
    const Notice notice = notice_of(spool);
    CHECK(notice.kind == Notice::Kind::kSpoolInMemory);
    CHECK_THAT(notice.text, Contains(options.file) && Contains("No such file or directory") &&
                                Contains("in memory") && Contains("every minute"));
    spool.put(points("a", 30, 0, 1), 5);
    REQUIRE(drain(spool, 0).size() == 10);
    std::filesystem::create_directory(folder.file("state"));
    spool.tick(at(59));
    CHECK_FALSE(spool.stats().is_on_disk);
    spool.tick(at(60));
    CHECK(spool.stats().is_on_disk);
    CHECK_THAT(notice_of(spool).text, Contains("is on disk again after 60 s"));
    CHECK(spool.stats().held == 20);
    check_account(spool);
  }
  Spool spool(options, at(61));
  CHECK(spool.take_notices().empty());
  CHECK(spool.last_sequence() == 5);
  CHECK(spool.stats().held == 20);
  spool.put(points("a", 10, 60, 2), 6);
  CHECK(drain(spool, 61).size() == 20);  // Ten known ones, ten that have their turn.
}

TEST_CASE("a file that could not be read at the start is taken in later, not overwritten",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = 60};
  {
    Spool spool(options, at(0));
    spool.put(points("a", 10, 0, 7), 5);
    REQUIRE(spool.take(at(0)));
    spool.give_back();
    spool.put(std::vector{point("n1", 1, 0, 8), point("n2", 1, 0, 8)}, 6);
  }
  auto other = std::make_unique<Spool>(options, at(0));  // Holds the lock.
  Spool spool(options, at(0));
  CHECK_THAT(notice_of(spool).text, Contains("another process uses it"));
  spool.put(std::vector{point("a0", 2, 0, 1), point("n1", 2, 0, 1)}, 7);
  other.reset();
  spool.tick(at(60));
  CHECK(spool.stats().is_on_disk);
  CHECK(spool.stats().spooled_at_start == 12);
  CHECK(spool.stats().new_series == 2);  // Not a0, which the file knew.
  CHECK(spool.last_sequence() == 7);
  check_account(spool);
  const auto lines = drain(spool, 70);
  CHECK(lines.size() == 12);
  CHECK(lines.front() == "a0 2 1000000");
  CHECK(lines[10] == "n1 2 1000000");
  CHECK(spool.stats().superseded == 2);
}

TEST_CASE("a second life that could not read the file is newer than the first",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db")};
  for (int life = 1; life <= 3; ++life) {
    CAPTURE(life);
    auto other = std::make_unique<Spool>(options, at(life * 100));  // Holds the lock.
    Spool spool(options, at(life * 100));
    other.reset();
    spool.put(std::vector{point("a", life, 0, 1'000 - static_cast<std::uint64_t>(life))}, 0);
    spool.tick(at(life * 100 + 60));
    REQUIRE(spool.stats().is_on_disk);
    CHECK(spool.stats().waiting == static_cast<std::uint64_t>(life));
    check_account(spool);
  }
  Spool spool(options, at(500));
  CHECK(lines_of(spool.take(at(500))) == "a 3 1000000\n");
}

TEST_CASE("a disk that fails in the middle of the work loses nothing", "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = 600};
  {
    Spool spool(options, at(0));
    spool.put(points("known", 100, 0, 1), 1);
    REQUIRE(drain(spool, 0).size() == 100);
    spool.put(points("known", 50, 60, 2), 2);
    spool.put(points("new", 150, 60, 2), 3);
    std::vector<std::string> sent;
    {
      const SmallDisk disk(1);
      SECTION("a put") { spool.put(points("known", 1000, 60, 3), 4); }
      SECTION("an acknowledgement") {
        REQUIRE(spool.take(at(1), Which::kAny));
        spool.acknowledge(at(1));
      }
      SECTION("an admission") {
        REQUIRE(spool.take(at(30)));
        CHECK(spool.stats().series_admitted > 100);
        spool.give_back();
      }
      SECTION("a replay") { spool.replay(at(1)); }
      SECTION("forgetting what was acknowledged") { spool.tick(at(1000)); }
      SECTION("dropping what is too old") { spool.tick(at(90'000)); }
      CHECK_FALSE(spool.stats().is_on_disk);
      CHECK(spool.stats().failures == 1);
      const Notice notice = notice_of(spool);
      CHECK(notice.kind == Notice::Kind::kSpoolInMemory);
      CHECK_THAT(notice.text, Contains(options.file) && Contains("the disk failed") &&
                                  Contains("goes on in memory"));
      check_account(spool);
      CHECK(spool.stats().dropped_damaged == 0);
      spool.put(points("known", 100, 120, 5), 6);
      check_account(spool);
      spool.tick(at(100'000));  // It still fails.
      CHECK_FALSE(spool.stats().is_on_disk);
      CHECK(spool.stats().failures == 1);
      CHECK(spool.take_notices().empty());
    }
    spool.put(points("last", 10, 100'000, 6), 7);
    spool.tick(at(100'060));
    CHECK(spool.stats().is_on_disk);
    CHECK_THAT(notice_of(spool).text, Contains("is on disk again"));
    check_account(spool);
    CHECK(spool.stats().dropped_damaged == 0);
  }
  Spool spool(options, at(100'061));
  CHECK(spool.last_sequence() == 7);
  CHECK(spool.stats().spooled_at_start == 10);  // The rest has become too old meanwhile.
  CHECK(drain(spool, 100'070).size() == 10);
}

TEST_CASE("a full disk is told as such, and what waits goes on in memory", "[store][spool][disk]") {
  const ScratchFolder folder;
  // Needs the right to mount; without it there is no full disk to be had.
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("no right to mount a small file system: a full disk was not tried");
    return;
  }
  {
    Spool spool({.file = folder.file("spool.db")}, at(0));
    for (int i = 0; i < 10; ++i) {
      spool.put(points("some.path.of.a.host", 5'000, i * 60, 1), static_cast<std::uint64_t>(i + 1));
      check_account(spool);
    }
    CHECK_FALSE(spool.stats().is_on_disk);
    CHECK(spool.stats().waiting == 50'000);
    CHECK_THAT(notice_of(spool).text, Contains("the disk is full; free some space"));
    spool.tick(at(700));
    CHECK_FALSE(spool.stats().is_on_disk);
    CHECK(drain(spool, 700).size() == 50'000);
    spool.tick(at(900));  // Now everything has room.
    CHECK(spool.stats().is_on_disk);
  }
  ::umount(folder.path().c_str());
}

TEST_CASE("bytes_max holds in memory too", "[store][spool][disk]") {
  const ScratchFolder folder;
  Spool spool({.file = folder.file("none/spool.db"), .bytes_max = 100'000}, at(0));
  for (int i = 0; i < 20; ++i) {
    spool.put(points("path", 1'000, i * 60, 1), 0);
    CHECK(spool.stats().bytes <= 100'000);
    check_account(spool);
  }
  CHECK(spool.stats().dropped_full > 10'000);
}

TEST_CASE("a file that is no spool is moved aside and a fresh one made", "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db")};
  write_bytes(options.file, std::string(10'000, 'x'));
  Spool spool(options, at(0));
  CHECK(spool.stats().is_on_disk);
  CHECK(spool.stats().failures == 0);
  const auto notices = spool.take_notices();
  REQUIRE_FALSE(notices.empty());
  CHECK_THAT(notices.front().text,
             Contains("is damaged; it was moved to") && Contains(".damaged-19700112T134640Z"));
  spool.put(points("a", 10, 0, 1), 1);
  CHECK(drain(spool, 0).size() == 10);
}

TEST_CASE("what can be read of a file that was cut short goes on", "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = 60'000};
  std::uint64_t known = 0;
  {
    Spool spool(options, at(0));
    spool.put(points("a.path.of.a.host", 5'000, 0, 1), 1);
    known = drain(spool, 0).size();
    for (int i = 1; i < 20; ++i)
      spool.put(points("a.path.of.a.host", 5'000, i * 60, 1), static_cast<std::uint64_t>(i + 1));
  }
  const std::string bytes = read_bytes(options.file);
  write_bytes(options.file, bytes.substr(0, bytes.size() * 3 / 4 / 4096 * 4096));
  Spool spool(options, at(1200));
  CHECK(known == 5'000);
  const auto notices = spool.take_notices();
  REQUIRE(notices.size() == 2);
  CHECK_THAT(notices[1].text, Contains("could be read out of it"));
  CHECK(spool.stats().is_on_disk);
  CHECK(spool.stats().spooled_at_start >= 40'000);
  CHECK(spool.stats().spooled_at_start < 95'000);
  CHECK(spool.stats().new_series == 0);
  check_account(spool);
  CHECK(drain(spool, 1200).size() == spool.stats().spooled_at_start);
}

TEST_CASE("damage inside the file costs what was there, is counted, and nothing else",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = 0};
  {
    Spool spool(options, at(0));
    for (int i = 0; i < 20; ++i)
      spool.put(points("a.path.of.a.host", 2'000, i * 60, 1), static_cast<std::uint64_t>(i + 1));
  }
  std::string bytes = read_bytes(options.file);
  SECTION("in lines") {
    const std::size_t where = bytes.find("a.path.of.a.host1234 1 1000600");
    REQUIRE(where != std::string::npos);
    bytes.replace(where, 2, "\n\xff");
    write_bytes(options.file, bytes);
    Spool spool(options, at(1200));
    CHECK(drain(spool, 1200).size() == 38'000);
    CHECK(spool.stats().dropped_damaged == 2'000);
    CHECK(spool.stats().is_on_disk);
  }
  SECTION("in pages") {
    const auto page = GENERATE(range(1, 40, 3), 60, 90, 120, 200, 300);
    CAPTURE(page);
    REQUIRE(bytes.size() > 301 * 4096);
    bytes.replace(static_cast<std::size_t>(page) * 4096, 4096, std::string(4096, '\xa5'));
    write_bytes(options.file, bytes);
    Spool spool(options, at(1200));
    check_account(spool);
    spool.put(points("later", 100, 1200, 1), 21);
    check_account(spool);
    const std::size_t sent = drain(spool, 1200).size();
    check_account(spool);
    CHECK(sent >= 100);
    CHECK(sent + spool.stats().dropped_damaged == 100 + spool.stats().spooled_at_start);
    for (const Notice& notice : spool.take_notices()) CHECK_THAT(notice.text, Contains("spool"));
    spool.tick(at(1300));
    CHECK(spool.stats().is_on_disk);
    Spool again({.file = folder.file("none")}, at(1300));
    again.put(points("x", 1, 0, 1), 1);
  }
}

TEST_CASE("damage that shows while the spool runs loses what cannot be read alone",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("spool.db"), .new_series_per_minute = 6'000};
  {
    Spool spool(options, at(0));
    spool.put(points("a.path.of.a.host", 1'000, 0, 1), 1);
    REQUIRE(drain(spool, 0).size() == 1'000);
    for (int i = 1; i < 20; ++i)
      spool.put(points("a.path.of.a.host", 1'000, i * 60, 1), static_cast<std::uint64_t>(i + 1));
    spool.put(points("new", 2'000, 1140, 1), 21);
  }
  Spool spool(options, at(1140));
  REQUIRE(spool.take_notices().empty());
  REQUIRE(spool.stats().spooled_at_start == 21'000);
  // Behind its back: all that is not in its cache of pages.
  std::string bytes = read_bytes(options.file);
  for (std::size_t page = 20; page < bytes.size() / 4096; page += 7)
    bytes.replace(page * 4096, 4096, std::string(4096, '\x5a'));
  write_bytes(options.file, bytes);
  const std::size_t sent = drain(spool, 1140).size();
  spool.put(points("later", 100, 1200, 1), 22);
  const std::size_t later = drain(spool, 1200).size();
  check_account(spool);
  CHECK(spool.stats().dropped_damaged > 0);
  CHECK(sent + later + spool.stats().dropped_damaged + spool.stats().held == 21'100);
  CHECK(later >= 100);
  spool.tick(at(1300));
  CHECK(spool.stats().is_on_disk);
}

TEST_CASE("a file that is removed while it is used is noticed, and what waits moves into a new one",
          "[store][spool][disk]") {
  const ScratchFolder folder;
  const SpoolOptions options{.file = folder.file("state/spool.db")};
  std::filesystem::create_directory(folder.file("state"));
  {
    Spool spool(options, at(0));
    spool.put(points("a", 10, 0, 1), 5);
    std::filesystem::remove_all(folder.file("state"));
    const bool is_folder_back = GENERATE(true, false);
    if (is_folder_back) std::filesystem::create_directory(folder.file("state"));
    spool.tick(at(59));
    CHECK(spool.take_notices().empty());
    spool.tick(at(60));
    CHECK(spool.stats().is_on_disk == is_folder_back);
    const auto notices = spool.take_notices();
    REQUIRE_FALSE(notices.empty());
    CHECK_THAT(notices.front().text, Contains("was removed or replaced"));
    std::filesystem::create_directories(folder.file("state"));
    spool.tick(at(121));
    CHECK(spool.stats().is_on_disk);
    spool.put(points("b", 10, 0, 2), 6);
    check_account(spool);
  }
  REQUIRE(SpoolTables::count_waiting(options.file).has_value());
  CHECK(*SpoolTables::count_waiting(options.file) == 20);
  Spool next(options, at(200));
  CHECK(next.last_sequence() == 6);
  CHECK(drain(next, 200).size() == 20);
}

}  // namespace sluice

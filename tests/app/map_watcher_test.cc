#include "app/map_watcher.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "config/cluster_map.h"
#include "config/temporary_folder.h"

namespace sluice {
namespace {

using Kind = MapNews::Kind;
using std::chrono::seconds;

constexpr std::string_view kMap = R"({"hosts": {"a": "web", "b": "web", "c": "db", "d": "db"}})";
constexpr std::string_view kMoved = R"({"hosts": {"a": "db", "b": "web", "c": "db", "d": "db"}})";
constexpr std::string_view kShrunk = R"({"hosts": {"a": "web", "b": "web", "c": "db"}})";

// A map file and its watcher, which is asked whenever it is willing to look.
struct Watched {
  TemporaryFolder folder;
  std::string file = folder.write("map.json", kMap);
  ClusterConfig config{.file = file};
  MapWatcher watcher{config, *load_cluster_map(file)};
  Timestamp now{seconds(1'000'000)};

  // The news after `text` has taken the place of the file, the way editors and rsync do it.
  std::optional<MapNews> after_replacing(std::string_view text) {
    std::filesystem::rename(folder.write("map.json.new", text), file);
    return next();
  }

  std::optional<MapNews> next() {
    now += MapWatcher::kInterval;
    return watcher.poll(now);
  }
};

TEST_CASE("a map file that nobody touches is no news", "[app]") {
  Watched map;
  CHECK_FALSE(map.next());
  CHECK_FALSE(map.next());
  // Read again, but the same.
  CHECK_FALSE(map.after_replacing(kMap));
  CHECK(map.watcher.reloads() == 0);
  CHECK(map.watcher.refusals() == 0);
  MapWatcher without({}, {});
  CHECK_FALSE(without.poll(map.now));
}

TEST_CASE("a changed map is taken, replaced or written in place", "[app]") {
  Watched map;
  std::optional<MapNews> news;
  SECTION("replaced after the first look") {
    CHECK_FALSE(map.next());
    news = map.after_replacing(kMoved);
  }
  SECTION("replaced between the start and the first look") { news = map.after_replacing(kMoved); }
  SECTION("in place, with as many octets as before") {
    CHECK_FALSE(map.next());
    map.folder.write("map.json", kMoved);
    news = map.next();
  }
  REQUIRE(news);
  CHECK(news->kind == Kind::kTaken);
  CHECK(news->words == "cluster map " + map.file + ": taken, 4 hosts; 1 moved (a from web to db)");
  CHECK(news->clusters->cluster_of("a").cluster == "db");
  CHECK(map.watcher.reloads() == 1);
  CHECK_FALSE(map.next());
}

TEST_CASE("the patterns and the default stay with a new map", "[app]") {
  Watched map;
  map.config.patterns = {"^(?P<cluster>[a-z]+)9$"};
  map.config.fallback = "rest";
  map.watcher.adopt(map.config, *load_cluster_map(map.file));
  const auto news = map.after_replacing(kMoved);
  REQUIRE(news);
  CHECK(news->clusters->cluster_of("mail9").cluster == "mail");
  CHECK(news->clusters->cluster_of("x").cluster == "rest");
}

TEST_CASE("the file is looked at every few seconds", "[app]") {
  Watched map;
  CHECK_FALSE(map.next());
  map.folder.write("map.json", kMoved);
  CHECK_FALSE(map.watcher.poll(map.now + MapWatcher::kInterval - seconds(1)));
  // A clock set back by an hour.
  CHECK(map.watcher.poll(map.now - seconds(3600)));
}

TEST_CASE("a map that cannot be used is refused once, and the old one stays", "[app]") {
  Watched map;
  CHECK_FALSE(map.next());
  std::optional<MapNews> news;
  std::string why = map.file;
  SECTION("half written") {
    news = map.after_replacing(kMoved.substr(0, 20));
    why += ":1:21: expected '}', found end of input";
  }
  SECTION("empty file") {
    news = map.after_replacing("");
    why += ": the file is empty; expected a JSON object, at least {}";
  }
  SECTION("no host") {
    news = map.after_replacing(R"({"hosts": {}})");
    why +=
        ": /hosts: expected at least one host; an empty map would move every host to the default "
        "cluster";
  }
  SECTION("no JSON") {
    news = map.after_replacing("a: web\n");
    why +=
        ":1:1: expected a text in double quotes, a number, true, false, null, [...], {...} or what "
        "ends the one before, found \"a\"";
  }
  SECTION("shrunk") {
    news = map.after_replacing(kShrunk);
    why +=
        ": 3 hosts, more than a fifth fewer than in use (4 hosts); if that is meant, SIGHUP takes "
        "it "
        "all the same";
  }
  SECTION("gone") {
    std::filesystem::remove(map.file);
    news = map.next();
    why += ": cannot be read: No such file or directory";
  }
  SECTION("a folder") {
    std::filesystem::remove(map.file);
    std::filesystem::create_directory(map.file);
    news = map.next();
    why += ": not a regular file";
    std::filesystem::remove(map.file);
    map.folder.write("map.json", "[]");
    CHECK(map.next()->kind == Kind::kRefused);
    std::filesystem::remove(map.file);
    std::filesystem::create_directory(map.file);
    news = map.next();
  }
  REQUIRE(news);
  CHECK(news->kind == Kind::kRefused);
  CHECK(news->words == "cluster map refused, the old one stays: " + why);
  CHECK(map.watcher.refusal() == why);
  CHECK_FALSE(map.next());
  const std::uint64_t refusals = map.watcher.refusals();
  CHECK(refusals >= 1);

  std::filesystem::remove(map.file);
  const auto again = map.after_replacing(kMap);
  REQUIRE(again);
  CHECK(again->kind == Kind::kAgain);
  CHECK(again->words == "cluster map " + map.file + ": again what is in use");
  CHECK(map.watcher.refusal().empty());
  CHECK(map.watcher.reloads() == 0);
  CHECK(map.watcher.refusals() == refusals);
}

TEST_CASE("a file that was refused half written is taken when it is whole", "[app]") {
  Watched map;
  CHECK(map.after_replacing(kMoved.substr(0, 20))->kind == Kind::kRefused);
  CHECK(map.after_replacing(kMoved.substr(0, 30))->kind == Kind::kRefused);
  CHECK(map.after_replacing(kMoved)->kind == Kind::kTaken);
  CHECK(map.watcher.refusal().empty());
  CHECK(map.watcher.refusals() == 2);
}

TEST_CASE("a reload takes a map that has shrunk", "[app]") {
  Watched map;
  CHECK(map.after_replacing(kShrunk)->kind == Kind::kRefused);
  CHECK(map.watcher.adopt(map.config, *load_cluster_map(map.file)) == "3 hosts; 1 removed (d)");
  CHECK(map.watcher.refusal().empty());
  CHECK(map.watcher.reloads() == 1);
  CHECK_FALSE(map.next());
  CHECK(map.watcher.adopt(map.config, *load_cluster_map(map.file)).empty());
  CHECK(map.watcher.reloads() == 1);
}

}  // namespace
}  // namespace sluice

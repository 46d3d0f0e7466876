#include "store/path_glob.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "store/history_index.h"

namespace sluice {
namespace {

const std::set<std::string> kPaths{
    "a.b",     "a.b.c", "a.b-1.c",          "a.b_1.c",          "a.bb.c",
    "a.d.c.e", "x.y.z", "sluice.all.n.p50", "sluice.all.n.p95", "sluice.hosts.h1.n"};

// All of them, the second half put in after the first was asked for.
struct AllPaths {
  std::vector<std::string> paths{kPaths.rbegin(), kPaths.rend()};
  HistoryIndex index{[this](SeriesPlace place) { return std::string_view(paths[place.number]); }};

  AllPaths() {
    for (std::uint32_t number = 0; number < paths.size(); ++number) {
      index.insert({number % 2, number});
      if (number == paths.size() / 2)
        index.for_each_below("x", [](std::string_view, SeriesPlace) { return true; });
    }
  }
};

std::vector<std::string> matched(std::string_view text) {
  const auto glob = PathGlob::parse(text);
  REQUIRE(glob);
  std::vector<std::string> paths;
  const AllPaths all;
  CHECK(all.index.match(*glob, [&](std::string_view path, SeriesPlace place) {
    CHECK(path == all.paths[place.number]);
    paths.emplace_back(path);
    return true;
  }));
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a pattern finds what Graphite's would", "[store]") {
  CHECK(matched("a.b") == Paths{"a.b"});
  CHECK(matched("a.*.c") == Paths{"a.b-1.c", "a.b.c", "a.b_1.c", "a.bb.c"});
  CHECK(matched("a.b?.c") == Paths{"a.bb.c"});
  CHECK(matched("a.b[-_]1.c") == Paths{"a.b-1.c", "a.b_1.c"});
  CHECK(matched("a.[a-c].c") == Paths{"a.b.c"});
  CHECK(matched("a.{b,bb}.c") == Paths{"a.b.c", "a.bb.c"});
  CHECK(matched("{a,x}.{b,y}.{c,z}") == Paths{"a.b.c", "x.y.z"});
  CHECK(matched("sluice.*.*.p{50,9*}") == Paths{"sluice.all.n.p50", "sluice.all.n.p95"});
  CHECK(matched("*") == Paths{});
  CHECK(matched("*.*") == Paths{"a.b"});
  CHECK(matched("a.d.c") == Paths{});
}

TEST_CASE("one level of the tree has leaves and branches", "[store]") {
  const auto nodes = [](std::string_view text) {
    std::set<std::string> found;
    const AllPaths all;
    CHECK(all.index.find_nodes(*PathGlob::parse(text), [&](std::string_view path, bool is_leaf) {
      CHECK(found.insert(std::string(path) + (is_leaf ? "" : ".")).second);
      return true;
    }));
    return found;
  };
  using Nodes = std::set<std::string>;
  CHECK(nodes("*") == Nodes{"a.", "x.", "sluice."});
  CHECK(nodes("a.*") == Nodes{"a.b", "a.b.", "a.b-1.", "a.b_1.", "a.bb.", "a.d."});
  CHECK(nodes("a.b") == Nodes{"a.b", "a.b."});
  CHECK(nodes("sluice.all.*") == Nodes{"sluice.all.n."});
  CHECK(nodes("none.*") == Nodes{});
}

TEST_CASE("names that are erased are found no more, in order or not", "[store]") {
  AllPaths all;
  const bool is_in_order = GENERATE(true, false);
  if (is_in_order)
    all.index.for_each_below("x", [](std::string_view, SeriesPlace) { return true; });
  std::vector<SeriesPlace> odd;
  std::vector<std::string> left;
  for (std::uint32_t number = 0; number < all.paths.size(); ++number) {
    if (number % 2 == 1) odd.push_back({1, number});
    if (number % 2 == 0) left.push_back(all.paths[number]);
  }
  all.index.erase(odd);
  for (const SeriesPlace place : odd) all.paths[place.number].clear();
  CHECK(all.index.size() == left.size());
  CHECK_FALSE(all.index.find(*std::next(kPaths.rbegin())));
  Paths found;
  for (const char* path : {"*.*", "*.*.*", "*.*.*.*"}) {
    CHECK(all.index.match(*PathGlob::parse(path), [&](std::string_view name, SeriesPlace) {
      found.emplace_back(name);
      return true;
    }));
  }
  std::ranges::sort(found);
  std::ranges::sort(left);
  CHECK(found == left);
}

TEST_CASE("a pattern that is not closed, or too long, is refused", "[store]") {
  const std::string text = GENERATE("", ".", "a.", ".a", "a..b", "a.{b", "a.b}", "a.[b", "a]",
                                    "a.{b.c}", "{a,{b,c}}", "a.{[b,c]}");
  CAPTURE(text);
  CHECK_FALSE(PathGlob::parse(text));
  CHECK_FALSE(PathGlob::parse(std::string(2001, 'a')));
  std::string many;
  for (int i = 0; i < 20; ++i) many += "{a,b}";
  CHECK_FALSE(PathGlob::parse(many));
}

TEST_CASE("a pattern of many stars takes no time", "[store]") {
  const std::string path(200, 'a');
  HistoryIndex all([&](SeriesPlace) { return std::string_view(path); });
  all.insert({0, 0});
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "*a";
  std::size_t count = 0;
  CHECK(all.match(*PathGlob::parse(stars + "b"), [&](std::string_view, SeriesPlace) {
    ++count;
    return true;
  }));
  CHECK(count == 0);
}

}  // namespace sluice

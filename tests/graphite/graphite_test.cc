#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "sluice/graphite/paths.h"
#include "sluice/graphite/plaintext.h"

namespace sluice {
namespace {

std::string spelled(double value) {
  std::string text;
  append_value(text, value);
  return text;
}

}  // namespace

TEST_CASE("a value is the shortest decimal that reads back as itself", "[graphite]") {
  CHECK(spelled(12) == "12");
  CHECK(spelled(0.1) == "0.1");
  CHECK(spelled(-0.0) == "0");
  CHECK(spelled(1.0 / 3) == "0.3333333333333333");
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    CHECK(std::strtod(spelled(value).c_str(), nullptr) == value);
  }
}

TEST_CASE("a value of few decimals is spelled as the standard spells it", "[graphite]") {
  const auto is_standard = [](double value) {
    char text[32];
    const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
    return spelled(value) == std::string_view(text, end) &&
           spelled(-value) == "-" + std::string(text, end);
  };
  CHECK(spelled(0.001) == "0.001");
  CHECK(spelled(99'999.999999) == "99999.999999");
  CHECK(spelled(100'000) == "1e+05");
  std::mt19937_64 random(2);
  int different = 0;
  for (const double unit : {1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 3.0, 7.0, 20.0}) {
    for (int i = 1; i < 2000; ++i) {
      if (!is_standard(i / unit)) ++different;
      if (!is_standard(std::nextafter(i / unit, 1e9))) ++different;
      if (!is_standard(static_cast<double>(1 + random() % 200'000'000) / unit)) ++different;
    }
  }
  CHECK(different == 0);
}

TEST_CASE("a line is path, value, timestamp and LF", "[graphite]") {
  std::string lines;
  append_line(lines, "sluice.all.cpu.busy.mean", 18.5, Seconds(std::chrono::seconds(1795333740)));
  CHECK(lines == "sluice.all.cpu.busy.mean 18.5 1795333740\n");
}

TEST_CASE("only what carbon takes may leave", "[graphite]") {
  const Seconds time(std::chrono::seconds(1795333740));
  CHECK(is_sendable({.path = "a.b", .value = 1, .time = time}));
  CHECK_FALSE(is_sendable({.path = "a.b", .value = std::nan(""), .time = time}));
  CHECK_FALSE(
      is_sendable({.path = "a.b", .value = std::numeric_limits<double>::infinity(), .time = time}));
  CHECK_FALSE(is_sendable({.path = "a b", .value = 1, .time = time}));
  CHECK_FALSE(is_sendable({.path = "caf\xe9", .value = 1, .time = time}));
  CHECK_FALSE(is_sendable({.path = "a.b", .value = 1, .time = Seconds{}}));
  constexpr std::chrono::seconds kLast{4'294'967'295};
  CHECK(is_sendable({.path = "a.b", .value = 1, .time = Seconds(kLast)}));
  CHECK_FALSE(
      is_sendable({.path = "a.b", .value = 1, .time = Seconds(kLast + std::chrono::seconds(1))}));
  std::string longest = "a";
  while (longest.size() < kPathBytesMax) longest += ".a";
  CHECK_FALSE(is_sendable({.path = longest, .value = 1, .time = time}));
}

TEST_CASE("paths have their documented form", "[graphite]") {
  const auto paths = Paths::make({.prefix = "sluice", .instance = "relay1.example.com"});
  REQUIRE(paths);
  CHECK(paths->host("web", "web01.example.com") == "sluice.hosts.web.web01_example_com");
  CHECK(paths->cluster("web.eu") == "sluice.clusters.web_eu");
  CHECK(paths->group("environment", "prod.eu") == "sluice.by.environment.prod_eu");
  CHECK(paths->all() == "sluice.all");
  CHECK(paths->relay() == "sluice.relays.relay1_example_com");
}

TEST_CASE("templates change paths, within reason", "[graphite]") {
  const auto make = [](std::string scope, std::string text) {
    return Paths::make(
        {.prefix = "p", .instance = "i", .templates = {{std::move(scope), std::move(text)}}});
  };
  CHECK(make("hosts", "hosts.{host}")->host("web", "a.b") == "hosts.a_b");
  CHECK(make("clusters", "{prefix}.{cluster}.all")->cluster("web") == "p.web.all");
  CHECK(make("hosts", "hosts.{cluster}").error().message() ==
        "hosts: expected {host} in \"hosts.{cluster}\", or all hosts would share one path");
  CHECK(make("clusters", "c").error().message() ==
        "clusters: expected {cluster} in \"c\", or all clusters would share one path");
  CHECK(make("groups", "{value}.{group}")->group("role", "db") == "db.role");
  CHECK(make("groups", "{prefix}.{group}").error().message() ==
        "groups: expected {value} in \"{prefix}.{group}\", or all groups would share one path");
  CHECK(make("groups", "{prefix}.{value}").error().message() ==
        "groups: expected {group} in \"{prefix}.{value}\", or all groups would share one path");
  CHECK(make("all", "x.{host}").error().message() ==
        "all: expected {prefix}, {instance}, found \"{host}\" in \"x.{host}\"");
  CHECK(make("hosts", "a..{host}").error().message() ==
        "hosts: expected nodes of [A-Za-z0-9_-] joined by dots, found \"a..{host}\"");
  CHECK(make("hosts", "a.{host").error().message() ==
        "hosts: expected a '}' after '{' in \"a.{host\"");
  CHECK(make("everything", "a").error().message() ==
        "expected one of hosts, clusters, groups, all, relays, found \"everything\"");
}

}  // namespace sluice

#include "sluice/values/shape.h"

#include <catch2/catch.hpp>
#include <string>

#include "sluice/values/plain_text.h"

using namespace sluice;

namespace {

std::string shape_of(std::string_view text, std::string_view host = {}) {
  std::string shape = "what stood there before";
  fold_shape(text, {.host = host}, shape);
  return shape;
}

}  // namespace

TEST_CASE("Lines of real programs fold to their shapes", "[values][shape]") {
  const auto [line, shape] = GENERATE(table<std::string_view, std::string_view>({
      {"Applying configuration version '1795333745'", "Applying configuration version '<n>'"},
      {"indirector -> filter -> catalog: 0.000210203 s (1 calls)",
       "indirector -> filter -> catalog: <n> s (<n> calls)"},
      {"(/Stage[main]/Main/File[/etc/refresh-b.conf]/ensure) defined content as "
       "'{sha256}0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f'",
       "(/Stage[main]/Main/File[/etc/refresh-b.conf]/ensure) defined content as '{sha<n>}<hex>'"},
      {"(/Stage[main]/Profile::Ci/File[/srv/ci/job 11 [2].yml]/ensure) created",
       "(/Stage[main]/Profile::Ci/File[/srv/ci/job <n> [<n>].yml]/ensure) created"},
      {"INFO  [qtp133313322-85] [puppetserver] //app01.dev.example.com//Stage[main] x",
       "INFO [qtp<n>-<n>] [puppetserver] //app<n>.dev.example.com//Stage[main] x"},
      {"[#<Facter::SearchedFact:0x00007fb41e07f718 @name=\"pe_version\"]",
       "[#<Facter::SearchedFact:<hex> @name=\"pe_version\"]"},
      {"runner.rb:216:in `agentmsg' Handling message 4c40189fef825f61b28c87c495ccdeb6 for agent "
       "'discovery' from uid=0@mq01.prod.example.com: ping",
       "runner.rb:<n>:in `agentmsg' Handling message <hex> for agent 'discovery' from "
       "uid=<n>@mq<n>.prod.example.com: ping"},
      {"      Agent Time: 10012.51ms", "Agent Time: <n>ms"},
      {"127.0.0.1 - - [22/Nov/2026:08:12:46 +0000] \"POST /puppet/v3/catalog/a.b?x=y HTTP/1.1\" "
       "200 "
       "1732",
       "<ip> - - [<n>/Nov/<n> <n>] \"POST /puppet/v<n>/catalog/a.b?x=y HTTP/<n>\" <n> <n>"},
      {"2018-08-22 00:03:14,141 INFO  [puppetserver] up", "<time> INFO [puppetserver] up"},
  }));
  CHECK(shape_of(line) == shape);
}

TEST_CASE("Each kind of placeholder, and what is just not one", "[values][shape]") {
  const auto [line, shape] = GENERATE(table<std::string_view, std::string_view>({
      {"", ""},
      {" \t ", ""},
      {"7", "<n>"},
      {"took -3 of +4.5, 1,234 at 10:33:05", "took <n> of <n>, <n> at <n>"},
      {"a-3 b_4 (5) x=-6", "a-<n> b_<n> (<n>) x=<n>"},
      {"version 1.2.3.4.5", "version <n>"},
      {"from 10.0.0.1:514", "from <ip>:<n>"},
      {"from 10.0.0.1234", "from <n>"},
      {"fe80::1 ::1 2001:db8:0:0:0:0:0:1 up", "<ip> <ip> <ip> up"},
      {"Profile::Db ::profile::not_there Face::Cafe a::b",
       "Profile::Db ::profile::not_there Face::Cafe a::b"},
      {"de:ad:be:ef:00:01: link up", "<mac>: link up"},
      {"12:34:56: noon", "<n>: noon"},
      {"id 123e4567-e89b-12d3-a456-426614174000.", "id <uuid>."},
      {"id abcdefab-e89b-12d3-a456-42661417400", "id abcdefab-e<n>b-<n>d<n>-a<n>-<n>"},
      {"commit e3a884e by deadbeef in 0xff", "commit <hex> by deadbeef in <hex>"},
      {"e3a88 x86 i386 md5sum web01a is short", "e<n>a<n> x<n> i<n> md<n>sum web<n>a is short"},
      {"file20261122-29727-l7fin6.lock x9k2m4p7q1z8", "file<n>-<n>-<id>.lock <id>"},
      {"2026-11-22", "<time>"},
      {"at 2026-11-22T08:12:46.5+01:00, at 2026-11-22T08:12:46Z", "at <time>, at <time>"},
      {"2026-11-223", "<n>-<n>-<n>"},
      {"\x1b[0;36mInfo: \x1b[0mdone\r\n", "Info: done"},
      {"caf\xc3\xa9 \xff\xc3(", "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd("},
      {"a\xc2\x9b"
       "31mb",
       "a<n>mb"},
  }));
  CAPTURE(line);
  CHECK(shape_of(line) == shape);
}

TEST_CASE("Paths are folded where that is asked for", "[values][shape]") {
  const auto [line, shape] = GENERATE(table<std::string_view, std::string_view>({
      {"(/Stage[main]/Profile::Ci/File[/srv/ci/job 11 [2].yml]/ensure) created",
       "(<path>) created"},
      {"//web01.x//Stage[main]/Main/Exec[a b]/returns executed", "<path> executed"},
      {"GET /puppet/v3/catalog/a.b?x=y&z=1 HTTP/1.1", "GET <path> HTTP/<n>"},
      {"see https://puppet:8140/x/y. Done", "see https:<path>. Done"},
      {"/etc/a[b and/or c", "<path>[b and/or c"},
      {"/etc </b> 24/7 a/b/c", "/etc </b> <n>/<n> a/b/c"},
      {"//", "<path>"},
      {"/.:/.:", "<path>.:"},
  }));
  CAPTURE(line);
  std::string folded;
  fold_shape(line, {.paths = true}, folded);
  CHECK(folded == shape);
}

TEST_CASE("The host's own name is folded where it stands as a word", "[values][shape]") {
  const auto [line, shape] = GENERATE(table<std::string_view, std::string_view>({
      {"no class foo for Mail.example.com on node mail.example.com",
       "no class foo for <host> on node <host>"},
      {"mail.example.com.", "<host>."},
      {"mail.example.com.au webmail.example.com mail.example.com-2",
       "mail.example.com.au webmail.example.com mail.example.com-<n>"},
      {"mail.example.co", "mail.example.co"},
  }));
  CHECK(shape_of(line, "mail.example.com") == shape);
}

TEST_CASE("Equal events of different hosts have one shape", "[values][shape]") {
  const auto line = [](const std::string& host, const std::string& number) {
    return "Could not find class ::foo for " + host + " (line: " + number + ") on node " + host;
  };
  CHECK(shape_of(line("web01.example.com", "15"), "web01.example.com") ==
        shape_of(line("mail.example.com", "7"), "mail.example.com"));
}

TEST_CASE("A shape is bounded and stays UTF-8 wherever it is cut", "[values][shape]") {
  for (std::size_t lead = 0; lead < 8; ++lead) {
    std::string text(lead, 'x');
    for (int i = 0; i < 300; ++i) text += "\xe2\x82\xac";
    const std::string shape = shape_of(text);
    CHECK(shape.size() <= kShapeOctetsMax);
    CHECK(shape.size() > kShapeOctetsMax - 4);
    CHECK(shape.ends_with("..."));
    CHECK(plain_text(shape, 1000) == shape);  // Nothing in it is to be mended.
  }
  CHECK(shape_of(std::string(kShapeOctetsMax, 'x')) == std::string(kShapeOctetsMax, 'x'));
  CHECK(shape_of(std::string(1 << 20, '9')) == "<n>");
}

TEST_CASE("A shape has a shape of its own that is the same", "[values][shape]") {
  for (const std::string_view line : {"took 3 s at 10.0.0.1", "web01 4c40189fef825f61 x"}) {
    const std::string once = shape_of(line);
    CHECK(shape_of(once) == once);
  }
}

TEST_CASE("Plain text is valid UTF-8 without control characters", "[values][plain_text]") {
  const auto [text, plain] = GENERATE(table<std::string_view, std::string_view>({
      {"", ""},
      {"  a \t\n b  ", "a b"},
      {"\x1b[31mred\x1b[0m \x1b]0;title\x07", "red ]0;title"},
      {"\x1b", ""},
      {"\x1b[", "["},
      {"<script>alert(1)</script>", "<script>alert(1)</script>"},
      {"\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80",
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef"
       "\xbf\xbd"
       "\xef\xbf\xbd"},
      {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"a\xc2\x85"
       "b",
       "a b"},
  }));
  CHECK(plain_text(text, 100) == plain);
}

TEST_CASE("Plain text is cut between characters", "[values][plain_text]") {
  CHECK(plain_text("ab\xc3\xa9", 3) == "ab");
  CHECK(plain_text("ab\xc3\xa9", 4) == "ab\xc3\xa9");
  CHECK(plain_text("ab cd", 3) == "ab");
  CHECK(plain_text("ab", 0).empty());
}

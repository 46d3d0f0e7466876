#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sluice/syslog/parser.h"
#include "syslog/fields.h"

namespace sluice {
namespace {

struct Row {
  std::string_view wire;  // Behind "<13>".
  std::string stamp;
  std::string_view hostname;
  std::string_view app_name;
  std::string_view procid;
  std::string_view message;
  std::string_view full_text = {};
  ParseError error = ParseError::kNone;
};

void check(const Row& row) {
  const std::string wire = "<13>" + std::string(row.wire);
  CAPTURE(wire);
  Record record;
  CHECK(parse_message(wire, record) == row.error);
  CHECK(test::shown(record.stamp) == row.stamp);
  CHECK(record.hostname == row.hostname);
  CHECK(record.app_name == row.app_name);
  CHECK(record.procid == row.procid);
  CHECK(record.message == row.message);
  CHECK(record.full_text == row.full_text);
}

void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) check(row);
}

constexpr std::string_view kStamp = "--03-04T05:06:07";

TEST_CASE("an RFC 3164 header gives stamp, host, tag and text", "[syslog][rfc3164]") {
  check_all({
      {"Mar  4 05:06:07 db7 cron[42]: started", std::string(kStamp), "db7", "cron", "42",
       "started"},
      {"Mar  4 05:06:07 db7 cron: started", std::string(kStamp), "db7", "cron", "", "started"},
      {"Mar  4 05:06:07 db7 cron:started", std::string(kStamp), "db7", "cron", "", "started"},
      {"Mar  4 05:06:07 db7 cron[42] started", std::string(kStamp), "db7", "cron", "42", "started"},
      {"Mar  4 05:06:07 db7 cron:   indented", std::string(kStamp), "db7", "cron", "",
       "  indented"},
      {"Mar  4 05:06:07 db7 cron[42]:", std::string(kStamp), "db7", "cron", "42", ""},
      {"Mar  4 05:06:07 db7 cron[42]", std::string(kStamp), "db7", "cron", "42", ""},
      {"Mar  4 05:06:07 db7 cron[main-1]: thread", std::string(kStamp), "db7", "cron", "main-1",
       "thread"},
      {"Mar  4 05:06:07 db7 a/b(c.d)-<e>_%f#g[1]: odd", std::string(kStamp), "db7",
       "a/b(c.d)-<e>_%f#g", "1", "odd"},
      {"Mar  4 05:06:07 db7 Puppet::Util[9]: class", std::string(kStamp), "db7", "Puppet::Util",
       "9", "class"},
      {" Mar  4 05:06:07 db7 cron: blank behind the PRI", std::string(kStamp), "db7", "cron", "",
       "blank behind the PRI"},
      {"Mar  4 05:06:07 db7 cron: \xEF\xBB\xBFmarked", std::string(kStamp), "db7", "cron", "",
       "marked"},
  });
}

TEST_CASE("a puppet line is never torn at its brackets", "[syslog][rfc3164][puppet]") {
  check_all({
      {"Mar  4 05:06:07 db7 puppet-agent[1234]: (/Stage[main]/Ntp/Service[ntp]/ensure) ensure "
       "changed",
       std::string(kStamp), "db7", "puppet-agent", "1234",
       "(/Stage[main]/Ntp/Service[ntp]/ensure) ensure changed"},
      {"Mar  4 05:06:07 db7 (/Stage[main]/Ntp) ensure changed", std::string(kStamp), "db7", "", "",
       "(/Stage[main]/Ntp) ensure changed"},
  });
}

TEST_CASE("a tag without colon or pid is offered as text as well", "[syslog][rfc3164]") {
  check_all({
      {"Mar  4 05:06:07 db7 Login failed", std::string(kStamp), "db7", "Login", "", "failed",
       "Login failed"},
      {"Mar  4 05:06:07 db7 alone", std::string(kStamp), "db7", "alone", "", "", "alone"},
      {"Mar  4 05:06:07 db7 run-parts(/etc/cron.daily)[25833", std::string(kStamp), "db7",
       "run-parts(/etc/cron.daily)", "", ""},
      {"Mar  4 05:06:07 db7 sshd(pam_google_authenticator)[3 ok", std::string(kStamp), "db7",
       "sshd(pam_google_authenticator)", "", "ok"},
      {"Mar  4 05:06:07 db7 10.1.2.3[7]: address", std::string(kStamp), "db7", "10.1.2.3", "7",
       "address", "10.1.2.3[7]: address"},
      {"Mar  4 05:06:07 db7 fw : dropped", std::string(kStamp), "db7", "fw", "", "dropped"},
      {"Mar  4 05:06:07 db7 : dropped", std::string(kStamp), "db7", "dropped", "", "", "dropped"},
      {"Mar  4 05:06:07 db7 [error] no tag", std::string(kStamp), "db7", "", "", "[error] no tag"},
      {"Mar  4 05:06:07 db7 {\"a\": 1}", std::string(kStamp), "db7", "", "", "{\"a\": 1}"},
      {"Mar  4 05:06:07 db7 \"quoted\" text", std::string(kStamp), "db7", "", "",
       "\"quoted\" text"},
      {"Mar  4 05:06:07 db7 12:34:56 elapsed", std::string(kStamp), "db7", "", "",
       "12:34:56 elapsed"},
      {"Mar  4 05:06:07 db7 http://x/y fetched", std::string(kStamp), "db7", "", "",
       "http://x/y fetched"},
      {"Mar  4 05:06:07 db7 fe80::1 joined", std::string(kStamp), "db7", "fe80::1", "", "joined",
       "fe80::1 joined"},
      {"Mar  4 05:06:07 db7 a[1]b: text", std::string(kStamp), "db7", "", "", "a[1]b: text"},
  });
}

TEST_CASE("two blanks behind the host say that there is no tag", "[syslog][rfc3164]") {
  check_all({
      {"Mar  4 05:06:07 db7  text only", std::string(kStamp), "db7", "", "", "text only"},
      {"Mar  4 05:06:07 db7  cron: text only", std::string(kStamp), "db7", "", "",
       "cron: text only"},
      {"Mar  4 05:06:07 db7   text", std::string(kStamp), "db7", "", "", " text"},
  });
}

TEST_CASE("the host may be missing, an address, or odd", "[syslog][rfc3164]") {
  check_all({
      {"Mar  4 05:06:07 haproxy[9]: up", std::string(kStamp), "", "haproxy", "9", "up"},
      {"Mar  4 05:06:07 su: failed", std::string(kStamp), "", "su", "", "failed"},
      {"Mar  4 05:06:07 %odd word", std::string(kStamp), "", "%odd", "", "word", "%odd word"},
      {"Mar  4 05:06:07 192.0.2.7 su: failed", std::string(kStamp), "192.0.2.7", "su", "",
       "failed"},
      {"Mar  4 05:06:07 2001:db8::7 su: failed", std::string(kStamp), "2001:db8::7", "su", "",
       "failed"},
      {"Mar  4 05:06:07 2001:db8:: su: failed", std::string(kStamp), "2001:db8::", "su", "",
       "failed"},
      {"Mar  4 05:06:07 [10.0.0.1] su: failed", std::string(kStamp), "10.0.0.1", "su", "",
       "failed"},
      {"Mar  4 05:06:07 [2001:db8::7] su: failed", std::string(kStamp), "2001:db8::7", "su", "",
       "failed"},
      {"Mar  4 05:06:07 fe80::1%eth0 su: failed", std::string(kStamp), "fe80::1%eth0", "su", "",
       "failed"},
      {"Mar  4 05:06:07 abc:def su text", std::string(kStamp), "", "abc", "", "def su text"},
      {"Mar  4 05:06:07 b\xC3\xA4r su: failed", std::string(kStamp), "b\xC3\xA4r", "su", "",
       "failed"},
      {"Mar  4 05:06:07 a@b su: failed", std::string(kStamp), "a@b", "su", "", "failed"},
      {"Mar  4 05:06:07 a/b su[1]: failed", std::string(kStamp), "a/b", "su", "1", "failed"},
      {"Mar  4 05:06:07 a/b su failed", std::string(kStamp), "", "a/b", "", "su failed",
       "a/b su failed"},
      {"Mar  4 05:06:07 - su: failed", std::string(kStamp), "", "su", "", "failed"},
      {"Mar  4 05:06:07 -", std::string(kStamp), "", "", "", ""},
      {"Mar  4 05:06:07 db7", std::string(kStamp), "db7", "", "", ""},
      {"Mar  4 05:06:07 db7 ", std::string(kStamp), "db7", "", "", ""},
      {"Mar  4 05:06:07 ", std::string(kStamp), "", "", "", ""},
      {"Mar  4 05:06:07", std::string(kStamp), "", "", "", ""},
      {"Mar  4 05:06:07 : nothing before", std::string(kStamp), "", "nothing", "", "before",
       "nothing before"},
      {"Mar  4 05:06:07 Message forwarded from aix1: sshd[5]: in", std::string(kStamp), "aix1",
       "sshd", "5", "in"},
      {"Mar  4 05:06:07 Message forwarded from", std::string(kStamp), "Message", "forwarded", "",
       "from", "forwarded from"},
  });
}

TEST_CASE("without a stamp there is no host and only a sure tag", "[syslog][rfc3164]") {
  check_all({
      {"cron[42]: started", "", "", "cron", "42", "started"},
      {" cron[42]: started", "", "", "cron", "42", "started"},
      {"cron: started", "", "", "cron", "", "started"},
      {"cron:started", "", "", "", "", "cron:started"},
      {"just some text", "", "", "", "", "just some text"},
      {"  just some text", "", "", "", "", "  just some text"},
      {"last message repeated 5 times", "", "", "", "", "last message repeated 5 times"},
      {"{\"json\": true}", "", "", "", "", "{\"json\": true}"},
      {"  [1, 2]", "", "", "", "", "  [1, 2]"},
      {"", "", "", "", "", ""},
      {" ", "", "", "", "", " "},
      {"1 apple", "", "", "", "", "1 apple"},
      {"Mar  4", "", "", "", "", "Mar  4"},
      {"Mar  4 05:06", "", "", "", "", "Mar  4 05:06"},
      {"2026-03-04 is a day", "", "", "", "", "2026-03-04 is a day"},
      {"2026-03-04", "", "", "", "", "2026-03-04"},
      {"2026-03-04.log rotated", "", "", "", "", "2026-03-04.log rotated"},
  });
}

TEST_CASE("behind a TAB all is text, and no word of it is a host", "[syslog][rfc3164]") {
  const auto bad = ParseError::kBadTimestamp;
  check_all({
      {"Mar  4 05:06:07\tdb7\tcron: x", std::string(kStamp), "", "", "", "\tdb7\tcron: x"},
      {"2026-03-04T05:06:07Z\tdb7 cron: x", "2026-03-04T05:06:07+00:00", "", "", "",
       "\tdb7 cron: x"},
      {"Mar  4 99:06:07\tdb7\tcron: x", "", "", "", "", "\tdb7\tcron: x", "", bad},
      {"Mar  4 05:06:07 db7 cron:\tx", std::string(kStamp), "db7", "cron", "", "\tx"},
  });
}

TEST_CASE("a stamp that names no moment costs only itself", "[syslog][rfc3164]") {
  const auto bad = ParseError::kBadTimestamp;
  check_all({
      {"Feb 30 05:06:07 db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"Feb 29 2023 05:06:07 db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"Set  4 05:06:07 db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"ZZZ 99 99:99:99 db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"Mar  4 24:00:00 db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"2026-02-29T05:06:07Z db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"2026-03-04T25:06:07Z db7 cron: x", "", "db7", "cron", "", "x", "", bad},
      {"2026-03-04T05:06", "", "", "", "", "", "", bad},
  });
}

TEST_CASE("Cisco's fronts are told from host and tag", "[syslog][cisco]") {
  check_all({
      {"7: r1: *Mar  4 05:06:07.5: %SYS-5-CONFIG_I: by vty", std::string(kStamp) + ".5", "r1",
       "%SYS-5-CONFIG_I", "", "by vty", "%SYS-5-CONFIG_I: by vty"},
      {"7: .Mar  4 05:06:07 UTC: %LINK-3-UPDOWN: down", std::string(kStamp) + "+00:00", "",
       "%LINK-3-UPDOWN", "", "down", "%LINK-3-UPDOWN: down"},
      {"7: RP/0/RP0/CPU0:Mar  4 05:06:07 EST: snmpd[10]: %A-B-3-C : got",
       std::string(kStamp) + "-05:00", "", "snmpd", "10", "%A-B-3-C : got"},
      {"7: r1: %SYS-5-CONFIG_I: no time", "", "r1", "%SYS-5-CONFIG_I", "", "no time",
       "%SYS-5-CONFIG_I: no time"},
      {"7: 1w2d: %SYS-5-CONFIG_I: uptime", "", "", "%SYS-5-CONFIG_I", "", "uptime",
       "%SYS-5-CONFIG_I: uptime"},
      {"7: 00:00:46: %SYS-5-CONFIG_I: uptime", "", "", "%SYS-5-CONFIG_I", "", "uptime",
       "%SYS-5-CONFIG_I: uptime"},
      {"Mar  4 05:06:07: %ASA-4-106023: Deny", std::string(kStamp), "", "%ASA-4-106023", "", "Deny",
       "%ASA-4-106023: Deny"},
      {"Mar  4 05:06:07 r1: %SYS-5-CONFIG_I: by vty", std::string(kStamp), "r1", "%SYS-5-CONFIG_I",
       "", "by vty", "%SYS-5-CONFIG_I: by vty"},
      {"2026-03-04T05:06:07Z fp1 : %FTD-6-305012: gone", "2026-03-04T05:06:07+00:00", "fp1",
       "%FTD-6-305012", "", "gone", "%FTD-6-305012: gone"},
      {": 2013 Jun 14 09:12:31.5 UTC: %ETH-5-IF_UP: up", "2013-06-14T09:12:31.5+00:00", "",
       "%ETH-5-IF_UP", "", "up", "%ETH-5-IF_UP: up"},
      {"*Mar  4 05:06:07: %SYS-5-CONFIG_I: x", std::string(kStamp), "", "%SYS-5-CONFIG_I", "", "x",
       "%SYS-5-CONFIG_I: x"},
      {"12: just text", "", "", "", "", "just text", "12: just text"},
      {"12: ", "", "", "", "", "", "12: "},
      {"12:", "", "", "", "", "", "12:"},
  });
  Record record;
  parse_message("<13>29: r1: *Mar  4 05:06:07: %A-1-B: c", record);
  CHECK(record.sequence == "29");
}

TEST_CASE("Solaris' message number is offered and stays in the text", "[syslog][rfc3164]") {
  Record record;
  parse_message("<13>Mar  4 05:06:07 sol1 nfs[3]: [ID 702911 daemon.error] lost", record);
  CHECK(record.msgid == "702911");
  CHECK(record.message == "[ID 702911 daemon.error] lost");
  for (const std::string_view cut : {"[ID ", "[ID 7", "[ID 702911", "[ID x daemon"}) {
    const std::string wire = "<13>nfs: " + std::string(cut);
    CAPTURE(wire);
    parse_message(wire, record);
    CHECK(record.msgid.empty());
    CHECK(record.message == cut);
  }
}

}  // namespace
}  // namespace sluice

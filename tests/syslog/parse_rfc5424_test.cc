#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sluice/syslog/parser.h"
#include "syslog/fields.h"

namespace sluice {
namespace {

struct Row {
  std::string wire;
  std::string stamp;
  std::string_view hostname;
  std::string_view app_name;
  std::string_view procid;
  std::string_view msgid;
  std::string_view structured_data;
  std::string_view message;
  ParseError error = ParseError::kNone;
};

void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.wire);
    Record record;
    CHECK(parse_message(row.wire, record) == row.error);
    CHECK(test::shown(record.stamp) == row.stamp);
    CHECK(record.hostname == row.hostname);
    CHECK(record.app_name == row.app_name);
    CHECK(record.procid == row.procid);
    CHECK(record.msgid == row.msgid);
    CHECK(record.structured_data == row.structured_data);
    CHECK(record.message == row.message);
  }
}

const std::string kZ = "2026-03-04T05:06:07+00:00";

TEST_CASE("a BOM is no part of the text, wherever it stands before it", "[syslog][rfc5424]") {
  const std::string_view wire =
      GENERATE("<13>1 - h a - - - \xEF\xBB\xBFtext", "<13>1 - h a - - -  \xEF\xBB\xBFtext",
               "\xEF\xBB\xBF<13>1 - h a - - - text", "\xEF\xBB\xBF <13>Mar  4 05:06:07 h a: text");
  CAPTURE(wire);
  Record record;
  CHECK(parse_message(wire, record) == ParseError::kNone);
  CHECK(record.hostname == "h");
  CHECK(text_of(record) == "text");
  // Without a PRI behind it, it is the sender's.
  CHECK(parse_message("\xEF\xBB\xBFtext", record) == ParseError::kNoPri);
}

TEST_CASE("an RFC 5424 message gives all its fields", "[syslog][rfc5424]") {
  check_all({
      {"<13>1 2026-03-04T05:06:07Z db7 cron 42 M1 [a b=\"c\"] text", kZ, "db7", "cron", "42", "M1",
       "[a b=\"c\"]", "text"},
      {"<13>1 - - - - - - text", "", "", "", "", "", "", "text"},
      {"<13>1 - - - - - -", "", "", "", "", "", "", ""},
      {"<13>1 - - - - - - ", "", "", "", "", "", "", ""},
      {"<13>999 - - - - - - text", "", "", "", "", "", "", "text"},
      {"<13>1 - - - - - -  two blanks", "", "", "", "", "", "", " two blanks"},
      {"<13>1 - - - - - - \xEF\xBB\xBFmarked", "", "", "", "", "", "", "marked"},
      {"<13>1 - - - - - - BOMletters", "", "", "", "", "", "", "BOMletters"},
      {"<13>1 - - - - - - a\n\tb", "", "", "", "", "", "", "a\n\tb"},
      {"<13>1 - - - - - - caf\xE9", "", "", "", "", "", "", "caf\xE9"},
      {"<13>1 - 2001:db8::7 a:b 1/2 m:3 - text", "", "2001:db8::7", "a:b", "1/2", "m:3", "",
       "text"},
      {"<13>1 - - - - - [a][b c=d] text", "", "", "", "", "", "[a][b c=d]", "text"},
      {"<13>1 - - - - - [a] [b] text", "", "", "", "", "", "[a]", "[b] text"},
      {"<13>1 - - - - - [] text", "", "", "", "", "", "[]", "text"},
      {"<13> 1 2026-03-04T05:06:07Z db7 cron - - - blank", kZ, "db7", "cron", "", "", "", "blank"},
      {"<13>  1 - db7 cron - - - blanks", "", "db7", "cron", "", "", "", "blanks"},
      {"1 2026-03-04T05:06:07Z db7 cron - - - no PRI", kZ, "db7", "cron", "", "", "", "no PRI",
       ParseError::kNoPri},
      {"<13>1 - - " + std::string(512, 'a') + " - - - long", "", "", std::string(512, 'a'), "", "",
       "", "long"},
  });
}

TEST_CASE("text that only looks like RFC 5424 is BSD text", "[syslog][rfc5424]") {
  check_all({
      {"<13>1 apple", "", "", "", "", "", "", "1 apple"},
      {"<13> 1 apple", "", "", "", "", "", "", " 1 apple"},
      {"<13>1 2 3 4 5 6 7 8", "", "", "", "", "", "", "1 2 3 4 5 6 7 8"},
      {"<13>0 - - - - - -", "", "", "", "", "", "", "0 - - - - - -"},
      {"<13>1000 - - - - - -", "", "", "", "", "", "", "1000 - - - - - -"},
      {"<13>1", "", "", "", "", "", "", "1"},
      {"<13>1 ", "", "", "", "", "", "", "1 "},
      {"<13>1 -- - - -", "", "", "", "", "", "", "1 -- - - -"},
      {"1 - - - - - -", "", "", "", "", "", "", "1 - - - - - -", ParseError::kNoPri},
  });
}

TEST_CASE("a broken RFC 5424 header keeps the fields before the break", "[syslog][rfc5424]") {
  const auto bad = ParseError::kBadHeader;
  check_all({
      {"<13>1 2026-03-04T05:06:07Z", kZ, "", "", "", "", "", "", bad},
      {"<13>1 2026-03-04T05:06:07Z ", kZ, "", "", "", "", "", "", bad},
      {"<13>1 2026-03-04T05:06:07Z db7", kZ, "db7", "", "", "", "", "", bad},
      {"<13>1 2026-03-04T05:06:07Z db7 cron 42", kZ, "db7", "cron", "42", "", "", "", bad},
      {"<13>1 - db7 cron 42 M1", "", "db7", "cron", "42", "M1", "", "", bad},
      {"<13>1 - db7 cron 42 M1 ", "", "db7", "cron", "42", "M1", "", "", bad},
      {"<13>1 - db7  42 M1 - text", "", "db7", "", "", "", "", "42 M1 - text", bad},
      {"<13>1 - " + std::string(513, 'a') + " - - - - x", "", "", "", "", "", "",
       std::string(513, 'a') + " - - - - x", bad},
  });
}

TEST_CASE("a bad timestamp costs only the stamp", "[syslog][rfc5424]") {
  const auto bad = ParseError::kBadTimestamp;
  check_all({
      {"<13>1 2026-02-30T05:06:07Z db7 cron - - - text", "", "db7", "cron", "", "", "", "text",
       bad},
      {"<13>1 2026-03-04Q05:06:07Z db7 cron - - - text", "", "db7", "cron", "", "", "", "text",
       bad},
      {"<13>1 2026-3-4T05:06:07Z db7 cron - - - text", "", "db7", "cron", "", "", "", "text", bad},
      {"<13>1 2026-03-04T05:06:07Z: db7 cron - - - text", "", "db7", "cron", "", "", "", "text",
       bad},
  });
}

TEST_CASE("broken structured data becomes text from its bracket on", "[syslog][rfc5424]") {
  const auto bad = ParseError::kBadStructuredData;
  for (const std::string sd :
       {"[a b=\"c\" text", "[a b=\"c] text", "[a b text", "[a b] text", "[a b=\"c\"][d text",
        "[action:\"Accept\"; flags:\"18692\"] text", "[a b=\"c\"]text", "< text", "-x text",
        "last message repeated 5 times"}) {
    CAPTURE(sd);
    check_all({{"<13>1 - db7 cron 42 M1 " + sd, "", "db7", "cron", "42", "M1", "", sd, bad}});
  }
}

TEST_CASE("what rsyslog's RSYSLOG_SyslogProtocol23Format writes matches as text",
          "[syslog][rsyslog]") {
  Record record;
  parse_message("<29>1 2026-03-04T05:06:07+01:00 db7 puppet-agent 99 - -  Applied catalog\n",
                record);
  CHECK(record.message == " Applied catalog");
  CHECK(text_of(record) == "Applied catalog");
}

}  // namespace
}  // namespace sluice

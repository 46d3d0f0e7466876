#include "syslog/parse_plain.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "syslog/octet_run.h"
#include "syslog/parse_rfc3164.h"
#include "syslog/parse_rfc5424.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

bool same(const Record& one, const Record& other) {
  return one.stamp == other.stamp && one.hostname == other.hostname &&
         one.app_name == other.app_name && one.procid == other.procid && one.msgid == other.msgid &&
         one.structured_data == other.structured_data && one.message == other.message &&
         one.has_message == other.has_message && one.full_text == other.full_text &&
         one.sequence == other.sequence;
}

// True if `header` is plain; then the thorough parser must make the same of it.
bool is_plain(std::string_view header) {
  static StampMemo memo;  // Of all the headers before: it must not show.
  CAPTURE(header);
  Record plain;
  const bool is_5424 = header.starts_with("1 ");
  const bool is_plain = is_5424 ? detail::parse_plain_rfc5424(header, memo, plain)
                                : detail::parse_plain_rfc3164(header, memo, plain);
  if (!is_plain) {
    CHECK(same(plain, Record{}));
    return false;
  }
  Record thorough;
  CHECK((is_5424 ? detail::parse_rfc5424(header, thorough)
                 : detail::parse_rfc3164(header, thorough)) == ParseError::kNone);
  CHECK(same(plain, thorough));
  return true;
}

const std::vector<std::string_view> kPlain{
    "Nov  2 07:40:00 web01.example.com puppet-agent[1554]: Applied catalog in 19.13 seconds",
    "Feb 29 23:59:60 10.12.13.14 kernel: [569847.148702] TCP: Possible SYN flooding",
    "Dec 31 00:00:00 zeus01 CRON[1]:  (root) CMD (true)",
    "Nov 22 07:40:00 b\xC3\xBCro-7 app: \xEF\xBB\xBFtext",
    "1 2026-11-22T07:50:09Z db01.example.com puppet-agent 9222 - - Applied catalog",
    "1 2024-02-29T23:59:60.123456+02:00 - - - - -  two blanks",
    "1 2026-11-22T07:50:09.004120+00:00 web01.example.com puppet-agent 9 - - the text of a line, "
    "which is long",
    "1 2026-11-22T07:50:09.1-0330 2001:db8::7 sshd 1 ID47 - \xEF\xBB\xBFtext",
};

}  // namespace

TEST_CASE("plain headers are read in one go, as the thorough parsers read them", "[syslog]") {
  for (const std::string_view header : kPlain) {
    CAPTURE(header);
    CHECK(is_plain(header));
  }
}

TEST_CASE("whatever is not plain is left to the thorough parsers", "[syslog]") {
  const std::string_view header = GENERATE(values<std::string_view>({
      "",
      "Nov",
      "Nov  2 07:40:00",
      "Nov  2 07:40:00 web01",
      "Nov  2 07:40:00 web01 kernel:",
      "Nov  2 07:40:00 web01 kernel: ",
      "Nov  2 07:40:00 2007 kernel: a year",
      "Nov  2 07:40:00 CEST web01 kernel: a zone",
      "Nov  2 07:40:00 Message forwarded from web01: kernel: x",
      "Nov  2 07:40:00 web01.example.com %SYS-5-CONFIG_I: x",
      "Nov  2 07:40:00 web01.example.com 7: a number is hardly a name",
      "Nov  2 07:40:00 web01.example.com Puppet::Util: x",
      "Nov  2 07:40:00 web01.example.com one two: x",
      "Nov  2 07:40:00 web01.example.com su(pam)[x7]: x",
      "Nov  2 07:40:00 web01.example.com inetd[7] no colon",
      "Nov  2 07:40:00 web01.example.com inetd: [ID 702911 user.error] Solaris",
      "Nov  2 07:40:00  web01.example.com inetd: x",
      "Nov 31 07:40:00 web01.example.com inetd: x",
      "Nov  0 07:40:00 web01.example.com inetd: x",
      "Nov  2 07:40:61 web01.example.com inetd: x",
      "Nov  2 07.40.00 web01.example.com inetd: x",
      "Nov  2 07:40:00 web/01.example.com inetd: x",
      "1 2026-02-29T07:50:09Z db01 app 1 - - x",
      "1 0000-02-28T07:50:09Z db01 app 1 - - x",
      "1 2026-11-22T07:50:09 db01 app 1 - - x",
      "1 2026-11-22T07:50:09.Z db01 app 1 - - x",
      "1 2026-11-22T07:50:09.1234567890Z db01 app 1 - - x",
      "1 2026-11-22T07:50:09+24:00 db01 app 1 - - x",
      "1 2026-11-22 07:50:09Z db01 app 1 - - x",
      "1 2026-11-22T07:50:09Z db01  app 1 - - x",
      "1 2026-11-22T07:50:09Z db01 app 1 - [a b=\"c\"] x",
      "1 2026-11-22T07:50:09Z db01 app 1 - -",
      "1 2026-11-22T07:50:09Z db01 app 1 -",
      "2 2026-11-22T07:50:09Z db01 app 1 - - x",
  }));
  CHECK_FALSE(is_plain(header));
}

// Octets that end words, begin zones and years, or belong nowhere.
TEST_CASE("a plain header with any octet changed, or cut anywhere, is read as before", "[syslog]") {
  constexpr std::string_view kOctets = " :[]-+.%0129AZagz{\"@/_\t\0\x7F\x80\xFF"sv;
  const std::string_view header = GENERATE(from_range(kPlain));
  int plain = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    is_plain(header.substr(0, i));
    std::string changed(header);
    changed.erase(i, 1);
    plain += is_plain(changed) ? 1 : 0;
    for (const char octet : kOctets) {
      changed = header;
      changed[i] = octet;
      plain += is_plain(changed) ? 1 : 0;
      changed.insert(i, 1, header[i]);
      plain += is_plain(changed) ? 1 : 0;
    }
  }
  CHECK(plain > 100);
}

TEST_CASE("words are told apart wherever a glance at the header ends", "[syslog]") {
  for (std::size_t host = 1; host < 80; ++host) {
    for (const std::size_t text : {1U, 20U, 90U}) {
      const std::string header = "1 2026-11-22T07:50:09.004120+00:00 " + std::string(host, 'h') +
                                 " app - ID47 - " + std::string(text, 't');
      CAPTURE(header);
      CHECK(is_plain(header));
    }
  }
}

TEST_CASE("what earlier timestamps meant does not show in later ones", "[syslog]") {
  Parser parser;
  Record record;
  const std::string zeros(15, '\0');
  CHECK(parser.parse("<29>" + zeros + " web01.example.com app: x", record) == ParseError::kNone);
  CHECK_FALSE(record.stamp.present);
  for (const std::string_view text : {"<29>Nov 22 07:40:00 web01.example.com app: x",
                                      "<29>Nov 22 07:40:00 web01.example.com app: y",
                                      "<29>Nov 22 07:40:01 web01.example.com app: x",
                                      "<29>Nov 31 07:40:01 web01.example.com app: x",
                                      "<29>1 2026-11-22T07:50:09.25Z db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09+02:00 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09+02:00 db02 app - - - x",
                                      "<29>1 2026-11-22T07:50:09.000000+00:00 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09.999999-00:00 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09.12345/+02:00 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09.:23456+02:00 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:09.5-02:30 db01 app - - - x",
                                      "<29>1 2026-11-22T07:50:10-02:30 db01 app - - - x",
                                      "<29>1 2026-02-30T07:50:10Z db01 app - - - x"}) {
    CAPTURE(text);
    Record alone;
    CHECK(parser.parse(text, record) == parse_message(text, alone));
    CHECK(same(record, alone));
  }
}

TEST_CASE("the end of a run is found at every place, whatever the octet", "[syslog]") {
  for (std::size_t size : {0, 1, 15, 16, 17, 31, 32, 33, 40}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(octet);
        const char* const begin = text.data();
        const char* const end = begin + size;
        const bool is_host = detail::is_host_octet(text[at]);
        CAPTURE(size, at, octet);
        REQUIRE(detail::skip_host(begin, end) == (is_host ? end : begin + at));
        const bool is_stop = octet == '[' || octet == ' ';
        REQUIRE((detail::skip_until<'[', ' '>(begin, end)) == (is_stop ? begin + at : end));
      }
    }
    const std::string text(size, 'a');
    CHECK(detail::skip_host(text.data(), text.data() + size) == text.data() + size);
  }
}

}  // namespace sluice

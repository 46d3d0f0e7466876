// Whole ways from a stream to records, with what rsyslog, syslog-ng, logger and Python really send.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sluice/syslog/framer.h"
#include "sluice/syslog/parser.h"
#include "sluice/syslog/repeat.h"
#include "syslog/fields.h"

namespace sluice {
namespace {

using namespace std::string_literals;

struct Message {
  std::string bytes;
  Record record;
};

// The messages of `stream`, fed in reads of `read_octets`.
std::vector<Message> messages_of(std::string_view stream, std::size_t read_octets) {
  std::vector<Message> messages;
  Framer framer({});
  Frame frame;
  const auto take_all = [&] {
    while (framer.next(frame) == FrameStatus::kFrame) {
      messages.push_back({std::string(frame.bytes), {}});
    }
  };
  for (; !stream.empty(); stream.remove_prefix(std::min(read_octets, stream.size()))) {
    framer.feed(stream.substr(0, read_octets));
    take_all();
  }
  framer.finish();
  take_all();
  for (Message& message : messages) parse_message(message.bytes, message.record);
  return messages;
}

struct Expected {
  std::string stamp;
  std::string_view app_name;
  std::string_view procid;
  std::string_view text;  // Without leading blanks.
};

void check(std::string_view stream, const std::vector<Expected>& expected) {
  for (const std::size_t read_octets : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    const std::vector<Message> messages = messages_of(stream, read_octets);
    REQUIRE(messages.size() == expected.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Record& record = messages[i].record;
      CAPTURE(messages[i].bytes);
      CHECK(record.error == ParseError::kNone);
      CHECK(record.hostname == "web1.example.org");
      CHECK(test::shown(record.stamp) == expected[i].stamp);
      CHECK(record.app_name == expected[i].app_name);
      CHECK(record.procid == expected[i].procid);
      CHECK(text_of(record) == expected[i].text);
    }
  }
}

TEST_CASE("rsyslog's default: BSD stamps in lines, tags cut at 32 octets", "[syslog][rsyslog]") {
  check(
      "<29>Nov 22 07:40:01 web1.example.org puppet-agent[1234]: Applied catalog in 12.34 seconds\n"
      "<29>Nov  2 07:40:01 web1.example.org puppet-agent[1234]: "
      "(/Stage[main]/Ntp/Service[ntp]/ensure)"
      " ensure changed 'stopped' to 'running'\n"
      "<13>Nov 22 07:40:04 web1.example.org a-very-long-program-name-exceedi long tag\n"
      "<13>Nov 22 07:40:05 web1.example.org empty[1]: \n",
      {
          {"--11-22T07:40:01", "puppet-agent", "1234", "Applied catalog in 12.34 seconds"},
          {"--11-02T07:40:01", "puppet-agent", "1234",
           "(/Stage[main]/Ntp/Service[ntp]/ensure) ensure changed 'stopped' to 'running'"},
          {"--11-22T07:40:04", "a-very-long-program-name-exceedi", "", "long tag"},
          {"--11-22T07:40:05", "empty", "1", ""},
      });
}

TEST_CASE("rsyslog's ForwardFormat between NULs", "[syslog][rsyslog]") {
  check(
      "<29>2026-11-22T07:40:01+01:00 web1.example.org puppet-agent[1234]: Applied catalog\0"
      "<22>2026-11-22T07:40:04.003627+01:00 web1.example.org postfix/smtpd[17]: connect from a[::1]\0"s,
      {
          {"2026-11-22T07:40:01+01:00", "puppet-agent", "1234", "Applied catalog"},
          {"2026-11-22T07:40:04.003627+01:00", "postfix/smtpd", "17", "connect from a[::1]"},
      });
}

TEST_CASE("rsyslog's RFC 5424 format in counted frames with a LF inside", "[syslog][rsyslog]") {
  const std::string first =
      "<29>1 2026-11-22T07:40:01+01:00 web1.example.org puppet-agent 1234 - -  Applied catalog\n";
  const std::string second =
      "<22>1 2026-11-22T07:40:04+01:00 web1.example.org postfix 17 - - born as RFC 5424\n";
  check(std::to_string(first.size()) + " " + first + std::to_string(second.size()) + " " + second,
        {
            {"2026-11-22T07:40:01+01:00", "puppet-agent", "1234", "Applied catalog"},
            {"2026-11-22T07:40:04+01:00", "postfix", "17", "born as RFC 5424"},
        });
}

TEST_CASE("counted frames between plain lines on one connection", "[syslog][rsyslog]") {
  const std::string counted = "<13>Nov 22 07:40:01 web1.example.org a[1]: in\na frame";
  check(std::to_string(counted.size()) + " " + counted +
            "<13>Nov 22 07:40:02 web1.example.org a[1]: a line\n" + std::to_string(counted.size()) +
            " " + counted + "\n",
        {
            {"--11-22T07:40:01", "a", "1", "in\na frame"},
            {"--11-22T07:40:02", "a", "1", "a line"},
            {"--11-22T07:40:01", "a", "1", "in\na frame"},
        });
}

TEST_CASE("syslog-ng: sequence numbers, raw control characters, long tags", "[syslog][syslog-ng]") {
  const std::string first =
      "<27>1 2026-11-22T07:40:02+01:00 web1.example.org puppet-agent 1234 - [meta sequenceId=\"3\"]"
      " Could not retrieve catalog:\nline two\n\nline four\n";
  const std::string second =
      "<13>1 2026-11-22T07:40:04+01:00 web1.example.org"
      " a-very-long-program-name-exceeding-thirty-two-characters 99 - [meta sequenceId=\"9\"] "
      "tag\n";
  check(std::to_string(first.size()) + " " + first + std::to_string(second.size()) + " " + second,
        {
            {"2026-11-22T07:40:02+01:00", "puppet-agent", "1234",
             "Could not retrieve catalog:\nline two\n\nline four"},
            {"2026-11-22T07:40:04+01:00",
             "a-very-long-program-name-exceeding-thirty-two-characters", "99", "tag"},
        });
}

TEST_CASE("logger: RFC 5424 with timeQuality, and its BSD form", "[syslog][logger]") {
  check(
      "<29>1 2026-11-22T08:45:16.696299+01:00 web1.example.org puppet-agent 1234 CATALOG "
      "[timeQuality tzKnown=\"1\" isSynced=\"0\"][zoo@123 tiger=\"hungry\"] Applied catalog\n"
      "<29>Nov 22 08:45:16 web1.example.org puppet-agent[1234]: Applied catalog\n",
      {
          {"2026-11-22T08:45:16.696299+01:00", "puppet-agent", "1234", "Applied catalog"},
          {"--11-22T08:45:16", "puppet-agent", "1234", "Applied catalog"},
      });
}

TEST_CASE("a relayed RFC 5424 message in rsyslog's BSD template has no colon",
          "[syslog][rsyslog]") {
  Record record;
  parse_message("<29>Nov 22 07:40:01 web1.example.org puppet-agent[1234] Applied catalog", record);
  CHECK(record.app_name == "puppet-agent");
  CHECK(record.procid == "1234");
  CHECK(record.message == "Applied catalog");
  CHECK(record.full_text.empty());
}

TEST_CASE("local sockets and Python send no host", "[syslog][logger]") {
  Record record;
  parse_message("<13>Nov 22 08:45:20 puppet-agent[1234]: Applied catalog", record);
  CHECK(record.hostname.empty());
  CHECK(record.app_name == "puppet-agent");
  const std::string python = "<14>worker: two\nlines\0"s;
  parse_message(python, record);
  CHECK(record.hostname.empty());
  CHECK(record.app_name == "worker");
  CHECK(record.message == "two\nlines");
}

TEST_CASE("repeat notices come through every template", "[syslog][repeat]") {
  for (
      const std::string_view wire :
      {"<30>Nov 22 07:41:00 web1.example.org puppet-agent[1234]: message repeated 4 times: [ busy]",
       "<30>1 2026-11-22T07:41:00+01:00 web1.example.org puppet-agent 1234 - -  message repeated 4 "
       "times: [ busy]\n"}) {
    Record record;
    parse_message(wire, record);
    const auto notice = parse_repeat_notice(text_of(record));
    REQUIRE(notice);
    CHECK(notice->count == 4);
    CHECK(notice->text == "busy");
  }
}

}  // namespace
}  // namespace sluice

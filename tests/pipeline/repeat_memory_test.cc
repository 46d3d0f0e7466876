#include "pipeline/repeat_memory.h"

#include <catch2/catch.hpp>
#include <string>

#include "sluice/syslog/parser.h"

namespace sluice {
namespace {

RepeatMemory::Key key(std::uint32_t host, std::uint8_t peer = 1) {
  RepeatMemory::Key made{.host = host};
  made.peer.back() = peer;
  return made;
}

Record parsed(std::string_view bytes) {
  Record record;
  parse_message(bytes, record);
  return record;
}

// Remembers `text` without a hint.
void remember(RepeatMemory& memory, const RepeatMemory::Key& sender, std::string_view text) {
  Record record;
  record.app_name = "app";
  record.message = text;
  RepeatMemory::Hint hint;
  memory.remember(sender, record, hint);
}

// What is known of `sender`; "?" for nothing.
std::string recalled(const RepeatMemory& memory, const RepeatMemory::Key& sender) {
  Record record;
  return memory.recall(sender, record) ? std::string(record.message) : "?";
}

}  // namespace

TEST_CASE("what rules see of a message is remembered beyond it", "[pipeline]") {
  RepeatMemory memory;
  {
    const std::string wire = "<13>Nov 22 07:40:00 web01 puppet-agent[12]:  Applied catalog";
    RepeatMemory::Hint hint;
    memory.remember(key(1), parsed(wire), hint);
  }
  Record record = parsed("<14>Nov 22 07:40:01 web01 last message repeated 2 times");
  REQUIRE(memory.recall(key(1), record));
  CHECK(record.app_name == "puppet-agent");
  CHECK(record.procid == "12");
  CHECK(text_of(record) == "Applied catalog");
  CHECK(record.full_text.empty());
  CHECK(record.hostname == "web01");
  CHECK(record.severity == 6);  // The notice's own.
}

TEST_CASE("both readings of an ambiguous text are remembered", "[pipeline]") {
  RepeatMemory memory;
  const std::string_view wire = "<13>Nov 22 07:40:00 web01 Login failed for root";
  const Record said = parsed(wire);
  REQUIRE_FALSE(said.full_text.empty());
  RepeatMemory::Hint hint;
  memory.remember(key(1), said, hint);
  Record record;
  REQUIRE(memory.recall(key(1), record));
  CHECK(record.app_name == said.app_name);
  CHECK(record.message == said.message);
  CHECK(record.full_text == said.full_text);
}

TEST_CASE("the last message counts, of each host and peer", "[pipeline]") {
  RepeatMemory memory;
  remember(memory, key(1), "one");
  remember(memory, key(1, 2), "two");
  remember(memory, key(2), "three");
  remember(memory, key(1), "four");
  CHECK(recalled(memory, key(1)) == "four");
  CHECK(recalled(memory, key(1, 2)) == "two");
  CHECK(recalled(memory, key(2)) == "three");
  CHECK(recalled(memory, key(3)) == "?");
}

TEST_CASE("longer and shorter messages take each other's place", "[pipeline]") {
  RepeatMemory memory;
  for (const std::size_t size : {0U, 5U, 400U, 3U, 401U, 4093U, 4094U, 20U}) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    remember(memory, key(1), text);
    // With "app" in front; a longer one is not remembered.
    CHECK(recalled(memory, key(1)) == (size + 3 <= RepeatMemory::kOctetsMax ? text : "?"));
  }
}

TEST_CASE("a hint of another sender, or of one that was forgotten, does no harm", "[pipeline]") {
  RepeatMemory memory(2);
  Record record;
  RepeatMemory::Hint hint;
  record.message = "one";
  memory.remember(key(1), record, hint);
  record.message = "two";
  memory.remember(key(1, 2), record, hint);
  record.message = "three";
  memory.remember(key(3), record, hint);  // In the place of the first.
  RepeatMemory::Hint stale = hint;
  record.message = "four";
  memory.remember(key(4), record, hint);
  record.message = "five";
  memory.remember(key(1, 2), record, stale);
  CHECK(recalled(memory, key(1)) == "?");
  CHECK(recalled(memory, key(1, 2)) == "five");
  CHECK(recalled(memory, key(4)) == "four");
  CHECK(memory.size() == 2);
}

TEST_CASE("the sender that was silent for longest is forgotten", "[pipeline]") {
  RepeatMemory memory(3);
  remember(memory, key(1), "one");
  remember(memory, key(2), "two");
  remember(memory, key(3), "three");
  remember(memory, key(1), "one again");
  remember(memory, key(4), "four");
  CHECK(memory.size() == 3);
  CHECK(recalled(memory, key(1)) == "one again");
  CHECK(recalled(memory, key(2)) == "?");
  CHECK(recalled(memory, key(3)) == "three");
  CHECK(recalled(memory, key(4)) == "four");
  memory.clear();
  CHECK(recalled(memory, key(1)) == "?");
}

TEST_CASE("a message above 4 KiB is not remembered, and not the one before it either",
          "[pipeline]") {
  constexpr std::size_t kAppName = 3;  // "app"
  RepeatMemory memory;
  const std::string longest(RepeatMemory::kOctetsMax - kAppName, 'x');
  remember(memory, key(1), longest);
  CHECK(recalled(memory, key(1)) == longest);
  remember(memory, key(1), longest + "x");
  CHECK(recalled(memory, key(1)) == "?");
  remember(memory, key(1), "");
  CHECK(recalled(memory, key(1)).empty());
}

}  // namespace sluice

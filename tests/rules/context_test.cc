#include "rules/context.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

Timestamp at_second(int second) { return Timestamp(std::chrono::seconds(second)); }

}  // namespace

TEST_CASE("a context keeps numbers and texts by variable", "[rules]") {
  Context context;
  CHECK(context.find(1) == nullptr);
  CHECK(context.number(1) == 0);
  context.add(1, 2);
  context.add(1, 3);
  CHECK(context.number(1) == 5);
  context.set(1, "resources");
  CHECK(context.number(1) == 0);
  CHECK(std::get<std::string>(*context.find(1)) == "resources");
  context.set(2, std::string(1000, 'x'));
  CHECK(std::get<std::string>(*context.find(2)).size() == 256);
}

TEST_CASE("conditions test equality, absence and ranges", "[rules]") {
  Context context;
  context.set(0, 5.0);
  context.set(1, "time");
  const auto check = [&](VariableId variable, Condition condition, const Context* in) {
    return holds({variable, &condition}, in);
  };
  using Kind = Condition::Kind;
  CHECK(check(0, {.kind = Kind::kEquals, .equals = 5.0}, &context));
  CHECK_FALSE(check(0, {.kind = Kind::kEquals, .equals = 6.0}, &context));
  CHECK(check(1, {.kind = Kind::kEquals, .equals = "time"}, &context));
  CHECK_FALSE(check(1, {.kind = Kind::kEquals, .equals = "time"}, nullptr));
  CHECK(check(2, {.kind = Kind::kAbsent}, &context));
  CHECK(check(0, {.kind = Kind::kAbsent}, nullptr));
  CHECK_FALSE(check(0, {.kind = Kind::kAbsent}, &context));
  CHECK(check(0, {.kind = Kind::kRange, .min = 5}, &context));
  CHECK_FALSE(check(0, {.kind = Kind::kRange, .min = 5.1}, &context));
  CHECK_FALSE(check(0, {.kind = Kind::kRange, .max = 4}, &context));
  CHECK(check(2, {.kind = Kind::kRange, .max = 0}, nullptr));  // Not set counts as 0.
}

TEST_CASE("the table of contexts is bounded in number and in age", "[rules]") {
  ContextTable table(2, std::chrono::seconds(100));
  table.make("a", at_second(0)).add(0, 1);
  table.make("b", at_second(1)).add(0, 2);
  REQUIRE(table.find("a", at_second(2)) != nullptr);  // Now "b" was used longest ago.
  table.make("c", at_second(3)).add(0, 3);
  CHECK(table.size() == 2);
  CHECK(table.evicted() == 1);
  CHECK(table.find("b", at_second(4)) == nullptr);
  CHECK(table.find("a", at_second(50))->number(0) == 1);
  CHECK(table.find("a", at_second(151)) == nullptr);
  CHECK(table.expired() == 1);
  table.end("c");
  CHECK(table.size() == 0);
  table.end("never there");
}

}  // namespace sluice

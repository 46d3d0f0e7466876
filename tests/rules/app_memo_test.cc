#include "rules/app_memo.h"

#include <catch2/catch.hpp>
#include <string>

#include "rules/compiled_rules.h"
#include "rules/selection.h"

using namespace sluice;

TEST_CASE("a program is found by its whole name, and none by a name that is nearly the same",
          "[rules]") {
  const CompiledRules rules;
  Selection selection(rules, {});
  for (std::size_t size = 1; size <= 16; ++size) {
    AppMemo memo;
    const std::string name(size, 'a');
    memo.put(name, selection);
    CHECK(memo.find(name) == &selection);
    CHECK(memo.find(name + 'a') == nullptr);
    CHECK(memo.find(name.substr(1)) == nullptr);
    for (std::size_t changed = 0; changed < size; ++changed) {
      CAPTURE(size, changed);
      std::string other = name;
      for (const char octet : {'b', '\0', '\xff'}) {
        other[changed] = octet;
        CHECK(memo.find(other) == nullptr);
      }
    }
  }
}

TEST_CASE("the latest programs are remembered, but no long names", "[rules]") {
  const CompiledRules rules;
  Selection one(rules, {});
  Selection other(rules, {});
  AppMemo memo;
  memo.put("", one);
  CHECK(memo.find("") == nullptr);
  memo.put(std::string(17, 'a'), one);
  CHECK(memo.find(std::string(17, 'a')) == nullptr);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "app" + std::to_string(i);
    memo.put(name, i % 2 == 0 ? one : other);
    CHECK(memo.find(name) == (i % 2 == 0 ? &one : &other));
  }
}

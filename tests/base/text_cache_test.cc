#include "base/text_cache.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {

TEST_CASE("a text is found under its number, and no other is", "[base]") {
  TextCache cache(64);
  CHECK(cache.find("") == TextCache::kNone);
  std::string text;
  for (std::uint32_t size = 0; size <= TextCache::kTextBytesMax; ++size) {
    CAPTURE(size);
    CHECK(cache.find(text) == TextCache::kNone);
    cache.put(text, size);
    CHECK(cache.find(text) == size);
    text += 'x';
  }
  cache.put("web01", 7);
  cache.put("web01", 8);
  CHECK(cache.find("web01") == 8);
  CHECK(cache.find("web02") == TextCache::kNone);
  CHECK(cache.find("web0") == TextCache::kNone);
  cache.clear();
  CHECK(cache.find("web01") == TextCache::kNone);
}

TEST_CASE("what is too long is not remembered, and is no harm", "[base]") {
  TextCache cache(2);
  const std::string longest(TextCache::kTextBytesMax, 'x');
  cache.put(longest + 'x', 1);
  CHECK(cache.find(longest + 'x') == TextCache::kNone);
  cache.put(longest, 2);
  CHECK(cache.find(longest) == 2);
}

TEST_CASE("texts that want one place take it from each other", "[base]") {
  TextCache cache(2);
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    cache.put("host" + std::to_string(i), i);
    CHECK(cache.find("host" + std::to_string(i)) == i);
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::uint32_t number = cache.find("host" + std::to_string(i));
    CHECK((number == i || number == TextCache::kNone));
    found += number == i ? 1 : 0;
  }
  CHECK(found <= 2);
}

}  // namespace sluice

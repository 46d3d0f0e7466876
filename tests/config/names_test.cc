#include "config/names.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"

namespace sluice {
namespace {

TEST_CASE("names of packs and rules are lower case", "[config]") {
  const std::string fine =
      GENERATE(as<std::string>(), "a", "9", "puppet-agent", "a_b", std::string(64, 'a'));
  CHECK(parse_name_part(fine) == fine);
  const std::string bad = GENERATE(as<std::string>(), "", "A", "-a", "_a", "a.b", "a/b", "a b",
                                   "\xC3\xA9", std::string(65, 'a'));
  CHECK(error_of(parse_name_part(bad))
            .starts_with("expected a name of [a-z0-9_-], a letter or digit first, at most 64 "
                         "bytes, got \""));
}

TEST_CASE("captures and variables are identifiers", "[config]") {
  const std::string fine = GENERATE("a", "_", "Seconds_2");
  CHECK(parse_identifier(fine) == fine);
  const std::string bad = GENERATE("", "2a", "a-b", "a.b", "a b", "{a}");
  CHECK(error_of(parse_identifier(bad)) ==
        "expected a name of [A-Za-z0-9_], no digit first, at most 64 bytes, got \"" + bad + "\"");
}

TEST_CASE("metric names are nodes, some of them from captures", "[config]") {
  const std::string fine = GENERATE("puppet.time.catalog_application", "a", "a-b.c_d.9",
                                    "puppet.resources.{name}", "{a}.{b}", "x_{a}");
  CHECK(parse_metric_name(fine) == fine);
}

TEST_CASE("what is no metric name is refused", "[config]") {
  const std::string form =
      "expected nodes of [a-z0-9_-] and {capture} joined by dots, such as "
      "\"puppet.time.catalog_application\", got ";
  const std::string capture =
      "expected a name of [A-Za-z0-9_], no digit first, at most 64 bytes, got ";
  const auto [text, message] = GENERATE_COPY(table<std::string, std::string>({
      {"", form + "\"\""},
      {".a", form + "\".a\""},
      {"a.", form + "\"a.\""},
      {"a..b", form + "\"a..b\""},
      {"A", form + "\"A\""},
      {"a b", form + "\"a b\""},
      {"a}", form + "\"a}\""},
      {"a.{b", "a '{' without its '}' in \"a.{b\""},
      {"a.{}", capture + "\"\""},
      {"a.{{b}}", capture + "\"{b\""},
      {"a.{b.c}", capture + "\"b.c\""},
  }));
  CHECK(error_of(parse_metric_name(text)) == message);
}

TEST_CASE("only ASCII letters are lower-cased", "[config]") {
  CHECK(lower_case("Web01.EXAMPLE.com") == "web01.example.com");
  CHECK(lower_case("\xC3\x89") == "\xC3\x89");
}

}  // namespace
}  // namespace sluice

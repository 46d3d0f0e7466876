// docs/rules.md says what the program does: each of its snippets is a pack, or rules of one, whose
// examples pass.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/outcome.h"
#include "config/pack_reader.h"
#include "sluice/rules/examples.h"

namespace sluice {
namespace {

std::string page() {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/rules.md", std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> snippets_of(const std::string& text) {
  const std::string opening = "```jsonc\n";
  std::vector<std::string> snippets;
  for (std::size_t start = text.find(opening); start != std::string::npos;
       start = text.find(opening, start)) {
    start += opening.size();
    const std::size_t end = text.find("```", start);
    REQUIRE(end != std::string::npos);
    snippets.push_back(text.substr(start, end - start));
    start = end;
  }
  return snippets;
}

bool is_pack(const std::string& snippet) { return snippet.find("\"pack\":") < 20; }

// A snippet as a pack: it is one, or rules of one, or else a member of one beside its rules.
std::string pack_of(const std::string& snippet) {
  if (is_pack(snippet)) return snippet;
  const std::string start = R"({"pack": "snippet", )";
  if (!snippet.starts_with('"')) return start + R"("rules": [)" + snippet + "]}";
  return start + snippet + R"(, "rules": [{"name": "r", "match": "x", "stop": true}]})";
}

}  // namespace

TEST_CASE("every snippet of the page about rules passes its examples", "[app][documentation]") {
  const auto snippets = snippets_of(page());
  CHECK(snippets.size() >= 7);
  for (const std::string& snippet : snippets) {
    CAPTURE(snippet);
    const auto pack = decode_pack(pack_of(snippet), "rules.md");
    REQUIRE(error_of(pack) == "");
    const ExampleReport report = run_examples({*pack});
    CHECK(report.failures == std::vector<std::string>{});
    if (!snippet.starts_with('"')) CHECK(report.example_count >= 2);
    if (is_pack(snippet)) CHECK(report.without_example == std::vector<std::string>{});
  }
}

}  // namespace sluice

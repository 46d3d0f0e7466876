// docs/runbook.md says what to do about everything that is dropped, refused or warned of.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "app/log.h"
#include "sluice/base/stats.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_CASE("the runbook has every counter of what was dropped, refused or failed", "[base]") {
  const std::string page = text_of(SLUICE_SOURCE_DIR "/docs/runbook.md");
  const std::regex loss(
      "drop|refus|limited|broken|malformed|truncated|incomplete|unresolved|own_|without|future|"
      "skewed|bad_values|folded|evicted|expired|cut|superseded|unconfirmed|replayed|fail");
  std::size_t count = 0;
  for (const CounterRow& row : kCounters) {
    const std::string name(row.name);
    if (!std::regex_search(name, loss)) continue;
    ++count;
    CAPTURE(name);
    CHECK(page.find("| `" + name + "` |") != std::string::npos);
  }
  CHECK(count > 30);
  CHECK(page.find("| `uncounted_loss` |") != std::string::npos);
}

TEST_CASE("the runbook names no counter that is not there", "[base]") {
  const std::string page = text_of(SLUICE_SOURCE_DIR "/docs/runbook.md");
  static const std::regex kName(R"(`(\w+_total)`)");
  for (std::sregex_iterator name(page.begin(), page.end(), kName), end; name != end; ++name) {
    CAPTURE((*name)[1].str());
    CHECK(std::ranges::any_of(kCounters,
                              [&](const CounterRow& row) { return row.name == (*name)[1].str(); }));
  }
}

TEST_CASE("the runbook has a row for every id of the log, with its level, and no other", "[base]") {
  const std::string page = text_of(SLUICE_SOURCE_DIR "/docs/runbook.md");
  static const std::regex kRow(R"(\n\| `\[([a-z-]+)\]` \| (\w+) \| [^|\n]+ \|[^|\n]*\|(?=\n))");
  std::vector<std::string> rows;
  for (std::sregex_iterator row(page.begin(), page.end(), kRow), end; row != end; ++row)
    rows.push_back((*row)[1].str() + ' ' + (*row)[2].str());
  std::vector<std::string> expected;
  for (const LogRow& row : kLogRows)
    expected.push_back(std::string(row.name) + ' ' + std::string(name_of(row.level)));
  std::ranges::sort(rows);
  std::ranges::sort(expected);
  CHECK(rows == expected);
  // Ids that the text speaks of.
  static const std::regex kName(R"(`\[([a-z-]+)\]`)");
  for (std::sregex_iterator name(page.begin(), page.end(), kName), end; name != end; ++name) {
    CAPTURE((*name)[1].str());
    CHECK(std::ranges::any_of(kLogRows,
                              [&](const LogRow& row) { return row.name == (*name)[1].str(); }));
  }
}

// A line without an id would be no part of the interface.
TEST_CASE("nothing but app/log writes to the log, and each id is written somewhere", "[base]") {
  std::string sources;
  for (const auto& file : fs::recursive_directory_iterator(SLUICE_SOURCE_DIR "/src")) {
    const std::string extension = file.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    if (file.path().stem() == "log" && file.path().parent_path().filename() == "app") {
      if (extension == ".cc") sources += text_of(file.path());  // Ids of notices.
      continue;
    }
    const std::string source = text_of(file.path());
    CAPTURE(file.path().string());
    CHECK(source.find("spdlog") == std::string::npos);
    sources += source;
  }
  const std::string header = text_of(SLUICE_SOURCE_DIR "/src/app/log.h");
  static const std::regex kEnumerator(R"(LogRow\{(LogId::k\w+),)");
  std::size_t count = 0;
  for (std::sregex_iterator id(header.begin(), header.end(), kEnumerator), end; id != end; ++id) {
    ++count;
    CAPTURE((*id)[1].str());
    CHECK(std::regex_search(sources, std::regex((*id)[1].str() + "\\b")));
  }
  CHECK(count == kLogRows.size());
}

}  // namespace
}  // namespace sluice

// docs/runbook.md says what to do about everything that is dropped, refused or warned of.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "sluice/base/stats.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Without its changing parts the longest piece of a format string; letters only say little.
std::string constant_part(const std::string& format) {
  static const std::regex kField(R"(\{[^}]*\})");
  std::string longest;
  std::sregex_token_iterator piece(format.begin(), format.end(), kField, -1);
  for (const std::sregex_token_iterator end; piece != end; ++piece) {
    if (piece->length() > static_cast<std::ptrdiff_t>(longest.size())) longest = *piece;
  }
  return longest;
}

// The format strings of every warning and error that a source writes to the log.
std::vector<std::string> warnings_of(const std::string& source) {
  static const std::regex kCall(R"re(spdlog::(?:warn|error)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+))re");
  static const std::regex kLiteral(R"re("((?:[^"\\]|\\.)*)")re");
  std::vector<std::string> found;
  for (std::sregex_iterator call(source.begin(), source.end(), kCall), end; call != end; ++call) {
    const std::string literals = (*call)[1];
    std::string format;
    std::sregex_iterator one(literals.begin(), literals.end(), kLiteral);
    for (const std::sregex_iterator none; one != none; ++one) format += (*one)[1].str();
    found.push_back(std::regex_replace(format, std::regex(R"re(\\")re"), "\""));
  }
  return found;
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

// A part of each warning is in the page, in backquotes.
TEST_CASE("the runbook has every warning and error of the log", "[base]") {
  const std::string page = text_of(SLUICE_SOURCE_DIR "/docs/runbook.md");
  std::vector<std::string> entries;
  static const std::regex kEntry(R"(\| `([^`]+)` \|)");
  for (std::sregex_iterator row(page.begin(), page.end(), kEntry), end; row != end; ++row) {
    const std::string entry = (*row)[1];
    // Parts that change are dots there.
    for (std::size_t at = 0, dots; at != std::string::npos; at = dots) {
      if (at > 0) at += 3;
      dots = entry.find("...", at);
      entries.push_back(entry.substr(at, dots == std::string::npos ? dots : dots - at));
    }
  }
  std::size_t count = 0;
  for (const auto& file : fs::recursive_directory_iterator(SLUICE_SOURCE_DIR "/src")) {
    if (file.path().extension() != ".cc") continue;
    for (const std::string& format : warnings_of(text_of(file.path()))) {
      if (constant_part(format).size() < 10) continue;  // Another place made the text.
      ++count;
      CAPTURE(file.path().filename().string(), format);
      CHECK(std::ranges::any_of(entries, [&](const std::string& entry) {
        return entry.size() >= 8 && format.find(entry) != std::string::npos;
      }));
    }
  }
  CHECK(count > 10);
}

}  // namespace
}  // namespace sluice

#include "app/explain_unmatched.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "http/unmatched.h"

namespace sluice {
namespace {

constexpr std::size_t kShapesShown = 10;

struct Program {
  std::string_view name;
  std::uint64_t lines = 0;
  std::vector<const UnmatchedReport::Row*> rows;  // Most frequent first.
};

// Those with the most lines first.
std::vector<Program> programs_of(const UnmatchedReport& report) {
  std::map<std::string_view, Program> by_name;
  for (const UnmatchedReport::Row& row : report.rows) {
    Program& program = by_name[row.program];
    program.name = row.program;
    program.lines += row.count;
    program.rows.push_back(&row);
  }
  std::vector<Program> programs;
  for (auto& [name, program] : by_name) programs.push_back(std::move(program));
  std::ranges::stable_sort(programs, std::ranges::greater(), &Program::lines);
  return programs;
}

std::string shown(std::string_view text) {
  return text.empty() ? std::string("(nothing but blanks)") : std::string(text);
}

std::string text_of(const Program& program) {
  std::string text =
      fmt::format("\n{}: {} lines, {} shapes\n",
                  program.name.empty() ? std::string_view("(no APP-NAME)") : program.name,
                  program.lines, program.rows.size());
  for (std::size_t i = 0; i < std::min(program.rows.size(), kShapesShown); ++i) {
    const UnmatchedReport::Row& row = *program.rows[i];
    text += fmt::format("  {:>8}  {}\n", row.count, shown(row.shape));
    if (row.sample != row.shape)
      text += fmt::format("  {:>8}  {} ({})\n", "", row.sample, row.host);
  }
  if (program.rows.size() > kShapesShown) {
    text += fmt::format("  {:>8}  and {} shapes more\n", "", program.rows.size() - kShapesShown);
  }
  return text;
}

}  // namespace

std::string unmatched_as_text(const UnmatchedReport& report) {
  std::string text = fmt::format("{} lines that no rule matched\n", report.lines);
  for (const Program& program : programs_of(report)) text += text_of(program);
  if (report.other > 0) text += fmt::format("\n{} lines of rarer shapes\n", report.other);
  return text;
}

std::string unmatched_as_json(const UnmatchedReport& report) {
  using Json = nlohmann::ordered_json;
  Json shapes = Json::array();
  for (const UnmatchedReport::Row& row : report.rows) shapes.push_back(as_json(row));
  const Json json{{"lines", report.lines}, {"shapes", std::move(shapes)}, {"other", report.other}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace sluice

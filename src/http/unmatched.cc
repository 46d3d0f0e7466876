#include "http/unmatched.h"

#include <utility>
#include <vector>

#include "base/ascii_case.h"
#include "http/json_text.h"

namespace sluice {

using Json = nlohmann::ordered_json;

Json as_json(const UnmatchedReport::Row& row) {
  return {{"program", row.program}, {"shape", row.shape}, {"count", row.count},
          {"sample", row.sample},   {"host", row.host},   {"last", time_text(row.last)}};
}

std::string render_unmatched(const UnmatchedReport& report, Timestamp since,
                             const ListQuery& query) {
  const std::string_view program = query.filter("program");
  const bool has_filter = query.filters.contains("program");
  std::vector<const UnmatchedReport::Row*> rows;
  for (const UnmatchedReport::Row& row : report.rows) {
    if (!has_filter || is_same_word(row.program, program)) rows.push_back(&row);
  }
  Json shapes = Json::array();
  append_page(rows, query, shapes, [](const UnmatchedReport::Row* row) { return as_json(*row); });
  Json answer{{"since", time_text(since)}, {"lines", report.lines}};
  append_extent(answer, rows.size(), query.offset, query.limit);
  answer["shapes"] = std::move(shapes);
  answer["other"] = report.other;
  return dump(answer);
}

}  // namespace sluice

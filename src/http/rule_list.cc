#include "http/rule_list.h"

#include <string_view>
#include <utility>
#include <vector>

#include "http/json_text.h"

namespace sluice {

using Json = nlohmann::ordered_json;

std::string_view pack_of(std::string_view rule) { return rule.substr(0, rule.find('/')); }

std::string render_rules(const RuleReport& report, Timestamp since, const ListQuery& query) {
  const std::string_view pack = query.filter("pack");
  std::vector<const RuleReport::Row*> rows;
  for (const RuleReport::Row& row : report.rows) {
    if (pack.empty() || pack_of(row.rule) == pack) rows.push_back(&row);
  }
  Json rules = Json::array();
  append_page(rows, query, rules, [](const RuleReport::Row* row) {
    const RuleCounts& counts = row->counts;
    return Json{{"rule", row->rule},
                {"pack", pack_of(row->rule)},
                {"matches", counts.matches},
                {"samples", counts.samples},
                {"last", counts.matches > 0 ? Json(time_text(counts.last_match)) : Json()}};
  });
  Json answer{{"since", time_text(since)}};
  append_extent(answer, rows.size(), query.offset, query.limit);
  answer["rules"] = std::move(rules);
  return dump(answer);
}

}  // namespace sluice

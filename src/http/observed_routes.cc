#include "http/observed_routes.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/answer.h"
#include "http/list_query.h"
#include "http/notes.h"
#include "http/query.h"
#include "http/rule_list.h"
#include "http/unmatched.h"

namespace sluice {
namespace {

using GetSnapshot = std::function<std::shared_ptr<const Snapshot>()>;
using Names = std::vector<std::string_view>;

struct Filter {
  const char* key;
  // What it may be, of a filter that takes none but names the relay knows; null: any text.
  Names (*names)(const Snapshot& now) = nullptr;
};

Names packs_of(const Snapshot& now) {
  Names packs;
  for (const RuleReport::Row& row : now.observed.rules->rows) {
    const std::string_view pack = pack_of(row.rule);
    if (std::ranges::find(packs, pack) == packs.end()) packs.push_back(pack);
  }
  return packs;
}

Names event_kinds_of(const Snapshot& now) {
  const auto& kinds = now.observed.events->kinds;
  return {kinds.begin(), kinds.end()};
}

Names failure_kinds_of(const Snapshot&) { return {kFailureKind}; }

// Serves a list at `path`: `render` makes it of a snapshot and what the query string asks for.
template <typename Render>
Route list_route(const char* path, const GetSnapshot& snapshot,
                 std::initializer_list<Filter> filters, Render render) {
  const std::vector<Filter> known(filters);
  return {"GET", path,
          [snapshot, known, render](const httplib::Request& request, httplib::Response& response) {
            const auto now = snapshot();
            Query query(request.params);
            const Slice slice = query.slice();
            ListQuery wanted{.limit = slice.limit, .offset = slice.offset, .filters = {}};
            for (const Filter& filter : known) {
              std::string text = filter.names == nullptr
                                     ? query.text(filter.key)
                                     : query.known_name(filter.key, filter.names(*now));
              if (!text.empty()) wanted.filters.emplace(filter.key, std::move(text));
            }
            if (auto fine = query.finish(); !fine)
              return answer_problem(response, 400, fine.error().message());
            response.set_content(render(*now, wanted), kJsonType);
          }};
}

}  // namespace

void add_observed_routes(std::vector<Route>& routes, const GetSnapshot& snapshot) {
  routes.push_back(list_route("/api/v1/unmatched", snapshot, {{"program"}},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_unmatched(*now.observed.unmatched, now.started,
                                                        query);
                              }));
  routes.push_back(list_route("/api/v1/failures", snapshot,
                              {{"kind", failure_kinds_of}, {"cluster"}},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_failures(*now.observed.failures, now.taken, query);
                              }));
  routes.push_back(list_route("/api/v1/events", snapshot,
                              {{"kind", event_kinds_of}, {"cluster"}, {"host"}},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_events(*now.observed.events, now.taken, query);
                              }));
  routes.push_back(list_route("/api/v1/rules", snapshot, {{"pack", packs_of}},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_rules(*now.observed.rules, now.started, query);
                              }));
}

}  // namespace sluice

#include "http/observed_routes.h"

#include <initializer_list>
#include <string>
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

// Serves a list at `path`: `render` makes it of a snapshot and what the query string asks for.
template <typename Render>
Route list_route(const char* path, const GetSnapshot& snapshot,
                 std::initializer_list<const char*> filters, Render render) {
  const std::vector<const char*> known(filters);
  return {"GET", path,
          [snapshot, known, render](const httplib::Request& request, httplib::Response& response) {
            Query query(request.params);
            const Slice slice = query.slice();
            ListQuery wanted{.limit = slice.limit, .offset = slice.offset, .filters = {}};
            for (const char* const filter : known) {
              if (std::string text = query.text(filter); !text.empty())
                wanted.filters.emplace(filter, std::move(text));
            }
            if (auto fine = query.finish(); !fine)
              return answer_problem(response, 400, fine.error().message());
            response.set_content(render(*snapshot(), wanted), kJsonType);
          }};
}

}  // namespace

void add_observed_routes(std::vector<Route>& routes, const GetSnapshot& snapshot) {
  routes.push_back(list_route(
      "/api/v1/unmatched", snapshot, {"program"}, [](const Snapshot& now, const ListQuery& query) {
        return render_unmatched(*now.observed.unmatched, now.started, query);
      }));
  routes.push_back(list_route("/api/v1/failures", snapshot, {"kind", "cluster"},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_failures(*now.observed.failures, now.taken, query);
                              }));
  routes.push_back(list_route("/api/v1/events", snapshot, {"kind", "cluster", "host"},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_events(*now.observed.events, now.taken, query);
                              }));
  routes.push_back(list_route("/api/v1/rules", snapshot, {"pack"},
                              [](const Snapshot& now, const ListQuery& query) {
                                return render_rules(*now.observed.rules, now.started, query);
                              }));
}

}  // namespace sluice

#include "http/observed_routes.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "http/list_query.h"
#include "http/notes.h"
#include "http/render.h"
#include "http/rule_list.h"
#include "http/unmatched.h"

namespace sluice {
namespace {

using GetSnapshot = std::function<std::shared_ptr<const Snapshot>()>;

// Serves a list at `path`: `render` makes it of a snapshot and what the query string asks for.
template <typename Render>
void add_list(httplib::Server& server, const char* path, const GetSnapshot& snapshot,
              std::initializer_list<std::string_view> filters, Render render) {
  const std::vector<std::string_view> known(filters);
  server.Get(path, [snapshot, known, render](const httplib::Request& request,
                                             httplib::Response& response) {
    const auto query = parse_list_query(request.params, known);
    if (!query) {
      response.status = 400;
      response.set_content(render_problem(400, "Bad Request", query.error().message()),
                           "application/problem+json");
      return;
    }
    response.set_content(render(*snapshot(), *query), "application/json");
  });
}

}  // namespace

void add_observed_routes(httplib::Server& server, const GetSnapshot& snapshot) {
  add_list(server, "/api/v1/unmatched", snapshot, {"program"},
           [](const Snapshot& now, const ListQuery& query) {
             return render_unmatched(*now.observed.unmatched, now.started, query);
           });
  add_list(server, "/api/v1/failures", snapshot, {"kind", "cluster"},
           [](const Snapshot& now, const ListQuery& query) {
             return render_failures(*now.observed.failures, now.taken, query);
           });
  add_list(server, "/api/v1/events", snapshot, {"kind", "cluster", "host"},
           [](const Snapshot& now, const ListQuery& query) {
             return render_events(*now.observed.events, now.taken, query);
           });
  add_list(server, "/api/v1/rules", snapshot, {"pack"},
           [](const Snapshot& now, const ListQuery& query) {
             return render_rules(*now.observed.rules, now.started, query);
           });
}

}  // namespace sluice

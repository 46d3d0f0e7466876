#include "http/series_api.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "http/answer.h"
#include "http/json_text.h"
#include "http/query.h"
#include "http/time_text.h"

namespace sluice {
namespace {

constexpr std::chrono::hours kDefaultRange{3};

// By hand: 200,000 points as a tree of JSON values would take 100 times their memory.
std::string render_series(const SeriesAnswer& answer) {
  std::string text =
      fmt::format(R"({{"from":"{}","until":"{}","step":{},"series":[)", time_text(answer.from),
                  time_text(answer.until), answer.step.count());
  auto out = std::back_inserter(text);
  for (const SeriesAnswer::Series& series : answer.series) {
    fmt::format_to(out, R"({}{{"path":{},"points":[)", &series == answer.series.data() ? "" : ",",
                   nlohmann::json(series.path).dump());
    Seconds time = answer.from;
    for (const std::optional<double>& value : series.values) {
      fmt::format_to(out, "{}[{},", time == answer.from ? "" : ",",
                     time.time_since_epoch().count());
      if (value) {
        fmt::format_to(out, "{}]", *value);
      } else {
        text += "null]";
      }
      time += answer.step;
    }
    text += "]}";
  }
  return text + fmt::format(R"(],"total":{},"truncated":{}}})", answer.total, answer.is_truncated) +
         '\n';
}

std::optional<PathGlob> read_path(Query& query, const std::string& text) {
  auto glob = PathGlob::parse(text);
  if (glob) return std::move(*glob);
  query.refuse("path", glob.error().message());
  return std::nullopt;
}

Seconds read_moment(Query& query, std::string_view key, Seconds fallback, Timestamp now) {
  const std::string text = query.text_with_plus(key);
  if (text.empty()) return fallback;
  const auto moment = parse_moment(text, now);
  if (moment) return *moment;
  query.refuse(key, moment.error().message());
  return fallback;
}

void answer_series(const History& history, const httplib::Request& request,
                   httplib::Response& response) {
  const Timestamp now = std::chrono::system_clock::now();
  Query query(request.params);
  auto path = read_path(query, query.required("path", "sluice.all.puppet.nodes.*"));
  const Seconds until = read_moment(query, "until", floor_to_seconds(now), now);
  const Seconds from = read_moment(query, "from", until - kDefaultRange, now);
  const Slice slice = query.slice();
  if (from >= until) query.refuse("from", "expected a time before \"until\"");
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  const SeriesQuery wanted{.path = std::move(*path),
                           .from = from,
                           .until = until,
                           .limit = slice.limit,
                           .offset = slice.offset};
  response.set_content(render_series(history.series(wanted, now)), kJsonType);
}

void answer_metrics(const History& history, const httplib::Request& request,
                    httplib::Response& response) {
  Query query(request.params);
  const std::string text = query.text("path");
  const auto path = read_path(query, text.empty() ? "*" : text);
  const std::string part = query.text("q");
  const Slice slice = query.slice();
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  const NodesAnswer found = history.nodes(*path, part, slice.offset, slice.limit);
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const HistoryNode& one : found.nodes)
    nodes.push_back({{"name", one.name}, {"path", one.path}, {"is_leaf", one.is_leaf}});
  response.set_content(
      dump(
          {{"nodes", std::move(nodes)}, {"total", found.total}, {"truncated", found.is_truncated}}),
      kJsonType);
}

}  // namespace

void add_series_routes(std::vector<Route>& routes, const HistorySource& history) {
  const auto with_history = [history](auto answer) {
    return [history, answer](const httplib::Request& request, httplib::Response& response) {
      const History* const known = history ? history() : nullptr;
      if (known == nullptr) {
        return answer_problem(response, 503,
                              history ? "the history is not open yet; ask again in a moment"
                                      : "there is no history: \"history\" of the configuration "
                                        "switches it off");
      }
      answer(*known, request, response);
    };
  };
  routes.push_back({"GET", "/api/v1/series", with_history(answer_series)});
  routes.push_back({"GET", "/api/v1/metrics", with_history(answer_metrics)});
}

}  // namespace sluice

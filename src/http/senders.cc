#include "http/senders.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "http/json_text.h"
#include "http/list_query.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
using Order = SenderQuery::Order;

constexpr std::array<std::pair<std::string_view, Order>, 6> kOrders{{
    {"messages", Order::kMessages},
    {"malformed", Order::kMalformed},
    {"skewed", Order::kSkewed},
    {"octets", Order::kOctets},
    {"last_received", Order::kLastReceived},
    {"host", Order::kHost},
}};

// Greater comes first. All names are alike here: rows come in the order of names already.
std::int64_t rank_of(const SenderCounts& counts, Order order) {
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  switch (order) {
    case Order::kMessages:
      return number(counts.messages);
    case Order::kOctets:
      return number(counts.octets);
    case Order::kMalformed:
      return number(counts.malformed);
    case Order::kSkewed:
      return number(counts.skewed);
    case Order::kLastReceived:
      return counts.last_received.time_since_epoch().count();
    case Order::kHost:
      break;
  }
  return 0;
}

void append_counts(Json& json, const SenderCounts& counts) {
  json["messages"] = counts.messages;
  json["octets"] = counts.octets;
  json["malformed"] = counts.malformed;
  json["truncated"] = counts.truncated;
  json["skewed"] = counts.skewed;
  json["last_received"] = counts.messages > 0 ? Json(time_text(counts.last_received)) : Json();
}

}  // namespace

SenderQuery read_sender_query(Query& query) {
  const Slice slice = query.slice(kSenderLimitMax);
  std::array<std::string_view, kOrders.size()> names;
  std::ranges::transform(kOrders, names.begin(), [](const auto& order) { return order.first; });
  const std::string sort = query.choice("sort", names);
  const auto* const order =
      std::ranges::find(kOrders, sort, &std::pair<std::string_view, Order>::first);
  return {.limit = slice.limit,
          .offset = slice.offset,
          .order = order == kOrders.end() ? Order::kMessages : order->second};
}

std::string render_senders(const SenderReport& report, const SenderQuery& query) {
  std::vector<const SenderReport::Row*> rows;
  rows.reserve(report.rows.size());
  for (const SenderReport::Row& row : report.rows) rows.push_back(&row);
  std::ranges::stable_sort(rows, std::ranges::greater(), [&](const SenderReport::Row* row) {
    return rank_of(row->counts, query.order);
  });

  Json senders = Json::array();
  for (std::size_t i = query.offset; i < rows.size() && senders.size() < query.limit; ++i) {
    Json& json = senders.emplace_back(Json{{"host", rows[i]->host}});
    append_counts(json, rows[i]->counts);
  }
  Json other = Json::object();
  append_counts(other, report.other);
  Json answer{{"time", time_text(report.taken)}, {"known", rows.size()}};
  append_extent(answer, rows.size(), query.offset, query.limit);
  answer["senders"] = std::move(senders);
  answer["other"] = std::move(other);
  return dump(answer);
}

}  // namespace sluice

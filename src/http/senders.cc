#include "http/senders.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "config/quote.h"
#include "http/json_text.h"

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

Expected<void> set_limit(SenderQuery& query, std::string_view value) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc() || end != value.data() + value.size() || limit < 1 ||
      limit > kSenderLimitMax) {
    return fail(fmt::format("limit: expected a whole number in 1..{}, got {}", kSenderLimitMax,
                            quote(value)));
  }
  query.limit = limit;
  return {};
}

Expected<void> set_order(SenderQuery& query, std::string_view value) {
  const auto* const known =
      std::ranges::find(kOrders, value, &std::pair<std::string_view, Order>::first);
  if (known == kOrders.end()) {
    return fail(fmt::format(
        "sort: expected messages, malformed, skewed, octets, last_received or host, got {}",
        quote(value)));
  }
  query.order = known->second;
  return {};
}

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

Expected<void> set_parameter(SenderQuery& query, std::string_view name, std::string_view value) {
  if (name == "limit") return set_limit(query, value);
  if (name == "sort") return set_order(query, value);
  return fail(fmt::format("expected the parameters limit and sort, got {}", quote(name)));
}

std::string render_senders(const SenderReport& report, const SenderQuery& query) {
  std::vector<const SenderReport::Row*> rows;
  rows.reserve(report.rows.size());
  for (const SenderReport::Row& row : report.rows) rows.push_back(&row);
  std::ranges::stable_sort(rows, std::ranges::greater(), [&](const SenderReport::Row* row) {
    return rank_of(row->counts, query.order);
  });
  if (rows.size() > query.limit) rows.resize(query.limit);

  Json senders = Json::array();
  for (const SenderReport::Row* row : rows) {
    Json& json = senders.emplace_back(Json{{"host", row->host}});
    append_counts(json, row->counts);
  }
  Json other = Json::object();
  append_counts(other, report.other);
  return dump({{"time", time_text(report.taken)},
               {"known", report.rows.size()},
               {"senders", std::move(senders)},
               {"other", std::move(other)}});
}

}  // namespace sluice

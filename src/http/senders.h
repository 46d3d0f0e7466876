#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// Which senders /api/v1/senders shows, and in which order.
struct SenderQuery {
  enum class Order : std::uint8_t { kMessages, kOctets, kMalformed, kSkewed, kLastReceived, kHost };
  std::size_t limit = 100;  // Rows.
  Order order = Order::kMessages;
};

// As many as a relay tells apart (SenderTable); an answer of this size is about 2 MiB.
inline constexpr std::size_t kSenderLimitMax = 10'000;

// Sets `limit` or `sort` of a query string. On an error the query is as it was.
[[nodiscard]] Expected<void> set_parameter(SenderQuery& query, std::string_view name,
                                           std::string_view value);

// /api/v1/senders: the first `limit` rows, greatest first and those of equal value by name (all by
// name when that is the order), as JSON, docs/api.md.
[[nodiscard]] std::string render_senders(const SenderReport& report, const SenderQuery& query);

}  // namespace sluice

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "http/query.h"
#include "sluice/pipeline/sender_counts.h"

namespace sluice {

// Which senders /api/v1/senders shows, and in which order.
struct SenderQuery {
  enum class Order : std::uint8_t { kMessages, kOctets, kMalformed, kSkewed, kLastReceived, kHost };
  std::size_t limit = 100;  // Rows.
  std::size_t offset = 0;
  Order order = Order::kMessages;
};

// As many as a relay tells apart (SenderTable); an answer of this size is about 2 MiB.
inline constexpr std::size_t kSenderLimitMax = 10'000;

// Reads `limit`, `offset` and `sort`; what is wrong with them query.finish() says.
[[nodiscard]] SenderQuery read_sender_query(Query& query);

// /api/v1/senders: `limit` rows after `offset`, greatest first and those of equal value by name
// (all by name when that is the order), as JSON, docs/api.md.
[[nodiscard]] std::string render_senders(const SenderReport& report, const SenderQuery& query);

}  // namespace sluice

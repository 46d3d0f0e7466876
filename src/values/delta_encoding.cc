#include "sluice/values/delta_encoding.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "sluice/values/byte_encoding.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// The fewest bytes of each element, which bound what a damaged count can ask for.
constexpr std::size_t kMetricBytesMin = 11;
constexpr std::size_t kNameBytesMin = 1;
constexpr std::size_t kHostBytesMin = 5;
constexpr std::size_t kSignBytesMin = 2;
constexpr std::size_t kEntryBytesMin = 6;

constexpr std::uint8_t kIsClaimed = 1;
constexpr std::uint8_t kIsPathNode = 2;

// Most windows and moments of a delta lie close together: each is written as its distance from the
// one before.
struct Previous {
  Seconds window{};
  Timestamp heard{};
};

void put_names(const std::vector<std::string>& names, ByteWriter& writer) {
  writer.put_varint(names.size());
  for (const std::string& name : names) writer.put_text(name);
}

std::vector<std::string> take_names(ByteReader& reader) {
  std::vector<std::string> names(reader.take_count(kNameBytesMin));
  for (std::string& name : names) name = reader.take_text();
  return names;
}

// The flag shares a varint with the metric.
void put_entry(const Delta::Entry& entry, Previous& previous, ByteWriter& writer) {
  writer.put_varint(std::uint64_t{entry.metric} << 1 | (entry.is_claimed ? 1 : 0));
  writer.put_signed((entry.window - previous.window).count());
  writer.put_varint(entry.rule);
  encode(entry.summary, entry.window, writer);
  previous.window = entry.window;
}

Seconds take_window(ByteReader& reader, Seconds previous) {
  const std::int64_t step = reader.take_signed();
  const std::int64_t before = previous.time_since_epoch().count();
  // In this order nothing overflows: `before` is within the bound.
  if (step < -kDecodedSecondsMax - before || step > kDecodedSecondsMax - before) reader.fail();
  return reader.is_ok() ? previous + std::chrono::seconds(step) : Seconds{};
}

Delta::Entry take_entry(const Delta& delta, Previous& previous, ByteReader& reader) {
  Delta::Entry entry;
  const std::uint64_t metric = reader.take_varint();
  entry.is_claimed = (metric & 1) != 0;
  if (metric >> 1 >= delta.metrics.size()) reader.fail();
  entry.window = previous.window = take_window(reader, previous.window);
  entry.rule = reader.take_varint32();
  // Without rules it is 0, since a sample need not come from one.
  if (entry.rule != 0 && entry.rule >= delta.rules.size()) reader.fail();
  entry.summary = decode_summary(reader, entry.window);
  if (!reader.is_ok()) return entry;
  entry.metric = static_cast<std::uint32_t>(metric >> 1);
  // Whoever publishes relies on both.
  const bool has_sketch = entry.summary.keeps_distribution();
  if (entry.summary.count() == 0 || has_sketch != has_quantiles(delta.metrics[entry.metric].type))
    reader.fail();
  return entry;
}

void put_host(const Delta::Host& host, Previous& previous, ByteWriter& writer) {
  writer.put_text(host.name);
  writer.put_byte(static_cast<std::uint8_t>((host.is_claimed ? kIsClaimed : 0) |
                                            (host.is_path_node ? kIsPathNode : 0)));
  writer.put_time(host.last_heard, previous.heard);
  previous.heard = host.last_heard;
  writer.put_varint(host.signs.size());
  for (const Delta::Sign& sign : host.signs) {
    writer.put_varint(sign.presence);
    writer.put_time(sign.last, host.last_heard);
  }
  writer.put_varint(host.entries.size());
  for (const Delta::Entry& entry : host.entries) put_entry(entry, previous, writer);
}

Delta::Sign take_sign(const Delta& delta, Timestamp heard, ByteReader& reader) {
  Delta::Sign sign;
  sign.presence = reader.take_varint32();
  if (sign.presence >= delta.presences.size()) reader.fail();
  sign.last = take_moment(reader, heard);
  return sign;
}

Delta::Host take_host(const Delta& delta, Previous& previous, ByteReader& reader) {
  Delta::Host host;
  host.name = reader.take_text();
  const std::uint8_t bits = reader.take_byte();
  if (bits > (kIsClaimed | kIsPathNode)) reader.fail();
  host.is_claimed = (bits & kIsClaimed) != 0;
  host.is_path_node = (bits & kIsPathNode) != 0;
  host.last_heard = previous.heard = take_moment(reader, previous.heard);
  host.signs.resize(reader.take_count(kSignBytesMin));
  for (Delta::Sign& sign : host.signs) sign = take_sign(delta, host.last_heard, reader);
  const std::size_t entry_count = reader.take_count(kEntryBytesMin);
  host.entries.reserve(entry_count);
  for (std::size_t i = 0; i < entry_count && reader.is_ok(); ++i)
    host.entries.push_back(take_entry(delta, previous, reader));
  return host;
}

Delta take_delta(ByteReader& reader) {
  Delta delta;
  delta.sample_count = reader.take_varint();
  const std::size_t metric_count = reader.take_count(kMetricBytesMin);
  delta.metrics.reserve(metric_count);
  for (std::size_t i = 0; i < metric_count && reader.is_ok(); ++i)
    delta.metrics.push_back(decode_metric(reader));
  delta.rules = take_names(reader);
  delta.presences = take_names(reader);
  Previous previous;
  const std::size_t host_count = reader.take_count(kHostBytesMin);
  delta.hosts.reserve(host_count);
  for (std::size_t i = 0; i < host_count && reader.is_ok(); ++i)
    delta.hosts.push_back(take_host(delta, previous, reader));
  return delta;
}

}  // namespace

std::string encode_delta(const Delta& delta) {
  ByteWriter writer;
  writer.put_byte(kValueEncodingVersion);
  writer.put_varint(delta.sample_count);
  writer.put_varint(delta.metrics.size());
  for (const Metric& metric : delta.metrics) encode(metric, writer);
  put_names(delta.rules, writer);
  put_names(delta.presences, writer);
  Previous previous;
  writer.put_varint(delta.hosts.size());
  for (std::size_t at = 0; at < delta.hosts.size(); ++at) {
    delta.expect_after(at);
    put_host(delta.hosts[at], previous, writer);
  }
  return writer.take();
}

Expected<Delta> decode_delta(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.take_byte();
  if (reader.is_ok() && version != kValueEncodingVersion) {
    return fail("a delta of form " + std::to_string(version) + "; this program reads form " +
                std::to_string(kValueEncodingVersion));
  }
  Delta delta = take_delta(reader);
  if (!reader.is_at_end())
    return fail("a damaged delta (" + std::to_string(bytes.size()) + " bytes)");
  return delta;
}

}  // namespace sluice

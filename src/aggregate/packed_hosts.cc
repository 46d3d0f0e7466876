#include "aggregate/packed_hosts.h"

#include <algorithm>
#include <utility>

#include "sluice/base/check.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// Without the room that the writer has left.
std::string exact(const ByteWriter& writer) { return std::string(writer.view()); }

// Reads what pack() wrote of each host, in its order.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : reader_(bytes) {}

  void next() {
    host_ += static_cast<HostId>(reader_.take_signed());
    const std::uint64_t count = reader_.take_varint();
    if (count == 0) return;
    metrics_.resize(count);
    for (MetricId& metric : metrics_) metric = reader_.take_varint32();
  }
  [[nodiscard]] HostId host() const { return host_; }
  [[nodiscard]] const std::vector<MetricId>& metrics() const { return metrics_; }

 private:
  ByteReader reader_;
  HostId host_ = 0;
  std::vector<MetricId> metrics_;
};

}  // namespace

PackedHosts PackedHosts::pack(const std::deque<Window::Host>& hosts, Seconds start) {
  ByteWriter keys;
  ByteWriter values;
  const Window::Host* before = nullptr;
  Timestamp time = start;  // Of the series before: those of a host mostly have the same.
  Summary room;
  for (const Window::Host& host : hosts) {
    keys.put_signed(std::int64_t{host.host} - (before == nullptr ? 0 : before->host));
    const bool is_alike =
        before != nullptr && std::ranges::equal(host.series, before->series, {},
                                                &StoredSeries::metric, &StoredSeries::metric);
    keys.put_varint(is_alike ? 0 : host.series.size());
    for (const StoredSeries& series : host.series) {
      if (!is_alike) keys.put_varint(series.metric());
      const Summary& summary = series.summary(start, room);
      encode(summary, time, values);
      time = summary.last_time();
    }
    before = &host;
  }
  PackedHosts packed;
  packed.host_count_ = hosts.size();
  packed.keys_ = exact(keys);
  packed.values_ = exact(values);
  return packed;
}

std::deque<Window::Host> PackedHosts::unpack(Seconds start) const {
  std::deque<Window::Host> hosts;
  KeyReader keys(keys_);
  ByteReader values(values_);
  Timestamp time = start;
  for (std::uint64_t left = host_count_; left > 0; --left) {
    keys.next();
    Window::Host& host = hosts.emplace_back();
    host.host = keys.host();
    host.series.reserve(Window::room_for(keys.metrics().size()));
    for (const MetricId metric : keys.metrics()) {
      Summary summary = decode_summary(values, time);
      time = summary.last_time();
      host.series.emplace_back(metric, start, std::move(summary));
    }
  }
  SLUICE_CHECK(values.is_at_end(), "what was packed can be unpacked");
  return hosts;
}

void PackedHosts::for_each_key(const UseKey& use) const {
  KeyReader keys(keys_);
  for (std::uint64_t left = host_count_; left > 0; --left) {
    keys.next();
    for (const MetricId metric : keys.metrics()) use(keys.host(), metric);
  }
}

}  // namespace sluice

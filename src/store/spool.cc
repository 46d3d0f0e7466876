#include "store/spool.h"

#include <utility>

#include "sluice/base/check.h"
#include "sluice/graphite/plaintext.h"

namespace sluice {
namespace {

// What an entry costs beside its path: the hash map's slot at its usual fill.
constexpr std::uint64_t kEntryBytes = 80;

// Room for the longest value and timestamp behind a path.
constexpr std::size_t kLineTailBytes = 48;

}  // namespace

Spool::Spool(const SpoolOptions& options) : options_(options) {}

void Spool::put(std::span<const Datapoint> datapoints) {
  stats_.put += datapoints.size();
  for (const Datapoint& datapoint : datapoints) insert(datapoint);
  // The newest datapoints are worth most to whoever watches a graph, so the oldest go first.
  while (bytes_ > options_.bytes_max && windows_.size() > 1) drop_oldest(stats_.dropped_full);
}

void Spool::insert(const Datapoint& datapoint) {
  auto& queue = windows_[datapoint.time][static_cast<std::size_t>(datapoint.scope)];
  const auto [found, is_new] =
      queue.try_emplace(datapoint.path, Waiting{datapoint.value, datapoint.version});
  if (is_new) {
    ++waiting_count_;
    bytes_ += datapoint.path.size() + kEntryBytes;
    return;
  }
  ++stats_.superseded;
  if (found->second.version < datapoint.version)
    found->second = {datapoint.value, datapoint.version};
}

std::optional<Batch> Spool::take(Timestamp now) {
  SLUICE_CHECK(in_flight_.empty(), "one batch is out at a time");
  drop_old(now);
  if (waiting_count_ == 0) return std::nullopt;
  Batch batch{.id = next_batch_id_++};
  const auto has_room = [&](const std::string& path) {
    return batch.datapoint_count < kBatchDatapointsMax &&
           batch.lines.size() + path.size() + kLineTailBytes <= kBatchBytesMax;
  };
  while (!windows_.empty()) {
    const auto newest = std::prev(windows_.end());
    for (std::size_t scope = 0; scope < newest->second.size(); ++scope) {
      auto& queue = newest->second[scope];
      for (auto it = queue.begin(); it != queue.end();) {
        if (!has_room(it->first)) return batch;
        append_line(batch.lines, it->first, it->second.value, newest->first);
        ++batch.datapoint_count;
        --waiting_count_;
        bytes_ -= it->first.size() + kEntryBytes;
        in_flight_.push_back({it->first, it->second.value, newest->first, it->second.version,
                              static_cast<Scope>(scope)});
        queue.erase(it++);
      }
    }
    windows_.erase(newest);
  }
  return batch;
}

void Spool::acknowledge() {
  stats_.acknowledged += in_flight_.size();
  in_flight_.clear();
}

void Spool::give_back() {
  for (const Datapoint& datapoint : std::exchange(in_flight_, {})) insert(datapoint);
}

void Spool::drop_oldest(std::uint64_t& counter) {
  const auto oldest = windows_.begin();
  for (const auto& queue : oldest->second) {
    counter += queue.size();
    waiting_count_ -= queue.size();
    for (const auto& [path, waiting] : queue) bytes_ -= path.size() + kEntryBytes;
  }
  windows_.erase(oldest);
}

void Spool::drop_old(Timestamp now) {
  while (!windows_.empty() && windows_.begin()->first + options_.age_max < now)
    drop_oldest(stats_.dropped_old);
}

}  // namespace sluice

// The Publisher as bytes and back.
#include <string>
#include <utility>

#include "pipeline/checkpoint.h"
#include "pipeline/publisher_state.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// Grows with each change of the form.
constexpr std::uint8_t kCheckpointVersion = 1;
// The oldest window that is not due lies at most a window and the grace back.
constexpr std::chrono::hours kDueWithin{48};

}  // namespace

void Publisher::State::encode(ByteWriter& bytes) const {
  bytes.put_byte(kCheckpointVersion);
  bytes.put_byte(kValueEncodingVersion);
  bytes.put_signed(options.store.window.count());
  bytes.put_time(last_tick);
  bytes.put_time(next_due, last_tick);
  bytes.put_time(last_sweep, last_tick);
  bytes.put_varint(version);
  CheckpointWriter tables(bytes, last_tick);
  tables.put(knowledge);
  tables.put(series);
  store.encode(bytes);
  bytes.put_varint(publications.size());
  for (const auto& [start, publication] : publications) {
    bytes.put_time(start, last_tick);
    bytes.put_bool(publication.is_published);
    bytes.put_time(publication.published, last_tick);
    tables.put(publication.hosts);
    tables.put(publication.rollups);
  }
}

Expected<void> Publisher::State::decode(ByteReader& reader) {
  if (reader.take_byte() != kCheckpointVersion || reader.take_byte() != kValueEncodingVersion)
    return fail("expected a checkpoint of this version");
  if (const std::int64_t length = reader.take_signed();
      reader.is_ok() && length != options.store.window.count()) {
    return fail("expected windows of " + std::to_string(options.store.window.count()) +
                " s, found windows of " + std::to_string(length) + " s");
  }
  last_tick = take_moment(reader);
  CheckpointReader tables(reader, last_tick);
  next_due = floor_to_seconds(tables.take_time());
  last_sweep = floor_to_seconds(tables.take_time());
  version = reader.take_varint();
  // Publishing goes through every window from here on.
  if (next_due < last_tick - kDueWithin || next_due > last_tick + kDueWithin) reader.fail();
  tables.take(knowledge);
  tables.take(series);
  store.decode(reader);
  for (std::size_t left = reader.take_count(4); left > 0 && reader.is_ok(); --left) {
    const Seconds start = floor_to_seconds(tables.take_time());
    if (window_start(start, options.store.window) != start) reader.fail();
    Publication& publication = publications[start];
    publication.is_published = reader.take_bool();
    publication.published = tables.take_time();
    tables.take_hosts(publication.hosts);
    tables.take_rollups(publication.rollups);
  }
  if (!reader.is_at_end()) return fail("expected a whole checkpoint, found a damaged one");
  return {};
}

void Publisher::encode_state(ByteWriter& writer) const { state_->encode(writer); }

void Publisher::encode_window(Seconds start, ByteWriter& writer) const {
  state_->store.encode_window(start, writer);
}

std::vector<Seconds> Publisher::windows() const {
  std::vector<Seconds> starts;
  for (const auto& [start, window] : state_->store.windows()) starts.push_back(start);
  return starts;
}

std::vector<Seconds> Publisher::take_changed_windows() { return state_->store.take_changed(); }

Expected<std::unique_ptr<Publisher>> Publisher::restore(const PublisherOptions& options,
                                                        Paths paths,
                                                        std::shared_ptr<const ClusterMap> clusters,
                                                        std::string_view state,
                                                        std::span<const std::string> windows) {
  auto restored = std::make_unique<State>(options, std::move(paths), clusters, Timestamp{});
  ByteReader reader(state);
  if (auto done = restored->decode(reader); !done) return std::unexpected(std::move(done).error());
  Knowledge& knowledge = restored->knowledge;
  std::vector<bool> keeps_distribution;
  for (MetricId id = 0; id < knowledge.metrics.size(); ++id)
    keeps_distribution.push_back(has_quantiles(knowledge.metrics[id].type));
  for (const std::string& bytes : windows) {
    ByteReader window(bytes);
    restored->store.decode_window(window, static_cast<HostId>(knowledge.hosts.number_count()),
                                  keeps_distribution);
    if (!window.is_at_end()) return fail("expected a window of a checkpoint, found a damaged one");
  }
  restored->set_presences(options.presences, restored->last_tick);
  // Worked out anew, now that every host has its number again.
  restored->placement = std::make_shared<Placement>(std::move(clusters), restored->paths,
                                                    knowledge.scopes, knowledge.hosts);
  for (auto& [start, publication] : restored->publications)
    publication.placement = restored->placement;
  return std::unique_ptr<Publisher>(new Publisher(std::move(restored)));
}

}  // namespace sluice

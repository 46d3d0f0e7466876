// The Publisher as bytes and back.
#include <algorithm>
#include <string>
#include <utility>

#include "pipeline/checkpoint.h"
#include "pipeline/publisher_state.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// Grows with each change of the form.
constexpr std::uint8_t kCheckpointVersion = 2;
// The oldest window that is not due lies at most a window and the grace back.
constexpr std::chrono::hours kDueWithin{48};
// Windows are never that long: the number is damaged.
constexpr std::int64_t kWindowSecondsMax = 366 * 24 * 3600;

// How long the windows are that the state was written with: tables are made for a length.
Expected<std::chrono::seconds> window_length_of(std::string_view state) {
  ByteReader reader(state);
  if (reader.take_byte() != kCheckpointVersion || reader.take_byte() != kValueEncodingVersion)
    return fail("expected a checkpoint of this version");
  const std::int64_t length = reader.take_signed();
  if (!reader.is_ok() || length <= 0 || length > kWindowSecondsMax)
    return fail("expected a whole checkpoint, found a damaged one");
  return std::chrono::seconds(length);
}

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
  encode_publications(tables, bytes);
}

// The cluster maps that windows were opened with go before them, each once: the one for windows to
// come is the first.
void Publisher::State::encode_publications(CheckpointWriter& tables, ByteWriter& bytes) const {
  std::vector<const Placement*> placements{placement.get()};
  for (const auto& [start, publication] : publications) {
    if (std::ranges::find(placements, publication.placement.get()) == placements.end())
      placements.push_back(publication.placement.get());
  }
  bytes.put_varint(placements.size());
  for (const Placement* one : placements) one->clusters().encode(bytes);
  bytes.put_varint(publications.size());
  for (const auto& [start, publication] : publications) {
    bytes.put_time(start, last_tick);
    bytes.put_varint(static_cast<std::uint64_t>(
        std::ranges::find(placements, publication.placement.get()) - placements.begin()));
    bytes.put_bool(publication.is_published);
    bytes.put_time(publication.published, last_tick);
    tables.put(publication.hosts, publication.published);
    tables.put(publication.rollups, publication.published);
  }
}

Expected<void> Publisher::State::decode(ByteReader& reader) {
  if (reader.take_byte() != kCheckpointVersion || reader.take_byte() != kValueEncodingVersion)
    return fail("expected a checkpoint of this version");
  (void)reader.take_signed();  // The length of windows, which is read before all else.
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
  if (auto done = decode_publications(tables, reader); !done) return done;
  if (!reader.is_at_end()) return fail("expected a whole checkpoint, found a damaged one");
  return {};
}

Expected<void> Publisher::State::decode_publications(CheckpointReader& tables, ByteReader& reader) {
  std::vector<std::shared_ptr<Placement>> placements;
  for (std::size_t left = reader.take_count(4); left > 0; --left) {
    auto clusters = ClusterMap::decode(reader);
    if (!clusters) return std::unexpected(std::move(clusters).error());
    placements.push_back(placement_by(std::move(*clusters)));
  }
  if (placements.empty()) return fail("expected the cluster map of a checkpoint, found none");
  placement = placements.front();
  for (std::size_t left = reader.take_count(5); left > 0 && reader.is_ok(); --left) {
    const Seconds start = floor_to_seconds(tables.take_time());
    if (window_start(start, options.store.window) != start) reader.fail();
    const std::uint64_t place = reader.take_varint();
    if (place >= placements.size()) reader.fail();
    if (!reader.is_ok()) break;
    Publication& publication = publications[start];
    publication.placement = placements[place];
    publication.is_published = reader.take_bool();
    publication.published = tables.take_time();
    tables.take_hosts(publication.hosts, publication.published);
    tables.take_rollups(publication.rollups, publication.published);
  }
  return {};
}

std::shared_ptr<Placement> Publisher::State::placement_by(
    std::shared_ptr<const ClusterMap> clusters) {
  return std::make_shared<Placement>(std::move(clusters), paths, knowledge.scopes, knowledge.hosts);
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
                                                        Paths paths, std::string_view state,
                                                        std::span<const std::string> windows) {
  const auto length = window_length_of(state);
  if (!length) return std::unexpected(length.error());
  PublisherOptions as_written = options;
  as_written.store.window = *length;
  auto nothing = ClusterMap::make({}, {});
  if (!nothing) return std::unexpected(std::move(nothing).error());
  auto restored =
      std::make_unique<State>(as_written, std::move(paths), std::move(*nothing), Timestamp{});
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
  return std::unique_ptr<Publisher>(new Publisher(std::move(restored)));
}

}  // namespace sluice

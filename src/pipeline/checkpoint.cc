#include "pipeline/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>

#include "sluice/values/path_node.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// Moments that are farther from each other than twice this (253 years), and durations longer, are
// damage, and more than arithmetic in nanoseconds could bear.
constexpr std::int64_t kReachSeconds = 4'000'000'000;

bool is_sane(std::chrono::seconds duration) {
  return duration.count() >= 0 && duration.count() <= kReachSeconds;
}

}  // namespace

CheckpointReader::CheckpointReader(ByteReader& reader, Timestamp base)
    : reader_(reader), base_(base) {
  if (std::abs(floor_to_seconds(base).time_since_epoch().count()) > kReachSeconds) reader_.fail();
}

Timestamp CheckpointReader::take_time() {
  const Timestamp time = take_moment(reader_, base_);
  if (std::abs((floor_to_seconds(time) - floor_to_seconds(base_)).count()) > kReachSeconds)
    reader_.fail();
  return time;
}

void CheckpointWriter::put(const Knowledge& knowledge) {
  put(knowledge.watch);
  put(knowledge.presences);
  put(knowledge.metrics);
  put(knowledge.hosts);
  put(knowledge.scopes);
  put(knowledge.last);
  put(knowledge.counters);
}

void CheckpointReader::take(Knowledge& knowledge) {
  take(knowledge.watch);
  take(knowledge.presences);
  take(knowledge.metrics);
  take(knowledge.hosts);
  take(knowledge.scopes);
  take(knowledge.last, hosts_);
  take(knowledge.counters, scopes_);
}

void CheckpointWriter::put(const Watch& watch) {
  writer_.put_time(watch.since_, base_);
  writer_.put_varint(watch.gaps_.size());
  for (const Watch::Gap& gap : watch.gaps_) {
    writer_.put_time(gap.from, base_);
    writer_.put_time(gap.to, gap.from);
  }
}

void CheckpointReader::take(Watch& watch) {
  watch.since_ = take_time();
  watch.gaps_.resize(reader_.take_count(2));
  Timestamp last = Timestamp::min();
  for (Watch::Gap& gap : watch.gaps_) {
    gap.from = take_time();
    gap.to = take_moment(reader_, gap.from);
    if (gap.from < last || gap.to < gap.from) reader_.fail();
    last = gap.to;
  }
}

void CheckpointWriter::put(const std::vector<Presence>& presences) {
  writer_.put_varint(presences.size());
  for (const Presence& presence : presences) {
    writer_.put_text(presence.name);
    writer_.put_signed(presence.every.count());
    writer_.put_time(presence.since, base_);
  }
}

void CheckpointReader::take(std::vector<Presence>& presences) {
  presences.resize(reader_.take_count(3));
  for (Presence& presence : presences) {
    presence.name = reader_.take_text();
    presence.every = std::chrono::seconds(reader_.take_signed());
    presence.since = take_time();
    if (!is_sane(presence.every)) reader_.fail();
  }
  presence_count_ = presences.size();
}

void CheckpointWriter::put(const MetricTable& metrics) {
  writer_.put_varint(metrics.size());
  for (MetricId id = 0; id < metrics.size(); ++id) encode(metrics[id], writer_);
}

void CheckpointReader::take(MetricTable& metrics) {
  metric_count_ = reader_.take_count(1);
  for (MetricId id = 0; id < metric_count_ && reader_.is_ok(); ++id) {
    const Metric metric = decode_metric(reader_);
    if (reader_.is_ok() && metric.name.empty()) {
      metrics.add_gap();
      continue;
    }
    const bool is_sound = reader_.is_ok() && is_sane(metric.limit) && is_sane(metric.ttl) &&
                          is_sane(metric.hold) && has_allowed_stats(metric);
    const auto interned = metrics.intern(metric, SIZE_MAX);
    if (!is_sound || !interned || interned->id != id) reader_.fail();
  }
  metrics.free_gaps();
}

// `ids_` follows from the names, and from the path nodes that lead to the same host.
void CheckpointWriter::put(const HostTable& hosts) {
  writer_.put_bool(hosts.has_nodes_);
  writer_.put_varint(hosts.hosts_.size());
  std::size_t number = 0;
  for (const HostTable::Host& host : hosts.hosts_) {
    writer_.put_text(host.name);
    writer_.put_time(host.last_heard, base_);
    const bool is_in_order = host.arrival == static_cast<std::uint64_t>(number++);
    writer_.put_byte(static_cast<std::uint8_t>((host.is_known ? 1 : 0) + (host.is_node ? 2 : 0) +
                                               (host.was_node ? 4 : 0) + (host.is_free ? 8 : 0) +
                                               (is_in_order ? 0 : 16)));
    if (!is_in_order) writer_.put_varint(host.arrival);
  }
}

void CheckpointReader::take(HostTable& hosts) {
  hosts = {};
  const bool has_nodes = reader_.take_bool();
  hosts_.resize(reader_.take_count(3));
  std::iota(hosts_.begin(), hosts_.end(), HostId{0});
  for (std::size_t id = 0; id < hosts_.size() && reader_.is_ok(); ++id) {
    HostTable::Host host{.name = std::string(reader_.take_text())};
    host.last_heard = take_time();
    const std::uint8_t flags = reader_.take_byte();
    host.is_known = (flags & 1) != 0;
    host.is_node = (flags & 2) != 0;
    host.was_node = (flags & 4) != 0;
    host.is_free = (flags & 8) != 0;
    host.arrival = (flags & 16) != 0 ? reader_.take_varint() : id;
    const bool is_sound = host.is_free ? host.name.empty() && !host.is_known
                                       : hosts.ids_.try_emplace(host.name, hosts_[id]).second;
    if (flags > 31 || !is_sound) reader_.fail();
    if (host.is_free) hosts.free_.insert(hosts_[id]);
    hosts.has_reused_ = hosts.has_reused_ || host.arrival != id;
    hosts.next_arrival_ = std::max(hosts.next_arrival_, host.arrival + 1);
    hosts.known_count_ += host.is_known ? 1 : 0;
    hosts.hosts_.push_back(std::move(host));
  }
  for (HostId id = 0; id < hosts.hosts_.size(); ++id) {
    if (hosts.hosts_[id].was_node) hosts.ids_.try_emplace(to_path_node(hosts.hosts_[id].name), id);
  }
  if (has_nodes) hosts.index_nodes();
  hosts.ranks_are_stale_ = true;
}

// By name: paths and templates may be others when they are read.
void CheckpointWriter::put(const ScopeTable& scopes) {
  writer_.put_varint(scopes.size());
  for (ScopeId id = 1; id < scopes.size(); ++id) {
    writer_.put_bool(scopes[id].kind == Scope::kGroup);
    writer_.put_text(scopes[id].name);
    writer_.put_text(scopes[id].value);
  }
}

void CheckpointReader::take(ScopeTable& scopes) {
  const std::uint64_t count = reader_.take_varint();
  scopes_ = {kFleet};
  for (std::uint64_t id = 1; id < count && reader_.is_ok(); ++id) {
    const bool is_group = reader_.take_bool();
    const std::string_view name = reader_.take_text();
    const std::string_view value = reader_.take_text();
    if (!reader_.is_ok()) return;
    scopes_.push_back(is_group ? scopes.intern_group(name, value) : scopes.intern_cluster(name));
  }
}

void CheckpointWriter::put(const LastEvent& event) {
  writer_.put_time(event.time, base_);
  writer_.put_number(event.value);
}

LastEvent CheckpointReader::take_event() {
  const LastEvent event{take_time(), reader_.take_number()};
  if (!std::isfinite(event.value)) reader_.fail();
  return event;
}

void CheckpointWriter::put(const LastBook& book) {
  writer_.put_varint(book.tracks_.size());
  for (const auto& [id, track] : book.tracks_) {
    writer_.put_varint(id);
    writer_.put_time(track.first, base_);
    writer_.put_varint(track.rows.size());
    for (const LastBook::Row& row : track.rows) {
      writer_.put_varint(row.owner);
      put(row.last);
      writer_.put_varint(row.older.size());
      for (const LastEvent& event : row.older) put(event);
    }
  }
}

void CheckpointReader::take(LastBook& book, const std::vector<std::uint32_t>& owners) {
  for (std::size_t left = reader_.take_count(3); left > 0 && reader_.is_ok(); --left) {
    const auto [track, is_new] = book.tracks_.try_emplace(take_track());
    track->second.first = floor_to_seconds(take_time());
    if (!is_new) reader_.fail();
    for (std::size_t rows = reader_.take_count(4); rows > 0 && reader_.is_ok(); --rows)
      take_row(book, track->second, owners);
  }
}

void CheckpointReader::take_row(LastBook& book, LastBook::Track& track,
                                const std::vector<std::uint32_t>& owners) {
  LastBook::Row row{.owner = take_owner(owners), .last = take_event()};
  row.older.resize(reader_.take_count(2));
  Timestamp last = Timestamp::min();
  for (LastEvent& event : row.older) {
    event = take_event();
    if (event.time < last || event.time >= book.window_of(row.last)) reader_.fail();
    last = book.window_of(event) + book.window_;
  }
  const auto place = static_cast<std::uint32_t>(track.rows.size());
  const auto [known, is_new] = track.places.try_emplace(row.owner, place);
  // Two scopes may have become one, whose events then mix; two hosts never do.
  if (!is_new && &owners == &hosts_) return reader_.fail();
  if (is_new) {
    book.older_count_ += row.older.size();
    track.rows.push_back(std::move(row));
    return;
  }
  LastBook::Row& kept = track.rows[known->second];
  for (const LastEvent& event : row.older) (void)book.note_in(kept, event);
  (void)book.note_in(kept, row.last);
}

void CheckpointWriter::put(const SeriesTable& table) {
  std::vector<const std::string*> rules(table.rule_counts_.size());
  for (const auto& [name, number] : table.rule_numbers_) rules[number] = &name;
  writer_.put_varint(rules.size());
  for (const std::string* rule : rules) writer_.put_text(*rule);
  writer_.put_varint(table.series_.size());
  for (const auto& [key, series] : table.series_) {
    writer_.put_varint(key.owner);
    writer_.put_varint(key.metric);
    writer_.put_varint(series.rule);
    writer_.put_varint(series.last);
  }
}

void CheckpointReader::take(SeriesTable& table) {
  const std::size_t rules = reader_.take_count(1);
  for (std::size_t number = 0; number < rules && reader_.is_ok(); ++number) {
    if (table.rule_number(reader_.take_text()) != number) reader_.fail();
  }
  for (std::size_t left = reader_.take_count(4); left > 0 && reader_.is_ok(); --left) {
    const SeriesKey key{take_owner(hosts_), reader_.take_varint32()};
    const SeriesTable::Series series{.rule = reader_.take_varint32(),
                                     .last = reader_.take_varint32()};
    if (key.metric >= metric_count_ || series.rule >= rules) reader_.fail();
    if (!reader_.is_ok()) return;
    if (!table.series_.try_emplace(key, series).second) return reader_.fail();
    ++table.host_count(key.owner);
    ++table.metric_count(key.metric);
    ++table.rule_counts_[series.rule];
  }
}

// Marks first, then what was published of late and is not marked.
void CheckpointWriter::put(const Corrections& corrections, Timestamp window_published) {
  const auto put_mark = [&](const SeriesKey& key) {
    const auto recent = corrections.recent_.find(key);
    writer_.put_varint(key.owner);
    writer_.put_varint(key.metric);
    writer_.put_time(recent == corrections.recent_.end() ? window_published : recent->second,
                     base_);
  };
  std::size_t marked = 0;
  corrections.for_each_marked([&](const SeriesKey&) { ++marked; });
  std::vector<SeriesKey> others;
  for (const auto& [key, published] : corrections.recent_) {
    if (!corrections.is_marked(key)) others.push_back(key);
  }
  writer_.put_varint(marked + others.size());
  writer_.put_varint(marked);
  corrections.for_each_marked(put_mark);
  for (const SeriesKey& key : others) put_mark(key);
}

void CheckpointReader::take_hosts(Corrections& corrections, Timestamp window_published) {
  take(corrections, hosts_, window_published);
}
void CheckpointReader::take_rollups(Corrections& corrections, Timestamp window_published) {
  take(corrections, scopes_, window_published);
}

void CheckpointReader::take(Corrections& corrections, const std::vector<std::uint32_t>& owners,
                            Timestamp window_published) {
  const std::size_t count = reader_.take_count(3);
  const std::uint64_t marked = reader_.take_varint();
  for (std::size_t i = 0; i < count && reader_.is_ok(); ++i) {
    const SeriesKey key{take_owner(owners), take_track()};
    // A host's series are metrics.
    if (&owners == &hosts_ && key.metric >= metric_count_) reader_.fail();
    const Timestamp published = take_time();
    if (published != window_published) corrections.note_recent(key, published);
    if (i < marked) corrections.mark(key);
  }
}

std::uint32_t CheckpointReader::take_owner(const std::vector<std::uint32_t>& owners) {
  const std::uint32_t owner = reader_.take_varint32();
  if (owner < owners.size()) return owners[owner];
  reader_.fail();
  return 0;
}

std::uint32_t CheckpointReader::take_track() {
  const std::uint32_t track = reader_.take_varint32();
  const bool is_presence = (track & kPresenceTrack) != 0;
  if ((track & ~kPresenceTrack) >= (is_presence ? presence_count_ : metric_count_)) reader_.fail();
  return track;
}

}  // namespace sluice

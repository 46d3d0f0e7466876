#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/corrections.h"
#include "pipeline/knowledge.h"
#include "pipeline/series_table.h"
#include "sluice/values/byte_encoding.h"

namespace sluice {

// The publisher's tables as bytes (Publisher::encode_state). Order matters: what refers to hosts,
// metrics, scopes and presences by number comes after them.
class CheckpointWriter {
 public:
  // Times are written as their distance from `base`.
  CheckpointWriter(ByteWriter& writer, Timestamp base) : writer_(writer), base_(base) {}

  void put(const Knowledge& knowledge);
  void put(const SeriesTable& series);
  // `window_published`: when the window was published as a whole.
  void put(const Corrections& corrections, Timestamp window_published);

 private:
  void put(const Watch& watch);
  void put(const std::vector<Presence>& presences);
  void put(const MetricTable& metrics);
  void put(const HostTable& hosts);
  void put(const ScopeTable& scopes);
  void put(const LastBook& book);
  void put(const LastEvent& event);

  ByteWriter& writer_;
  Timestamp base_;
};

// Reads them into tables that were just made. Whatever cannot be, or refers to what is not there,
// makes the reader fail.
class CheckpointReader {
 public:
  CheckpointReader(ByteReader& reader, Timestamp base);

  void take(Knowledge& knowledge);
  // A moment within reach of the base.
  Timestamp take_time();
  // These need the knowledge.
  void take(SeriesTable& series);
  void take_hosts(Corrections& corrections, Timestamp window_published);
  void take_rollups(Corrections& corrections, Timestamp window_published);

 private:
  void take(Watch& watch);
  void take(std::vector<Presence>& presences);
  void take(MetricTable& metrics);
  void take(HostTable& hosts);
  void take(ScopeTable& scopes);
  // `owners`: the number each owner has now, by the one it was written with.
  void take(LastBook& book, const std::vector<std::uint32_t>& owners);
  void take_row(LastBook& book, LastBook::Track& track, const std::vector<std::uint32_t>& owners);
  LastEvent take_event();
  void take(Corrections& corrections, const std::vector<std::uint32_t>& owners,
            Timestamp window_published);
  std::uint32_t take_owner(const std::vector<std::uint32_t>& owners);
  std::uint32_t take_track();

  ByteReader& reader_;
  Timestamp base_;
  std::vector<std::uint32_t> hosts_;   // By number: itself.
  std::vector<std::uint32_t> scopes_;  // By number when written: the number now.
  std::size_t metric_count_ = 0;
  std::size_t presence_count_ = 0;
};

}  // namespace sluice

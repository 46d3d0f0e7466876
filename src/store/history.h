#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/base/time.h"
#include "sluice/values/datapoint.h"
#include "store/database.h"
#include "store/file_identity.h"
#include "store/history_index.h"
#include "store/history_open.h"
#include "store/history_points.h"
#include "store/notice.h"
#include "store/path_glob.h"

namespace sluice {

struct HistoryOptions {
  std::string file;  // "history.db" in the state folder; empty: in memory.
  std::chrono::seconds window{60};
  // How far back it goes: clusters, groups, the fleet and the relay; and hosts.
  std::chrono::seconds clusters{24 * 3600};
  std::chrono::seconds hosts{3 * 3600};
  std::uint64_t bytes_max = std::uint64_t{512} << 20;  // Of the file.
  std::uint64_t series_max = 500'000;                  // Of which hosts leave a tenth to all else.
};

struct HistoryStats {
  std::uint64_t points = 0;          // Taken in.
  std::uint64_t points_too_old = 0;  // Older than it goes back.
  std::uint64_t points_refused = 0;  // Of series beyond series_max.
  std::uint64_t points_cut = 0;      // Let go before their time because of bytes_max.
  std::uint64_t failures = 0;        // Writes that failed.
  std::uint64_t series = 0;          // Kept now.
  std::uint64_t bytes = 0;           // Of the file, without free pages.
  bool is_on_disk = false;
  bool has_lost_file = false;  // It should be on disk, and is in memory.
  bool is_failing = false;     // The last write failed: points are missing.
};

struct SeriesQuery {
  PathGlob path;
  Seconds from{};
  Seconds until{};
  std::size_t limit = 100;           // Series,
  std::size_t offset = 0;            // and how many to pass over before them.
  std::size_t points_max = 200'000;  // In all series.
};

struct SeriesAnswer {
  struct Series {
    std::string path;
    std::vector<std::optional<double>> values;  // One each step, from `from` on.
  };
  Seconds from{};
  Seconds until{};
  std::chrono::seconds step{};
  std::vector<Series> series;  // In order of the path.
  std::size_t total = 0;       // Series that match; of a glob that was given up, so far.
  bool is_truncated = false;   // There is more.
};

struct HistoryNode {
  std::string name;
  std::string path;
  bool is_leaf = false;
};

struct NodesAnswer {
  std::vector<HistoryNode> nodes;
  std::size_t total = 0;  // As SeriesAnswer's.
  bool is_truncated = false;
};

// The recent points of every series, in a SQLite file. What is published is put in as it comes; of
// two points for one path and time the one that was put later stays, which is the newer version,
// because publications come in order.
//
// Points of 16 windows make a block. The block of now is in memory, window by window, and in the
// file as a log, so that a restart finds it. When the next block begins, it is
// written for good: 64 series to a row, each encoded on its own. So a point costs some bytes and
// few instructions (tests/bench), and a query reads one row for each block of 64 series.
//
// Memory lets go of a name or a number once the file has: a write that failed leaves series their
// numbers, so that no other finds their points there.
//
// It always works: a file that is damaged or of another version is moved aside, and without a
// usable file it is kept in memory, with a smaller bound. When it is full, the oldest block of
// hosts goes first, then the older half of what the block of now has of hosts. Safe to use from
// several threads; a call may take the disk's time.
class History {
 public:
  static constexpr std::uint64_t kMemoryBytesMax = std::uint64_t{64} << 20;
  static constexpr std::int64_t kWindowsPerBlock = OpenBlock::kWindows;

  History(HistoryOptions options, Timestamp now);
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // In order of publication.
  void put(std::span<const Datapoint> datapoints, Timestamp now);

  // The range is cut to what is kept, and to the windows that have begun at `now`.
  [[nodiscard]] SeriesAnswer series(const SeriesQuery& query, Timestamp now) const;
  // One level of names, as PathGlob's last node lets them in, of those that hold `part`, whatever
  // its case; at most `limit` after `offset`.
  [[nodiscard]] NodesAnswer nodes(const PathGlob& glob, std::string_view part, std::size_t offset,
                                  std::size_t limit) const;
  // The values of the newest of the windows that any series of the scope `path` ("sluice.all") has,
  // by what stands behind it: "puppet.nodes.failed". Nothing that is older than `age`, nor from a
  // window that has not begun at `now`, as there may be when the clock was put back.
  struct LastWindow {
    Seconds time{};
    std::map<std::string, double> values;
  };
  [[nodiscard]] std::optional<LastWindow> last_window(std::string_view path, Timestamp now,
                                                      std::chrono::seconds age) const;
  // The series below the scope `path`, at most `limit`, with the value that each had last; no value
  // for a host's that has had none since the start.
  struct LastValue {
    std::string path;
    Seconds time{};
    std::optional<double> value;
  };
  [[nodiscard]] std::vector<LastValue> last_values(std::string_view path, std::size_t limit) const;

  [[nodiscard]] HistoryStats stats() const;
  // What the operator must know, one sentence each, since the last call.
  [[nodiscard]] std::vector<Notice> take_notices();

 private:
  static constexpr std::uint32_t kGroupSeries = OpenBlock::kGroupSeries;  // To a row.
  static constexpr std::uint32_t kTiers = 2;  // 0: clusters and above; 1: hosts.

  struct Series {
    std::string path;  // Empty: the number is free.
    std::int64_t last_time = 0;
    double last_value = 0;
    bool has_last_value = false;     // Since the start, or from the newest block.
    std::uint32_t newest_block = 0;  // That has points of it, or may have.
  };
  struct Tier {
    std::deque<Series> series;  // By number.
    std::vector<std::uint32_t> free;
    OpenBlock open;
  };
  // The points of some series of one group and block, by place in the group.
  using GroupPoints = std::map<std::uint32_t, std::vector<HistoryPoint>>;
  struct Late;       // Points of blocks that are over.
  struct Additions;  // What a put adds to the file.
  // A group of 64 series of a tier in one block.
  struct GroupKey {
    std::uint32_t tier = 0;
    std::int64_t block = 0;
    std::uint32_t group = 0;

    [[nodiscard]] std::int64_t id() const noexcept;
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
  };

  void open(Timestamp now);
  void close();
  Expected<void> prepare();
  Expected<void> load(Timestamp now);
  Expected<void> load_series();
  Expected<void> load_names();
  [[nodiscard]] bool learn_name(std::uint64_t tier, std::uint64_t number, std::string_view name);
  Expected<void> load_log(Timestamp now);
  Expected<void> load_last_values();
  void look_at_file(Timestamp now);
  [[nodiscard]] bool is_damage(const Error& error) const;
  void lose(const Error& error, Timestamp now);

  Expected<Transaction> begin();
  Expected<void> write(std::span<const Datapoint> datapoints, Timestamp now);
  Additions take_in(std::span<const Datapoint> datapoints, Timestamp now);
  Expected<void> write(const Additions& additions);
  Expected<void> write_names(std::span<const SeriesPlace> places, bool are_gone);
  Expected<void> rewrite_names(std::span<const SeriesPlace> without);
  std::optional<SeriesPlace> place_of(const Datapoint& datapoint,
                                      std::vector<SeriesPlace>& new_series);
  [[nodiscard]] std::optional<SeriesPlace> next_place(const Datapoint& datapoint) const;
  SeriesPlace make_series(const Datapoint& datapoint);
  // Late points too: what has points must not be taken for silent.
  void note_last(Series& series, const HistoryPoint& point, Timestamp now) const;
  [[nodiscard]] Expected<void> check_window();
  void grow(SeriesPlace place, const HistoryPoint& point, Timestamp now);
  [[nodiscard]] std::vector<HistoryPoint> open_points(SeriesPlace place) const;
  Expected<void> end_block(std::int64_t next_block, Timestamp now);
  Expected<void> write_end(std::span<const SeriesPlace> silent, Timestamp now);
  Expected<void> write_open_blocks();
  // Of two points for one time the later one stays.
  Expected<void> merge_group(const GroupKey& key, const GroupPoints& later);
  Expected<void> write_group(const GroupKey& key, const GroupPoints& points);
  Expected<GroupPoints> read_group(const GroupKey& key) const;
  Expected<void> drop_old(Timestamp now);
  Expected<void> drop_block(std::uint32_t tier, std::int64_t block);
  Expected<std::optional<std::int64_t>> oldest_block(std::uint32_t tier);
  Expected<void> append_log(std::int64_t base, std::uint64_t count, std::string_view points);
  Expected<void> rewrite_log();
  using UseLogged = std::function<void(SeriesPlace place, const HistoryPoint& point)>;
  Expected<void> read_log(const UseLogged& use);
  Expected<void> merge_log();
  Expected<void> catch_up();
  Expected<void> keep_bound();
  Expected<void> measure();
  Expected<void> give_pages_back();
  Expected<std::uint64_t> cut_oldest();
  Expected<std::uint64_t> cut_oldest_block(std::uint32_t tier);
  Expected<std::uint64_t> cut_open_hosts();
  [[nodiscard]] std::int64_t oldest_kept(std::uint32_t tier, Timestamp now) const noexcept;
  [[nodiscard]] std::vector<SeriesPlace> silent_series(Timestamp now) const;
  Expected<void> unname(std::span<const SeriesPlace> silent);
  void forget(std::span<const SeriesPlace> silent);

  [[nodiscard]] std::int64_t block_of(std::int64_t time) const noexcept {
    return time / block_seconds_;
  }
  [[nodiscard]] Series& series_at(SeriesPlace place) {
    return tiers_[place.tier].series[place.number];
  }
  [[nodiscard]] const Series& series_at(SeriesPlace place) const {
    return tiers_[place.tier].series[place.number];
  }
  [[nodiscard]] std::chrono::seconds kept(std::uint32_t tier) const noexcept {
    return tier == 0 ? options_.clusters : options_.hosts;
  }

  HistoryOptions options_;
  std::int64_t block_seconds_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::optional<Database> database_;
  std::optional<FileIdentity> identity_;  // Of the file that is open.
  Timestamp last_look_{};                 // At the file.
  // Of `database_`, and gone before it.
  struct Statements {
    Statement write_names;
    Statement read_group;
    Statement write_group;
    Statement write_log;
  };
  mutable Statements statements_;
  std::array<Tier, kTiers> tiers_;
  HistoryIndex index_;
  SeriesPlace last_place_;  // Of the point that was put last.
  // The newest that a point was put in; 0: none yet. No row of the file is of this block or a later
  // one.
  std::int64_t open_block_ = 0;
  // The log has points that it should not have: of a block whose end could not be written, which
  // are in no row, or of hosts that memory let go in a write that failed. The next write that
  // succeeds sees to both.
  bool is_log_behind_ = false;
  // Those of series that are gone, or have another by now, included.
  std::size_t names_in_file_ = 0;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t file_bytes_ = 0;  // With free pages.
  HistoryStats stats_;
  bool is_cut_told_ = false;
  std::vector<Notice> notices_;
};

}  // namespace sluice

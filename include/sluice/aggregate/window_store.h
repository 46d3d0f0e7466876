#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "sluice/aggregate/time_ranges.h"
#include "sluice/base/prefetch.h"
#include "sluice/base/time.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/summary.h"

namespace sluice {

// Numbers that stand for names within one process; the pipeline's tables give them out.
using HostId = std::uint32_t;
using MetricId = std::uint32_t;

class PackedHosts;

// One metric of one host in one window: a Summary. Most are of one sample, and the store is nothing
// but these, so that one sample of a whole microsecond takes 16 bytes, all in all.
class StoredSeries {
 public:
  // `start`: of the window. `summary.count() > 0`.
  StoredSeries(MetricId metric, Seconds start, Summary&& summary);
  ~StoredSeries();
  StoredSeries(StoredSeries&& other) noexcept;
  StoredSeries& operator=(StoredSeries&& other) noexcept;

  [[nodiscard]] MetricId metric() const noexcept { return metric_; }
  // What it holds; `room` lends the place when it is one sample.
  [[nodiscard]] const Summary& summary(Seconds start, Summary& room) const;
  void merge(Seconds start, const Summary& summary);
  // Bytes on the heap beside the object itself.
  [[nodiscard]] std::size_t heap_bytes() const noexcept;

  // As Summary::expect(): its summary is about to be read.
  static constexpr std::size_t kPieces = 1 + Summary::kPieces;
  void expect(std::size_t piece) const noexcept {
    if (micros_ != kMany) return;
    if (piece == 0) return prefetch(many_);
    many_->expect(piece - 1);
  }

 private:
  // In `micros_`: the value is a Summary on the heap.
  static constexpr std::uint32_t kMany = UINT32_MAX;

  void hold(Seconds start, Summary&& summary);
  [[nodiscard]] Summary one_sample(Seconds start) const;

  std::uint32_t metric_ : 31;
  std::uint32_t keeps_distribution_ : 1;
  std::uint32_t micros_ = 0;  // From the window's start to the sample.
  union {
    double value_;
    Summary* many_;  // Owned.
  };
};
static_assert(sizeof(StoredSeries) == 16);

// What is known of one window: the merge of every delta that touched it. While nobody looks at it,
// it is packed: a fifth of the memory (WindowStore::pack_idle). Looking at it unpacks it, so that
// nothing but the memory and some milliseconds tells the difference. For one thread.
class Window {
 public:
  struct Host {
    HostId host = 0;
    std::vector<StoredSeries> series;  // A handful, in order of arrival.

    // Null when there is none of the metric.
    [[nodiscard]] const StoredSeries* find(MetricId metric) const;

    // As Summary::expect(): all of its summaries are about to be read.
    static constexpr std::size_t kPieces = 1 + StoredSeries::kPieces;
    void expect(std::size_t piece) const noexcept {
      if (piece == 0) return prefetch(series.data());
      for (const StoredSeries& one : series) one.expect(piece - 1);
    }
  };

  explicit Window(Seconds start);
  ~Window();
  Window(Window&&) noexcept;
  Window& operator=(Window&&) noexcept;

  [[nodiscard]] Seconds start() const noexcept { return start_; }
  [[nodiscard]] const std::deque<Host>& hosts() const;
  // Calls use(host, metric) for every series. Unpacks nothing.
  void for_each_key(const std::function<void(HostId, MetricId)>& use) const;
  // How many there are of all hosts.
  [[nodiscard]] std::size_t series_count() const noexcept { return series_count_; }
  // Null when the host has no sample of the metric in this window.
  [[nodiscard]] const StoredSeries* find(HostId host, MetricId metric) const;
  // Bytes that this window takes unless it is packed, an estimate that errs high.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool is_packed() const noexcept { return index_ == nullptr; }

  // How many series a host's vector has room for when it has `count`. Doubling would leave a third
  // of all that the store takes unused.
  static constexpr std::size_t room_for(std::size_t count) {
    return count <= 16 ? (count + 1) / 2 * 2 : count + count / 4;
  }

 private:
  friend class WindowStore;
  struct Index;

  void merge(HostId host, MetricId metric, Summary&& summary);
  // The hosts at hand.
  Index& index() const;
  void pack();

  Seconds start_;
  std::size_t bytes_ = 0;
  std::size_t series_count_ = 0;
  bool is_changed_ = true;     // Since it was last stored.
  bool is_caught_up_ = false;  // Opened after its time; lives a horizon after its last sample.
  Timestamp last_merge_{};
  mutable bool is_used_ = true;           // Since pack_idle() last looked.
  bool is_idle_ = false;                  // It was not when pack_idle() last looked.
  mutable std::unique_ptr<Index> index_;  // Null while it is packed.
  mutable std::unique_ptr<PackedHosts> packed_;
};

struct WindowStoreOptions {
  std::chrono::seconds window{60};
  std::chrono::milliseconds grace{5000};
  std::chrono::seconds horizon{3600};
  std::chrono::seconds catch_up{24 * 3600};
  std::size_t bytes_max = std::size_t{256} << 20;
};

// All windows that may still be corrected. The only state of the aggregation, and nothing but the
// merge of all deltas: the same deltas in any order give the same store.
class WindowStore {
 public:
  // `now`: from here on the relay is alive, and windows that end later are its own to publish.
  WindowStore(const WindowStoreOptions& options, Timestamp now);

  // Whether a sample of the window that starts at `start` can still be taken in at `now`:
  // - within the horizon after the window's end;
  // - a window that is in the store all the same, having been opened late;
  // - up to catch_up back, a window that was never published because the relay was not alive.
  [[nodiscard]] bool accepts(Seconds start, Timestamp now) const;

  // Merges into the window, opening it if need be. Only if accepts(start, now).
  Window& merge(Seconds start, HostId host, MetricId metric, Summary&& summary, Timestamp now);

  [[nodiscard]] const Window* find(Seconds start) const;
  // By start, oldest first.
  [[nodiscard]] const std::map<Seconds, Window>& windows() const noexcept { return windows_; }

  // Windows that must go: those past their horizon and, while the store is above bytes_max, the
  // oldest. Never one that starts at or after `first_open`, whose time to be published has not
  // come.
  [[nodiscard]] std::vector<Seconds> leaving(Timestamp now, Seconds first_open) const;

  // Lets a window go, once everything of it has been published.
  void erase(Seconds start, Timestamp now);

  // Windows that start before are not opened any more.
  void cut_before(Seconds start) { cut_before_ = std::max(cut_before_, start); }

  // To be called with every tick. Packs windows that nobody has looked at for 15 to 30 s, four at a
  // time: of 20,000 hosts one takes some ten milliseconds. bytes() stays what it is, since a packed
  // window may be looked at in the next moment.
  void pack_idle(Timestamp now);

  // True of a window that is gone: what was published of it is its last word.
  [[nodiscard]] bool is_closed(Seconds start) const {
    return closed_.touches(start, end_of(start));
  }

  // The relay slept (a suspended machine, a clock that jumped): windows whose time to publish came
  // between `from` and `to` were not published and may be opened as after a restart.
  void note_gap(Timestamp from, Timestamp to);

  // All that counts into bytes_max.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + bytes_beside_; }
  // What is kept elsewhere for the sake of the windows, about as much for each, and goes with them.
  void set_bytes_beside(std::size_t bytes) noexcept { bytes_beside_ = bytes; }
  // Windows that start before were let go by bytes_max, or are not opened any more.
  [[nodiscard]] Seconds first_kept() const noexcept { return cut_before_; }
  // The clock was put back to `now`: windows that begin later may be opened again, since their time
  // comes again. Those that are gone and began before stay closed, although their horizon is before
  // them again: what would be published of them then is a part.
  void note_clock_put_back(Timestamp now);

  // For checkpoints: the store is what encode() and encode_window() of each of its windows wrote.
  // Starts of the windows that were merged into since the last call.
  [[nodiscard]] std::vector<Seconds> take_changed();
  // Everything but the windows.
  void encode(ByteWriter& writer) const;
  void decode(ByteReader& reader);
  // A window that is in the store.
  void encode_window(Seconds start, ByteWriter& writer) const;
  // `hosts`: how many there are; `keeps_distribution`: of each metric. Fails on one that is not, on
  // a summary of another kind than its metric's, and on a window that is there.
  void decode_window(ByteReader& reader, HostId hosts, const std::vector<bool>& keeps_distribution);

  // How far back a sample is still taken in: the horizon, or less when bytes_max has cut it.
  [[nodiscard]] std::chrono::seconds effective_horizon(Timestamp now) const;
  // Windows dropped before their horizon because of bytes_max, since the start.
  [[nodiscard]] std::uint64_t windows_cut() const noexcept { return windows_cut_; }

 private:
  struct Span {
    Timestamp from;
    Timestamp to;
  };

  [[nodiscard]] Seconds end_of(Seconds start) const { return start + options_.window; }
  [[nodiscard]] bool was_published(Seconds start) const;
  [[nodiscard]] bool is_past_horizon(const Window& window, Timestamp now) const;

  WindowStoreOptions options_;
  std::map<Seconds, Window> windows_;
  std::size_t bytes_ = 0;
  std::size_t bytes_beside_ = 0;
  Timestamp alive_since_;
  std::vector<Span> gaps_;  // While alive; those older than catch_up are forgotten.
  // Windows that were published and are gone: they must not be opened again.
  TimeRanges closed_;
  Seconds cut_before_{Seconds::min()};  // Windows that start before were cut by bytes_max.
  std::uint64_t windows_cut_ = 0;
  Seconds last_look_{};  // Of pack_idle() at which windows are used.
};

}  // namespace sluice

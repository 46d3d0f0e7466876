#include "sluice/aggregate/window_store.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

#include "sluice/base/check.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// What a series costs beside its sketch: its place in the vector, growth of the vector included.
constexpr std::size_t kSeriesBytes = sizeof(StoredSeries) * 3 / 2;
// What a host costs in a window: its place, its vector's block, its entry in the index.
constexpr std::size_t kHostBytes = sizeof(Window::Host) * 3 / 2 + 16 + 24;
constexpr std::size_t kWindowBytes = 512;

}  // namespace

struct Window::Index {
  std::vector<Host> hosts;
  absl::flat_hash_map<HostId, std::uint32_t> places;
};

Window::Window(Seconds start)
    : start_(start), bytes_(kWindowBytes), index_(std::make_unique<Index>()) {}
Window::~Window() = default;
Window::Window(Window&&) noexcept = default;
Window& Window::operator=(Window&&) noexcept = default;

const std::vector<Window::Host>& Window::hosts() const noexcept { return index_->hosts; }

const Summary* Window::find(HostId host, MetricId metric) const {
  const auto place = index_->places.find(host);
  if (place == index_->places.end()) return nullptr;
  const auto& series = index_->hosts[place->second].series;
  const auto found = std::ranges::find(series, metric, &StoredSeries::metric);
  return found == series.end() ? nullptr : &found->summary;
}

void Window::merge(HostId host, MetricId metric, Summary&& summary) {
  const auto [place, is_new] =
      index_->places.try_emplace(host, static_cast<std::uint32_t>(index_->hosts.size()));
  if (is_new) {
    index_->hosts.push_back({host, {}});
    bytes_ += kHostBytes;
  }
  auto& series = index_->hosts[place->second].series;
  const auto found = std::ranges::find(series, metric, &StoredSeries::metric);
  if (found == series.end()) {
    bytes_ += kSeriesBytes + summary.heap_bytes();
    series.push_back({metric, std::move(summary)});
    return;
  }
  const std::size_t before = found->summary.heap_bytes();
  found->summary.merge(summary);
  bytes_ += found->summary.heap_bytes() - before;
}

WindowStore::WindowStore(const WindowStoreOptions& options, Timestamp now)
    : options_(options), alive_since_(now) {}

bool WindowStore::accepts(Seconds start, Timestamp now) const {
  if (windows_.contains(start)) return true;
  if (start < cut_before_ || is_closed(start)) return false;
  if (end_of(start) + options_.horizon >= now) return true;
  return end_of(start) + options_.catch_up >= now && !was_published(start);
}

bool WindowStore::was_published(Seconds start) const {
  const Timestamp due = end_of(start) + options_.grace;
  if (due < alive_since_) return false;
  return std::ranges::none_of(gaps_,
                              [due](const Span& gap) { return gap.from < due && due <= gap.to; });
}

Window& WindowStore::merge(Seconds start, HostId host, MetricId metric, Summary&& summary,
                           Timestamp now) {
  const auto [place, is_new] = windows_.try_emplace(start, start);
  Window& window = place->second;
  if (is_new) window.is_caught_up_ = end_of(start) + options_.horizon < now;
  const std::size_t before = is_new ? 0 : window.bytes();
  window.is_changed_ = true;
  window.last_merge_ = std::max(window.last_merge_, now);
  window.merge(host, metric, std::move(summary));
  bytes_ += window.bytes() - before;
  return window;
}

const Window* WindowStore::find(Seconds start) const {
  const auto found = windows_.find(start);
  return found == windows_.end() ? nullptr : &found->second;
}

bool WindowStore::is_past_horizon(const Window& window, Timestamp now) const {
  const Timestamp last =
      window.is_caught_up_ ? window.last_merge_ : Timestamp(end_of(window.start()));
  return last + options_.horizon < now;
}

std::vector<Seconds> WindowStore::leaving(Timestamp now, Seconds first_open) const {
  std::vector<Seconds> starts;
  std::size_t bytes_left = bytes_;
  for (const auto& [start, window] : windows_) {
    if (start >= first_open) break;
    if (bytes_left <= options_.bytes_max && !is_past_horizon(window, now)) continue;
    bytes_left -= window.bytes();
    starts.push_back(start);
  }
  return starts;
}

void WindowStore::erase(Seconds start, Timestamp now) {
  const auto found = windows_.find(start);
  SLUICE_CHECK(found != windows_.end(), "only a window that is there can go");
  if (!is_past_horizon(found->second, now)) {
    ++windows_cut_;
    cut_before_ = std::max(cut_before_, start + options_.window);
  }
  bytes_ -= found->second.bytes();
  windows_.erase(found);
  const Seconds oldest = floor_to_seconds(now - options_.catch_up - options_.window);
  std::erase_if(gaps_, [oldest](const Span& gap) { return gap.to < oldest; });
  closed_.add(start, end_of(start));
}

void WindowStore::note_clock_put_back(Timestamp now) {
  const Seconds next = window_start(now, options_.window) + options_.window;
  closed_.cut_from(next);
  cut_before_ = std::min(cut_before_, next);
}

void WindowStore::note_gap(Timestamp from, Timestamp to) {
  SLUICE_CHECK(from <= to, "a gap ends after it began");
  gaps_.push_back({from, to});
}

std::vector<Seconds> WindowStore::take_changed() {
  std::vector<Seconds> changed;
  for (auto& [start, window] : windows_) {
    if (std::exchange(window.is_changed_, false)) changed.push_back(start);
  }
  return changed;
}

void WindowStore::encode(ByteWriter& writer) const {
  writer.put_time(alive_since_);
  writer.put_varint(gaps_.size());
  for (const Span& gap : gaps_) {
    writer.put_time(gap.from);
    writer.put_time(gap.to, gap.from);
  }
  closed_.encode(writer, alive_since_);
  const bool was_cut = cut_before_ != Seconds::min();
  writer.put_bool(was_cut);
  if (was_cut) writer.put_time(cut_before_);
}

void WindowStore::decode(ByteReader& reader) {
  alive_since_ = take_moment(reader);
  gaps_.resize(reader.take_count(2));
  for (Span& gap : gaps_) {
    gap.from = take_moment(reader);
    gap.to = take_moment(reader, gap.from);
    if (gap.to < gap.from) reader.fail();
  }
  closed_.decode(reader, alive_since_);
  if (reader.take_bool()) cut_before_ = floor_to_seconds(take_moment(reader));
}

void WindowStore::encode_window(Seconds start, ByteWriter& writer) const {
  const auto found = windows_.find(start);
  SLUICE_CHECK(found != windows_.end(), "only a window that is there can be stored");
  const Window& window = found->second;
  writer.put_byte(kValueEncodingVersion);
  writer.put_time(start);
  writer.put_bool(window.is_caught_up_);
  writer.put_time(window.last_merge_, start);
  writer.put_varint(window.hosts().size());
  for (const Window::Host& host : window.hosts()) {
    writer.put_varint(host.host);
    writer.put_varint(host.series.size());
    for (const StoredSeries& series : host.series) {
      writer.put_varint(series.metric);
      sluice::encode(series.summary, start, writer);
    }
  }
}

void WindowStore::decode_window(ByteReader& reader, HostId hosts,
                                const std::vector<bool>& keeps_distribution) {
  if (reader.take_byte() != kValueEncodingVersion) reader.fail();
  const Seconds start = floor_to_seconds(take_moment(reader));
  const bool is_caught_up = reader.take_bool();
  const Timestamp last_merge = take_moment(reader, start);
  const bool is_new = window_start(start, options_.window) == start && !windows_.contains(start);
  if (!is_new) reader.fail();
  for (std::size_t left = reader.take_count(3); left > 0 && reader.is_ok(); --left) {
    const HostId host = reader.take_varint32();
    if (host >= hosts) reader.fail();
    for (std::size_t series = reader.take_count(2); series > 0 && reader.is_ok(); --series) {
      const MetricId metric = reader.take_varint32();
      Summary summary = decode_summary(reader, start);
      const bool is_sound = metric < keeps_distribution.size() && summary.count() > 0 &&
                            (summary.sketch() != nullptr) == keeps_distribution[metric];
      if (!is_sound) reader.fail();
      if (reader.is_ok()) merge(start, host, metric, std::move(summary), last_merge);
    }
  }
  const auto window = windows_.find(start);
  if (!reader.is_at_end() || window == windows_.end()) return reader.fail();
  window->second.is_caught_up_ = is_caught_up;
  window->second.is_changed_ = false;
}

std::chrono::seconds WindowStore::effective_horizon(Timestamp now) const {
  if (cut_before_ == Seconds::min()) return options_.horizon;
  const auto reach = std::chrono::duration_cast<std::chrono::seconds>(now - cut_before_);
  return std::clamp(reach, std::chrono::seconds(0), options_.horizon);
}

}  // namespace sluice

#include "sluice/aggregate/window_store.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "aggregate/packed_hosts.h"
#include "sluice/base/check.h"
#include "sluice/values/value_encoding.h"

namespace sluice {
namespace {

// What the allocator takes for itself with each piece, on average.
constexpr std::size_t kPieceBytes = 16;
// What a host costs in a window: its place, its entry in the index, its vector's block.
constexpr std::size_t kHostBytes = sizeof(Window::Host) + 18 + kPieceBytes;
constexpr std::size_t kWindowBytes = 2048;

}  // namespace

StoredSeries::StoredSeries(MetricId metric, Seconds start, Summary&& summary)
    : metric_(metric & 0x7fffffffU),
      keeps_distribution_(summary.keeps_distribution() ? 1 : 0),
      value_(0) {
  hold(start, std::move(summary));
}

StoredSeries::~StoredSeries() {
  if (micros_ == kMany) delete many_;
}

StoredSeries::StoredSeries(StoredSeries&& other) noexcept
    : metric_(other.metric_),
      keeps_distribution_(other.keeps_distribution_),
      micros_(std::exchange(other.micros_, 0)) {
  if (micros_ == kMany) {
    many_ = other.many_;
  } else {
    value_ = other.value_;
  }
}

StoredSeries& StoredSeries::operator=(StoredSeries&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

// Whoever has come here owns nothing.
void StoredSeries::hold(Seconds start, Summary&& summary) {
  const auto since = summary.last_time() - start;
  const auto micros = std::chrono::floor<std::chrono::microseconds>(since);
  const bool is_short =
      summary.is_one_sample() && micros == since && micros.count() >= 0 && micros.count() < kMany;
  if (is_short) {
    micros_ = static_cast<std::uint32_t>(micros.count());
    value_ = summary.last();
  } else {
    micros_ = kMany;
    many_ = new Summary(std::move(summary));
  }
}

Summary StoredSeries::one_sample(Seconds start) const {
  Summary summary(keeps_distribution_ != 0);
  summary.add(value_, start + std::chrono::microseconds(micros_));
  return summary;
}

const Summary& StoredSeries::summary(Seconds start, Summary& room) const {
  if (micros_ == kMany) return *many_;
  room = one_sample(start);
  return room;
}

void StoredSeries::merge(Seconds start, const Summary& summary) {
  if (micros_ == kMany) return many_->merge(summary);
  Summary merged = one_sample(start);
  merged.merge(summary);
  hold(start, std::move(merged));
}

std::size_t StoredSeries::heap_bytes() const noexcept {
  return micros_ == kMany ? sizeof(Summary) + kPieceBytes + many_->heap_bytes() : 0;
}

struct Window::Index {
  std::deque<Host> hosts;
  absl::flat_hash_map<HostId, std::uint32_t> places;
};

Window::Window(Seconds start)
    : start_(start), bytes_(kWindowBytes), index_(std::make_unique<Index>()) {}
Window::~Window() = default;
Window::Window(Window&&) noexcept = default;
Window& Window::operator=(Window&&) noexcept = default;

Window::Index& Window::index() const {
  is_used_ = true;
  if (index_) return *index_;
  index_ = std::make_unique<Index>();
  index_->hosts = packed_->unpack(start_);
  packed_.reset();
  index_->places.reserve(index_->hosts.size());
  for (const Host& host : index_->hosts)
    index_->places.emplace(host.host, static_cast<std::uint32_t>(index_->places.size()));
  return *index_;
}

void Window::pack() {
  packed_ = std::make_unique<PackedHosts>(PackedHosts::pack(index_->hosts, start_));
  index_.reset();
}

const std::deque<Window::Host>& Window::hosts() const { return index().hosts; }

void Window::for_each_key(const std::function<void(HostId, MetricId)>& use) const {
  if (packed_) return packed_->for_each_key(use);
  for (const Host& host : index_->hosts) {
    for (const StoredSeries& series : host.series) use(host.host, series.metric());
  }
}

const StoredSeries* Window::Host::find(MetricId metric) const {
  const auto found = std::ranges::find(series, metric, &StoredSeries::metric);
  return found == series.end() ? nullptr : &*found;
}

const StoredSeries* Window::find(HostId host, MetricId metric) const {
  const Index& known = index();
  const auto place = known.places.find(host);
  return place == known.places.end() ? nullptr : known.hosts[place->second].find(metric);
}

void Window::merge(HostId host, MetricId metric, Summary&& summary) {
  Index& known = index();
  const auto [place, is_new] =
      known.places.try_emplace(host, static_cast<std::uint32_t>(known.hosts.size()));
  if (is_new) {
    known.hosts.push_back({host, {}});
    bytes_ += kHostBytes;
  }
  auto& series = known.hosts[place->second].series;
  const auto found = std::ranges::find(series, metric, &StoredSeries::metric);
  if (found != series.end()) {
    bytes_ -= found->heap_bytes();
    found->merge(start_, summary);
    bytes_ += found->heap_bytes();
    return;
  }
  const std::size_t count = series.size() + 1;
  if (series.capacity() < count) series.reserve(room_for(count));
  series.emplace_back(metric, start_, std::move(summary));
  bytes_ += series.back().heap_bytes();
  bytes_ += (room_for(count) - (count > 1 ? room_for(count - 1) : 0)) * sizeof(StoredSeries);
  ++series_count_;
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
  std::size_t bytes_left = bytes();
  const std::size_t beside = windows_.empty() ? 0 : bytes_beside_ / windows_.size();
  for (const auto& [start, window] : windows_) {
    if (start >= first_open) break;
    if (bytes_left <= options_.bytes_max && !is_past_horizon(window, now)) continue;
    bytes_left -= std::min(bytes_left, window.bytes() + beside);
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

void WindowStore::pack_idle(Timestamp now) {
  constexpr std::chrono::seconds kLookEvery{15};
  constexpr int kPackedAtOnce = 4;
  const Seconds look = window_start(now, kLookEvery);
  const bool is_look = std::exchange(last_look_, look) != look;
  int packed = 0;
  for (auto& [start, window] : windows_) {
    if (is_look) window.is_idle_ = !std::exchange(window.is_used_, false);
    if (!window.is_idle_ || window.is_used_ || window.is_packed() || packed == kPackedAtOnce)
      continue;
    window.pack();
    ++packed;
  }
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
  Summary room;
  for (const Window::Host& host : window.hosts()) {
    writer.put_varint(host.host);
    writer.put_varint(host.series.size());
    for (const StoredSeries& series : host.series) {
      writer.put_varint(series.metric());
      sluice::encode(series.summary(start, room), start, writer);
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
                            summary.keeps_distribution() == keeps_distribution[metric];
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

#include "sluice/aggregate/aggregator.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "sluice/base/prefetch.h"

namespace sluice {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
// The room for so many entries is kept from tick to tick; that for a backlog is given back.
constexpr std::size_t kEntriesKept = std::size_t{1} << 16;

template <std::size_t kSize>
constexpr std::array<std::uint32_t, kSize> make_filled(std::uint32_t value) {
  std::array<std::uint32_t, kSize> filled{};
  filled.fill(value);
  return filled;
}

// A host that was heard since the last tick, in two cache lines.
struct alignas(64) ActiveHost {
  std::uint32_t slot = 0;
  bool is_claimed = true;
  bool is_path_node = true;  // So far, in every sample.
  std::uint32_t entry_count = 0;
  Timestamp last_heard{};
  // Entry of the last sample of each metric, by the remainder of its number; checked before it is
  // believed. Nearly every sample finds its entry here, without a hash and its cache lines.
  std::array<std::uint32_t, 24> last_entries = make_filled<24>(kNone);
  std::uint32_t first_sign = kNone;  // Place in `signs`.
};
static_assert(sizeof(ActiveHost) == 128);

// One per presence and window of a host, a handful.
struct HeardSign {
  Delta::Sign sign;
  std::uint32_t next = kNone;  // Of the same host.
};

struct alignas(64) Entry {
  std::uint32_t host = 0;  // Place among the active hosts.
  Delta::Entry entry;
};
static_assert(sizeof(Entry) == 64);  // One cache line.

// Numbers of the metrics that samples point to: a map, and in front of it places that metrics take
// from each other, where nearly all are found without a hash.
class MetricNumbers {
 public:
  // kNone when it was not put.
  [[nodiscard]] std::uint32_t find(const Metric* metric) noexcept {
    Place& place = places_[index_of(metric)];
    if (place.metric == metric) return place.number;
    const auto known = numbers_.find(metric);
    if (known == numbers_.end()) return kNone;
    place = {metric, known->second};
    return place.number;
  }
  void put(const Metric* metric, std::uint32_t number) { numbers_.emplace(metric, number); }
  void clear() noexcept {
    places_.fill({});
    numbers_.clear();
  }

 private:
  struct Place {
    const Metric* metric = nullptr;
    std::uint32_t number = kNone;
  };
  static constexpr std::size_t kPlaces = 64;

  static std::size_t index_of(const Metric* metric) noexcept {
    constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
    return reinterpret_cast<std::uintptr_t>(metric) * kFactor >> 58;
  }

  std::array<Place, kPlaces> places_{};
  absl::flat_hash_map<const Metric*, std::uint32_t> numbers_;
};

struct EntryKey {
  std::uint32_t host;  // Place among the active hosts.
  std::uint32_t metric;
  Seconds::rep window;
  bool is_claimed;

  friend bool operator==(const EntryKey&, const EntryKey&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const EntryKey& key) {
    return H::combine(std::move(hash), key.host, key.metric, key.window, key.is_claimed);
  }
};

}  // namespace

struct Aggregator::State {
  explicit State(const AggregatorOptions& chosen) : options(chosen) {}

  ActiveHost& active_host(std::string_view name, HostPlace& known, std::uint32_t& place);
  [[nodiscard]] const ActiveHost* known_host(const HostPlace& place) const noexcept;
  [[nodiscard]] std::uint32_t last_entry(const Sample& sample, const HostPlace& place) noexcept;
  Seconds window_of(Timestamp time) noexcept;
  Delta::Entry* entry_of(const Sample& sample, std::uint32_t host_place);
  Delta::Entry* find_entry(const Sample& sample, const EntryKey& key);
  std::uint32_t metric_number(const Metric& metric);
  std::uint32_t name_metric(const Metric& metric);
  std::uint32_t rule_number(std::uint32_t rule);
  std::uint32_t presence_number(std::string_view name);

  AggregatorOptions options;
  std::vector<std::string> hosts;
  std::vector<std::uint32_t> active_places;  // Of each in `hosts` among the active; or kNone.
  std::uint32_t generation = 1;              // Of `hosts`.
  StringMap<std::uint32_t> host_slots;       // Name to place in `hosts`.
  MetricNumbers metric_numbers;
  std::vector<std::string> rule_names;
  std::vector<std::uint32_t> rule_numbers;  // Place in `rules` by Sample::rule, or kNone.

  // Since the last tick.
  std::vector<ActiveHost> active;
  std::vector<HeardSign> signs;
  std::vector<Metric> metrics;
  StringMap<std::uint32_t> metric_names;
  std::vector<std::string> rules;
  std::vector<std::string> presences;
  std::vector<Entry> entries;
  absl::flat_hash_map<EntryKey, std::uint32_t> entry_places;
  std::uint64_t sample_count = 0;
  Seconds last_window{};         // The epoch begins a window, whatever their length.
  std::uint32_t last_found = 0;  // Place in `entries` of what find_entry() found.
};

Aggregator::Aggregator(const AggregatorOptions& options)
    : state_(std::make_unique<State>(options)) {}
Aggregator::~Aggregator() = default;

bool Aggregator::add(const Sample& sample, Timestamp now) {
  HostPlace unknown;
  return add(sample, now, unknown);
}

bool Aggregator::add(const Sample& sample, Timestamp now, HostPlace& place_of_host) {
  if (sample.weight == 0) return true;
  State& state = *state_;
  std::uint32_t host_place = 0;
  ActiveHost& host = state.active_host(sample.host, place_of_host, host_place);
  if (!sample.is_claimed) {
    host.is_claimed = false;
    host.last_heard = now;
  }
  host.is_path_node = host.is_path_node && sample.is_path_node;
  Delta::Entry* const entry = state.entry_of(sample, host_place);
  if (entry == nullptr) return false;
  entry->summary.add(sample.value, sample.time, sample.weight);
  state.sample_count += sample.weight;
  return true;
}

void Aggregator::expect(const HostPlace& place) const noexcept {
  const ActiveHost* const host = state_->known_host(place);
  if (host == nullptr) return;
  prefetch(host, sizeof *host);
}

std::uint32_t Aggregator::expect(const Sample& sample, const HostPlace& place) noexcept {
  const std::uint32_t entry = state_->last_entry(sample, place);
  if (entry != kNone) prefetch(&state_->entries[entry]);
  return entry;
}

void Aggregator::expect(std::uint32_t entry, std::size_t piece) const noexcept {
  if (entry != kNone) state_->entries[entry].entry.summary.expect(piece);
}

void Aggregator::hear(std::string_view host, std::string_view presence, Timestamp time,
                      Timestamp now, bool is_path_node) {
  HostPlace unknown;
  hear(host, presence, time, now, unknown, is_path_node);
}

void Aggregator::hear(std::string_view host, std::string_view presence, Timestamp time,
                      Timestamp now, HostPlace& place_of_host, bool is_path_node) {
  std::uint32_t place = 0;
  ActiveHost& active = state_->active_host(host, place_of_host, place);
  active.is_claimed = false;
  active.is_path_node = active.is_path_node && is_path_node;
  active.last_heard = now;
  if (presence.empty()) return;
  const std::uint32_t number = state_->presence_number(presence);
  const Seconds window = state_->window_of(time);
  for (std::uint32_t at = active.first_sign; at != kNone; at = state_->signs[at].next) {
    Delta::Sign& sign = state_->signs[at].sign;
    if (sign.presence != number || sign.last < window ||
        sign.last >= window + state_->options.window) {
      continue;
    }
    sign.last = std::max(sign.last, time);
    return;
  }
  state_->signs.push_back({{.presence = number, .last = time}, active.first_sign});
  active.first_sign = static_cast<std::uint32_t>(state_->signs.size() - 1);
}

void Aggregator::set_rule_names(std::vector<std::string> names) {
  state_->rule_names = std::move(names);
  state_->rule_numbers.assign(state_->rule_names.size(), kNone);
}

Delta Aggregator::take_delta() {
  State& state = *state_;
  state.entry_places.clear();  // Before the delta takes as much memory.
  Delta delta;
  delta.sample_count = std::exchange(state.sample_count, 0);
  delta.metrics = std::exchange(state.metrics, {});
  delta.rules = std::exchange(state.rules, {});
  delta.presences = std::exchange(state.presences, {});
  std::ranges::fill(state.rule_numbers, kNone);
  delta.hosts.resize(state.active.size());
  for (std::size_t i = 0; i < state.active.size(); ++i) {
    ActiveHost& active = state.active[i];
    state.active_places[active.slot] = kNone;
    delta.hosts[i].name = state.hosts[active.slot];
    delta.hosts[i].last_heard = active.last_heard;
    delta.hosts[i].is_claimed = active.is_claimed;
    delta.hosts[i].is_path_node = active.is_path_node;
    for (std::uint32_t at = active.first_sign; at != kNone; at = state.signs[at].next) {
      delta.hosts[i].signs.push_back(state.signs[at].sign);
    }
    std::ranges::reverse(delta.hosts[i].signs);  // In the order in which they came.
    delta.hosts[i].entries.reserve(active.entry_count);
  }
  for (Entry& entry : state.entries)
    delta.hosts[entry.host].entries.push_back(std::move(entry.entry));
  state.active.clear();
  state.signs.clear();
  state.entries.clear();
  if (state.entries.capacity() > kEntriesKept) state.entries.shrink_to_fit();
  state.metric_names.clear();
  state.metric_numbers.clear();
  if (state.hosts.size() > state.options.hosts_max) {
    state.hosts.clear();
    state.active_places.clear();
    state.host_slots.clear();
    ++state.generation;
  }
  return delta;
}

std::uint64_t Aggregator::pending_samples() const noexcept { return state_->sample_count; }

std::size_t Aggregator::entry_count() const noexcept { return state_->entries.size(); }

void Aggregator::forget_metrics() { state_->metric_numbers.clear(); }

ActiveHost& Aggregator::State::active_host(std::string_view name, HostPlace& known,
                                           std::uint32_t& place) {
  if (known.generation != generation) {
    auto found = host_slots.find(name);
    if (found == host_slots.end()) {
      found = host_slots.emplace(name, static_cast<std::uint32_t>(hosts.size())).first;
      hosts.emplace_back(name);
      active_places.push_back(kNone);
    }
    known = {found->second, generation};
  }
  place = active_places[known.slot];
  if (place == kNone) {
    place = static_cast<std::uint32_t>(active.size());
    active_places[known.slot] = place;
    active.push_back({.slot = known.slot});
  }
  return active[place];
}

// Null of a host that was not heard since the last tick.
const ActiveHost* Aggregator::State::known_host(const HostPlace& place) const noexcept {
  if (place.generation != generation) return nullptr;
  const std::uint32_t found = active_places[place.slot];
  return found == kNone ? nullptr : &active[found];
}

// Where the sample most probably belongs, or kNone.
std::uint32_t Aggregator::State::last_entry(const Sample& sample, const HostPlace& place) noexcept {
  const ActiveHost* const host = known_host(place);
  const std::uint32_t metric = metric_numbers.find(sample.metric);
  if (host == nullptr || metric == kNone) return kNone;
  return host->last_entries[metric % host->last_entries.size()];
}

std::uint32_t Aggregator::State::rule_number(std::uint32_t rule) {
  static constexpr std::string_view kNameless;
  const bool is_named = rule < rule_numbers.size();
  if (is_named && rule_numbers[rule] != kNone) return rule_numbers[rule];
  const std::string_view name = is_named ? std::string_view(rule_names[rule]) : kNameless;
  // By name: a reload within the tick numbers the rules anew.
  const auto known = std::ranges::find(rules, name);
  const auto number = static_cast<std::uint32_t>(known - rules.begin());
  if (known == rules.end()) rules.emplace_back(name);
  if (is_named) rule_numbers[rule] = number;
  return number;
}

std::uint32_t Aggregator::State::presence_number(std::string_view name) {
  const auto known = std::ranges::find(presences, name);  // A handful.
  const auto number = static_cast<std::uint32_t>(known - presences.begin());
  if (known == presences.end()) presences.emplace_back(name);
  return number;
}

// Samples come in runs of one window, and a division costs more than all else that is needed.
Seconds Aggregator::State::window_of(Timestamp time) noexcept {
  if (time < last_window || time >= last_window + options.window) {
    last_window = window_start(time, options.window);
  }
  return last_window;
}

// The entry of the sample's series and window; null when there is no room for a new one.
Delta::Entry* Aggregator::State::entry_of(const Sample& sample, std::uint32_t host_place) {
  const EntryKey key{host_place, metric_number(*sample.metric),
                     window_of(sample.time).time_since_epoch().count(), sample.is_claimed};
  auto& last_entries = active[host_place].last_entries;
  std::uint32_t& last = last_entries[key.metric % last_entries.size()];
  if (last != kNone) {
    Entry& known = entries[last];
    if (known.entry.metric == key.metric && known.entry.is_claimed == key.is_claimed &&
        known.entry.window.time_since_epoch().count() == key.window) {
      return &known.entry;
    }
  }
  Delta::Entry* const found = find_entry(sample, key);
  if (found != nullptr) last = last_found;
  return found;
}

// The same by the table of all entries; sets `last_found`.
Delta::Entry* Aggregator::State::find_entry(const Sample& sample, const EntryKey& key) {
  const auto [place, is_new] =
      entry_places.try_emplace(key, static_cast<std::uint32_t>(entries.size()));
  last_found = place->second;
  if (!is_new) return &entries[last_found].entry;
  if (entries.size() >= options.entries_max) {
    entry_places.erase(place);
    return nullptr;
  }
  ++active[key.host].entry_count;
  entries.push_back({key.host,
                     {.metric = key.metric,
                      .window = Seconds(std::chrono::seconds(key.window)),
                      .is_claimed = key.is_claimed,
                      .rule = rule_number(sample.rule),
                      .summary = Summary(has_quantiles(sample.metric->type))}});
  return &entries[last_found].entry;
}

std::uint32_t Aggregator::State::metric_number(const Metric& metric) {
  const std::uint32_t known = metric_numbers.find(&metric);
  return known != kNone ? known : name_metric(metric);
}

// Metrics of one name and type are one metric, whichever rule and rule set they come from. Of two
// types with one name the publisher takes the one it knows.
std::uint32_t Aggregator::State::name_metric(const Metric& metric) {
  std::string identity = metric.name;
  identity += '\0';
  identity += name_of(metric.type);
  const auto [named, is_new] =
      metric_names.try_emplace(std::move(identity), static_cast<std::uint32_t>(metrics.size()));
  if (is_new) metrics.push_back(metric);
  metric_numbers.put(&metric, named->second);
  return named->second;
}

}  // namespace sluice

#include "sluice/aggregate/aggregator.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/string_map.h"

namespace sluice {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

struct HostSlot {
  std::string name;
  std::uint32_t place = kNone;  // Among the hosts of this tick.
};

// A host that was heard since the last tick.
struct ActiveHost {
  std::uint32_t slot = 0;
  Timestamp last_heard{};
  bool is_claimed = true;
  bool is_path_node = true;  // So far, in every sample.
  std::uint32_t entry_count = 0;
  std::vector<Delta::Sign> signs;  // One per presence and window, a handful.
};

struct Entry {
  std::uint32_t host = 0;  // Place among the active hosts.
  Delta::Entry entry;
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
  std::uint32_t metric_number(const Metric& metric);
  std::uint32_t rule_number(std::uint32_t rule);
  std::uint32_t presence_number(std::string_view name);

  AggregatorOptions options;
  std::vector<HostSlot> hosts;
  std::uint32_t generation = 1;         // Of `hosts`.
  StringMap<std::uint32_t> host_slots;  // Name to place in `hosts`.
  absl::flat_hash_map<const Metric*, std::uint32_t> metric_numbers;
  std::vector<std::string> rule_names;
  std::vector<std::uint32_t> rule_numbers;  // Place in `rules` by Sample::rule, or kNone.

  // Since the last tick.
  std::vector<ActiveHost> active;
  std::vector<Metric> metrics;
  StringMap<std::uint32_t> metric_names;
  std::vector<std::string> rules;
  std::vector<std::string> presences;
  std::vector<Entry> entries;
  absl::flat_hash_map<EntryKey, std::uint32_t> entry_places;
  std::uint64_t sample_count = 0;
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
  const std::uint32_t metric = state.metric_number(*sample.metric);
  const Seconds window = window_start(sample.time, state.options.window);
  const EntryKey key{host_place, metric, window.time_since_epoch().count(), sample.is_claimed};
  const auto [place, is_new] =
      state.entry_places.try_emplace(key, static_cast<std::uint32_t>(state.entries.size()));
  if (is_new) {
    if (state.entries.size() >= state.options.entries_max) {
      state.entry_places.erase(place);
      return false;
    }
    ++host.entry_count;
    state.entries.push_back({host_place,
                             {.metric = metric,
                              .window = window,
                              .is_claimed = sample.is_claimed,
                              .rule = state.rule_number(sample.rule),
                              .summary = Summary(has_quantiles(sample.metric->type))}});
  }
  state.entries[place->second].entry.summary.add(sample.value, sample.time, sample.weight);
  state.sample_count += sample.weight;
  return true;
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
  const Seconds window = window_start(time, state_->options.window);
  const auto known = std::ranges::find_if(active.signs, [&](const Delta::Sign& sign) {
    return sign.presence == number && window_start(sign.last, state_->options.window) == window;
  });
  if (known == active.signs.end()) {
    active.signs.push_back({.presence = number, .last = time});
  } else {
    known->last = std::max(known->last, time);
  }
}

void Aggregator::set_rule_names(std::vector<std::string> names) {
  state_->rule_names = std::move(names);
  state_->rule_numbers.assign(state_->rule_names.size(), kNone);
}

Delta Aggregator::take_delta() {
  State& state = *state_;
  Delta delta;
  delta.sample_count = std::exchange(state.sample_count, 0);
  delta.metrics = std::exchange(state.metrics, {});
  delta.rules = std::exchange(state.rules, {});
  delta.presences = std::exchange(state.presences, {});
  std::ranges::fill(state.rule_numbers, kNone);
  delta.hosts.resize(state.active.size());
  for (std::size_t i = 0; i < state.active.size(); ++i) {
    ActiveHost& active = state.active[i];
    HostSlot& slot = state.hosts[active.slot];
    slot.place = kNone;
    delta.hosts[i].name = slot.name;
    delta.hosts[i].last_heard = active.last_heard;
    delta.hosts[i].is_claimed = active.is_claimed;
    delta.hosts[i].is_path_node = active.is_path_node;
    delta.hosts[i].signs = std::move(active.signs);
    delta.hosts[i].entries.reserve(active.entry_count);
  }
  for (Entry& entry : state.entries)
    delta.hosts[entry.host].entries.push_back(std::move(entry.entry));
  state.active.clear();
  state.entries.clear();
  state.entry_places.clear();
  state.metric_names.clear();
  state.metric_numbers.clear();
  if (state.hosts.size() > state.options.hosts_max) {
    state.hosts.clear();
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
      hosts.push_back({std::string(name), kNone});
    }
    known = {found->second, generation};
  }
  HostSlot& slot = hosts[known.slot];
  if (slot.place == kNone) {
    slot.place = static_cast<std::uint32_t>(active.size());
    active.push_back({.slot = known.slot});
  }
  place = slot.place;
  return active[place];
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

// Metrics of one name and type are one metric, whichever rule and rule set they come from. Of two
// types with one name the publisher takes the one it knows.
std::uint32_t Aggregator::State::metric_number(const Metric& metric) {
  if (const auto found = metric_numbers.find(&metric); found != metric_numbers.end())
    return found->second;
  std::string identity = metric.name;
  identity += '\0';
  identity += name_of(metric.type);
  const auto [named, is_new] =
      metric_names.try_emplace(std::move(identity), static_cast<std::uint32_t>(metrics.size()));
  if (is_new) metrics.push_back(metric);
  metric_numbers.emplace(&metric, named->second);
  return named->second;
}

}  // namespace sluice

#include "sluice/pipeline/unmatched.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/string_map.h"
#include "pipeline/shared_report.h"
#include "sluice/values/plain_text.h"
#include "sluice/values/shape.h"

namespace sluice {
namespace {

// One key of the two; neither holds a NUL once folded.
void make_key(std::string_view program, std::string_view shape, std::string& key) {
  key.assign(program);
  key += '\0';
  key += shape;
}

}  // namespace

struct UnmatchedTally::State {
  StringMap<std::size_t> places;  // Index of the row by key.
  std::vector<UnmatchedReport::Row> rows;
  // Scratch.
  std::string shape;
  std::string key;
};

UnmatchedTally::UnmatchedTally() : UnmatchedTally(Options{}) {}
UnmatchedTally::UnmatchedTally(const Options& options)
    : options_(options), state_(std::make_unique<State>()) {}
UnmatchedTally::~UnmatchedTally() = default;

// False when there is no room for its shape.
bool UnmatchedTally::fold(std::string_view program, std::string_view text, std::string_view host,
                          Timestamp now) {
  State& state = *state_;
  ++folded_;
  program = program.substr(0, UnmatchedReport::kProgramOctetsMax);
  fold_shape(text, {.host = host, .paths = true}, state.shape);
  make_key(program, state.shape, state.key);
  if (const auto known = state.places.find(state.key); known != state.places.end()) {
    UnmatchedReport::Row& row = state.rows[known->second];
    ++row.count;
    row.last = std::max(row.last, now);
    return true;
  }
  if (state.rows.size() >= options_.shapes_max) return false;
  state.places.emplace(state.key, state.rows.size());
  state.rows.push_back({.program = plain_text(program, UnmatchedReport::kProgramOctetsMax),
                        .shape = state.shape,
                        .count = 1,
                        .sample = plain_text(text, UnmatchedReport::kSampleOctetsMax),
                        .host = plain_text(host, UnmatchedReport::kHostOctetsMax),
                        .last = now});
  return true;
}

UnmatchedReport UnmatchedTally::take() {
  state_->places.clear();
  folded_ = 0;
  return {.lines = std::exchange(lines_, 0),
          .other = std::exchange(other_, 0),
          .rows = std::exchange(state_->rows, {})};
}

struct UnmatchedTable::State {
  // What a row inherited of the one that it took the place of.
  struct Entry {
    UnmatchedReport::Row row;
    std::uint64_t inherited = 0;
    [[nodiscard]] std::uint64_t weight() const noexcept { return row.count + inherited; }
  };

  void add(UnmatchedReport::Row row);
  void renew(Entry& entry, UnmatchedReport::Row row);

  std::size_t shapes_max = 0;
  StringMap<std::size_t> places;  // Index of the entry by key.
  std::vector<Entry> entries;
  std::uint64_t lines = 0;
  std::uint64_t other = 0;
  SharedReport<UnmatchedReport> shared;
  std::string key;
};

UnmatchedTable::UnmatchedTable(std::size_t shapes_max) : state_(std::make_unique<State>()) {
  state_->shapes_max = std::max<std::size_t>(shapes_max, 1);
}
UnmatchedTable::~UnmatchedTable() = default;

void UnmatchedTable::add(UnmatchedReport report) {
  if (report.lines == 0) return;
  state_->lines += report.lines;
  state_->other += report.other;
  for (UnmatchedReport::Row& row : report.rows) state_->add(std::move(row));
  state_->shared.touch();
}

void UnmatchedTable::State::add(UnmatchedReport::Row row) {
  make_key(row.program, row.shape, key);
  if (const auto known = places.find(key); known != places.end()) {
    return renew(entries[known->second], std::move(row));
  }
  if (entries.size() < shapes_max) {
    places.emplace(key, entries.size());
    entries.push_back({.row = std::move(row)});
    return;
  }
  Entry& least = *std::ranges::min_element(entries, {}, &Entry::weight);
  other += least.row.count;  // Nobody will see them by their shape any more.
  const auto place = static_cast<std::size_t>(&least - entries.data());
  std::string old;
  make_key(least.row.program, least.row.shape, old);
  places.erase(old);
  places.emplace(key, place);
  least = Entry{.row = std::move(row), .inherited = least.weight()};
}

// The newest line is the best sample: its host may still have it in its log.
void UnmatchedTable::State::renew(Entry& entry, UnmatchedReport::Row row) {
  entry.row.count += row.count;
  if (row.last < entry.row.last) return;
  entry.row.last = row.last;
  entry.row.sample = std::move(row.sample);
  entry.row.host = std::move(row.host);
}

UnmatchedReport UnmatchedTable::snapshot() const {
  UnmatchedReport report{.lines = state_->lines, .other = state_->other, .rows = {}};
  report.rows.reserve(state_->entries.size());
  for (const State::Entry& entry : state_->entries) report.rows.push_back(entry.row);
  std::ranges::sort(report.rows, [](const auto& a, const auto& b) {
    return std::tie(b.count, a.program, a.shape) < std::tie(a.count, b.program, b.shape);
  });
  return report;
}

std::shared_ptr<const UnmatchedReport> UnmatchedTable::shared_snapshot(Timestamp now) {
  return state_->shared.at(now, [this] { return snapshot(); });
}

}  // namespace sluice

#include "app/state_keeper.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "sluice/base/check.h"
#include "sluice/values/byte_encoding.h"
#include "sluice/values/delta_encoding.h"

namespace sluice {
namespace {

std::string encode(const StateChange& change) {
  ByteWriter writer;
  writer.put_text(change.host);
  writer.put_varint(change.deltas.size());
  for (const Delta& delta : change.deltas) writer.put_text(encode_delta(delta));
  if (change.kind == StateChange::Kind::kClusters) change.clusters->encode(writer);
  if (change.kind == StateChange::Kind::kWindow) writer.put_signed(change.window.count());
  return writer.take();
}

Expected<StateChange> decode(const JournalRow& row) {
  const bool is_known = row.kind >= static_cast<std::uint8_t>(StateChange::Kind::kTick) &&
                        row.kind <= static_cast<std::uint8_t>(StateChange::Kind::kWindow);
  if (!is_known) return fail("a change of an unknown kind");
  StateChange change{.kind = static_cast<StateChange::Kind>(row.kind), .time = row.time};
  ByteReader reader(row.bytes);
  change.host = reader.take_text();
  const std::size_t count = reader.take_count(1);
  for (std::size_t i = 0; i < count; ++i) {
    auto delta = decode_delta(reader.take_text());
    if (!delta) return std::unexpected(std::move(delta).error());
    change.deltas.push_back(std::move(*delta));
  }
  if (change.kind == StateChange::Kind::kClusters) {
    auto clusters = ClusterMap::decode(reader);
    if (!clusters) return std::unexpected(std::move(clusters).error());
    change.clusters = std::move(*clusters);
  }
  if (change.kind == StateChange::Kind::kWindow) {
    change.window = std::chrono::seconds(reader.take_signed());
    if (change.window.count() <= 0) reader.fail();
  }
  if (!reader.is_at_end()) return fail("a change that cannot be read");
  return change;
}

// Where changes count from when the journal gives nothing: above all that a spool may hold which
// cannot be read yet, since no life makes a million changes a second.
std::uint64_t blind_sequence(Timestamp now) {
  constexpr unsigned kMillion = 20;  // 2^20.
  const std::int64_t seconds = floor_to_seconds(now).time_since_epoch().count();
  return seconds > 0 ? static_cast<std::uint64_t>(seconds) << kMillion : 0;
}

}  // namespace

bool apply(StateChange change, Publisher& publisher, std::vector<Datapoint>& datapoints) {
  for (Delta& delta : change.deltas) publisher.merge(std::move(delta), change.time);
  switch (change.kind) {
    case StateChange::Kind::kTick:
      publisher.tick(change.time, datapoints);
      return true;
    case StateChange::Kind::kFlush:
      publisher.flush(change.time, datapoints);
      return true;
    case StateChange::Kind::kForget:
      return publisher.forget(change.host);
    case StateChange::Kind::kResume:
      publisher.resume(change.time);
      return true;
    case StateChange::Kind::kClusters:
      publisher.set_clusters(std::move(change.clusters));
      return true;
    case StateChange::Kind::kWindow:
      if (publisher.window() == change.window) return true;
      publisher.flush(change.time, datapoints);
      publisher.change_window(change.window);
      return true;
  }
  SLUICE_CHECK(false, "every kind of change is made");
}

// A copy of the state, on its way to the journal.
struct StateKeeper::Checkpoint {
  // `with_all`: all windows of `publisher`, else those that changed since the last checkpoint.
  Checkpoint(Publisher& publisher, std::uint64_t last_sequence, bool with_all)
      : sequence(last_sequence), living(publisher.windows()) {
    ByteWriter writer;
    publisher.encode_state(writer);
    state = writer.take();
    const std::vector<Seconds> changed = publisher.take_changed_windows();
    for (const Seconds start : with_all ? living : changed) {
      publisher.encode_window(start, writer);
      windows.emplace_back(start, writer.take());
    }
  }

  bool write(Journal& journal, Timestamp now) const {
    std::vector<JournalWindow> views;
    for (const auto& [start, bytes] : windows) views.push_back({start, bytes});
    return journal.checkpoint(
        {.sequence = sequence, .state = state, .windows = views, .living = living}, now);
  }

  std::uint64_t sequence;
  std::string state;
  std::vector<std::pair<Seconds, std::string>> windows;
  std::vector<Seconds> living;
};

StateKeeper::StateKeeper(StoreThread& thread, Options options, BeforeForgetting before_forgetting,
                         Timestamp now)
    : thread_(thread),
      options_(std::move(options)),
      before_forgetting_(std::move(before_forgetting)),
      journal_(options_.journal, now) {
  note(look());
}

std::unique_ptr<Publisher> StateKeeper::restore(const Makers& makers, const OnReplayed& on_replayed,
                                                Timestamp now) {
  auto loaded = load(makers, on_replayed);
  if (is_left_) {
    journal_.leave_unread();
    next_sequence_ = std::max(journal_.last_sequence(), options_.sequence_floor) + 1;
    note(look());
    return nullptr;
  }
  // What is half made is of no use; none of it may be published.
  if (!loaded) journal_.set_aside(loaded.error().message(), now);
  const bool is_loaded = loaded && *loaded;
  past_.is_known = is_loaded;
  std::unique_ptr<Publisher> publisher = is_loaded ? std::move(*loaded) : makers.fresh();
  std::uint64_t last = std::max(journal_.last_sequence(), options_.sequence_floor);
  if (!is_loaded) last = std::max(last, blind_sequence(now));
  next_sequence_ = last + 1;
  last_made_ = journal_.last_sequence();
  if (journal_.needs_checkpoint()) {
    const Checkpoint all(*publisher, journal_.last_sequence(), true);
    needs_all_windows_ = !all.write(journal_, now);
  } else {
    needs_all_windows_ = false;
  }
  note(look());
  return publisher;
}

// Null when there is no checkpoint.
Expected<std::unique_ptr<Publisher>> StateKeeper::load(const Makers& makers,
                                                       const OnReplayed& on_replayed) {
  std::string state;
  std::vector<std::string> windows;
  std::unique_ptr<Publisher> publisher;
  const auto build = [&]() -> Expected<void> {
    if (publisher) return {};
    auto restored = makers.restored(state, windows);
    if (!restored) return std::unexpected(std::move(restored).error());
    publisher = std::move(*restored);
    publisher->set_silent(true);
    past_.end = publisher->last_change();
    return {};
  };
  const auto found = journal_.load({
      .take_state = [&](std::string_view bytes) -> Expected<void> {
        state = bytes;
        return {};
      },
      .take_window = [&](const JournalWindow& window) -> Expected<void> {
        windows.emplace_back(window.bytes);
        return {};
      },
      .take_row = [&](const JournalRow& row) -> Expected<void> {
        if (auto built = build(); !built) return built;
        auto change = decode(row);
        if (!change) return std::unexpected(std::move(change).error());
        publisher->set_silent(row.sequence <= options_.delivered);
        std::vector<Datapoint> datapoints;
        past_.was_stopped = change->kind == StateChange::Kind::kFlush;
        past_.end = change->time;
        ++past_.changes;
        apply(std::move(*change), *publisher, datapoints);
        is_left_ = !on_replayed(row.sequence, std::move(datapoints));
        if (is_left_) return fail("the relay stops");
        return {};
      },
  });
  if (!found) return std::unexpected(found.error());
  if (!*found) return nullptr;
  if (auto built = build(); !built) return std::unexpected(std::move(built).error());
  publisher->set_silent(false);
  return publisher;
}

void StateKeeper::commit(StateChange change,
                         std::move_only_function<void(StateChange, std::uint64_t)> then) {
  const std::uint64_t sequence = next_sequence_++;
  auto shared = std::make_shared<StateChange>(std::move(change));
  const auto standing = std::make_shared<Standing>();
  thread_.run(
      [this, sequence, shared, standing] {
        const std::string bytes = encode(*shared);
        const JournalRow row{.sequence = sequence,
                             .time = shared->time,
                             .kind = static_cast<std::uint8_t>(shared->kind),
                             .bytes = bytes};
        journal_.append({&row, 1}, shared->time);
        *standing = look();
      },
      [this, sequence, shared, standing, then = std::move(then)]() mutable {
        note(std::move(*standing));
        last_made_ = sequence;
        then(std::move(*shared), sequence);
      });
}

void StateKeeper::save_if_due(Publisher& publisher, Timestamp now) {
  if (is_saving_ || !standing_.has_disk) return;
  const std::uint64_t bound = std::clamp<std::uint64_t>(
      publisher.store().bytes(), options_.rows_bytes_min, options_.rows_bytes_max);
  if (!standing_.needs_checkpoint && standing_.rows_bytes <= bound) return;
  is_saving_ = true;
  const bool with_all = needs_all_windows_ || standing_.needs_checkpoint;
  const auto checkpoint = std::make_shared<const Checkpoint>(publisher, last_made_, with_all);
  const auto standing = std::make_shared<Standing>();
  const auto is_done = std::make_shared<bool>(false);
  before_forgetting_();
  thread_.run(
      [this, checkpoint, standing, is_done, now] {
        *is_done = checkpoint->write(journal_, now);
        *standing = look();
      },
      [this, checkpoint, standing, is_done] {
        is_saving_ = false;
        needs_all_windows_ = !*is_done;
        note(std::move(*standing));
      });
}

std::vector<Notice> StateKeeper::take_notices() { return std::exchange(standing_.notices, {}); }

StateKeeper::Standing StateKeeper::look() {
  return {.stats = journal_.stats(),
          .has_disk = journal_.has_disk(),
          .needs_checkpoint = journal_.needs_checkpoint(),
          .rows_bytes = journal_.bytes(),
          .notices = journal_.take_notices()};
}

void StateKeeper::note(Standing standing) {
  std::vector<Notice> notices = take_notices();
  std::ranges::move(standing.notices, std::back_inserter(notices));
  standing_ = std::move(standing);
  standing_.notices = std::move(notices);
}

}  // namespace sluice

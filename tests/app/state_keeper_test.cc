#include "app/state_keeper.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/test_loop.h"
#include "pipeline/relay.h"
#include "store/scratch_folder.h"

namespace sluice {
namespace {

constexpr std::uint64_t kBlindStart = std::uint64_t{kStart} << 20;

const Metric kRuns{.name = "r",
                   .type = MetricType::kCounter,
                   .host_stats = {Stat::kCount},
                   .cluster_stats = {Stat::kCount}};

// One life of a relay: its journal, and the publisher as the journal gave it. Ends like a kill -9
// once everything that was committed is on disk.
class Life {
 public:
  // `rows_max`: after so many rows the relay is stopped, and knows nothing.
  explicit Life(StateKeeper::Options options, double second = kStart, int rows_max = 1'000'000)
      : store_(loop_.get()),
        keeper_(
            store_, std::move(options), [] {}, sluice::at(second)),
        clusters_(*ClusterMap::make({}, {})) {
    const Timestamp now = sluice::at(second);
    publisher_ = keeper_.restore(
        {.fresh =
             [&] {
               return std::make_unique<Publisher>(PublisherOptions{}, *Paths::make({}), clusters_,
                                                  now);
             },
         .restored =
             [&](std::string_view state, std::span<const std::string> windows) {
               return Publisher::restore({}, *Paths::make({}), state, windows);
             }},
        [&](std::uint64_t, std::vector<Datapoint>&& datapoints) {
          restored_count_ += datapoints.size();
          return --rows_max > 0;
        },
        now);
  }

  // Commits it; it is made when settle() has come to it. `then` is called after that.
  void commit(StateChange change, std::function<void()> then = {}) {
    keeper_.commit(std::move(change),
                   [this, then = std::move(then)](StateChange made, std::uint64_t sequence) {
                     last_sequence_ = sequence;
                     std::vector<Datapoint> datapoints;
                     if (publisher_) apply(std::move(made), *publisher_, datapoints);
                     for (const Datapoint& one : datapoints)
                       carbon_[{one.path, one.time.time_since_epoch().count()}] = one.value;
                     if (then) then();
                   });
  }
  void settle() {
    REQUIRE(loop_.run_until([&] { return store_.pending() == 0; }));
  }

  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  // What the last datapoint of the path and window said, of those published in this life.
  [[nodiscard]] std::optional<double> value(const std::string& path, std::int64_t start) const {
    const auto found = carbon_.find({path, start});
    return found == carbon_.end() ? std::nullopt : std::optional(found->second);
  }
  // Datapoints of changes that were made again.
  [[nodiscard]] std::size_t restored_count() const { return restored_count_; }
  [[nodiscard]] bool is_restored() const { return publisher_ != nullptr; }
  StateKeeper& keeper() { return keeper_; }
  Publisher& publisher() { return *publisher_; }

 private:
  TestLoop loop_;
  StoreThread store_;
  StateKeeper keeper_;
  std::shared_ptr<const ClusterMap> clusters_;
  std::unique_ptr<Publisher> publisher_;
  std::uint64_t last_sequence_ = 0;
  std::size_t restored_count_ = 0;
  std::map<std::pair<std::string, std::int64_t>, double> carbon_;
};

// A tick at `second` that brings one run of the host.
StateChange tick_of(const std::string& host, double second) {
  Aggregator aggregator({});
  REQUIRE(
      aggregator.add({.metric = &kRuns, .host = host, .value = 1, .time = at(second)}, at(second)));
  StateChange change{
      .kind = StateChange::Kind::kTick, .time = at(second), .deltas = {}, .host = {}};
  change.deltas.push_back(aggregator.take_delta());
  return change;
}

StateChange forgetting(const std::string& host, double second) {
  return {.kind = StateChange::Kind::kForget, .time = at(second), .deltas = {}, .host = host};
}

// What sequence the first change of a life gets that begins at `second`.
std::uint64_t first_sequence(const std::string& file, std::uint64_t sequence_floor,
                             std::int64_t second = kStart) {
  Life life({.journal = {.file = file}, .sequence_floor = sequence_floor},
            static_cast<double>(second));
  life.commit({.kind = StateChange::Kind::kTick,
               .time = at(static_cast<double>(second)),
               .deltas = {},
               .host = {}});
  life.settle();
  return life.last_sequence();
}

}  // namespace

TEST_CASE("a change has a greater sequence than every one before, whatever became of the journal",
          "[app]") {
  ScratchFolder folder;
  const std::string file = folder.file("journal.db");
  const std::uint64_t first = first_sequence(file, 0);
  CHECK(first > kBlindStart);
  CHECK(first_sequence(file, 0) == first + 1);
  SECTION("a journal older than what the spools hold") {
    CHECK(first_sequence(file, first + 500) == first + 501);
    CHECK(first_sequence(file, 0) == first + 502);
  }
  SECTION("a journal that is gone, and spools that are there") {
    std::filesystem::remove(file);
    CHECK(first_sequence(file, first + 500, kStart - 3600) == first + 501);
  }
  SECTION("a journal that is gone, and spools that cannot be read yet") {
    std::filesystem::remove(file);
    CHECK(first_sequence(file, 0, kStart + 60) > first + 500);
  }
  SECTION("a journal that cannot be opened") {
    CHECK(first_sequence("/nowhere/journal.db", first) > first);
  }
}

TEST_CASE("a checkpoint keeps the changes that are committed and not made yet", "[app]") {
  ScratchFolder folder;
  // So small that a checkpoint is due after every change.
  const StateKeeper::Options options{
      .journal = {.file = folder.file("journal.db")}, .rows_bytes_min = 1, .rows_bytes_max = 1};
  {
    Life life(options);
    life.commit(tick_of("web1", kStart + 1));
    life.settle();
    life.commit(tick_of("web2", kStart + 2), [&] {
      REQUIRE(life.publisher().host_count() == 2);  // The order to forget is not carried out yet.
      life.keeper().save_if_due(life.publisher(), at(kStart + 2));
    });
    life.commit(forgetting("web1", kStart + 2));
    life.settle();
    REQUIRE(life.publisher().host_count() == 1);
    REQUIRE(life.keeper().stats().checkpoints == 2);  // The first one made the file.
  }
  Life next(options, kStart + 3);
  CHECK(next.publisher().host_count() == 1);
}

TEST_CASE("what windows were opened with is in the journal: maps, gaps and their length", "[app]") {
  ScratchFolder folder;
  StateKeeper::Options options{.journal = {.file = folder.file("journal.db")}};
  if (GENERATE(false, true)) options.rows_bytes_min = options.rows_bytes_max = 1;
  ClusterMapDefinition map;
  map.entries = {{"web1", "moved", {}}};
  const auto moved = *ClusterMap::make(map, {});
  const auto save = [](Life& life, double second) {
    life.settle();
    life.keeper().save_if_due(life.publisher(), at(second));
    life.settle();
  };
  {
    Life life(options);
    life.commit(tick_of("web1", kStart + 1));
    save(life, kStart + 1);
    life.commit({.kind = StateChange::Kind::kClusters, .time = at(kStart + 2), .clusters = moved});
    life.commit(tick_of("web1", kStart + 62));
    save(life, kStart + 62);
  }
  {
    Life life(options, kStart + 80);
    CHECK(life.keeper().past().is_known);
    CHECK_FALSE(life.keeper().past().was_stopped);
    CHECK(life.keeper().past().end == at(kStart + 62));
    life.commit({.kind = StateChange::Kind::kResume, .time = at(kStart + 80)});
    for (int second = 81; second < 190; ++second)
      life.commit({.kind = StateChange::Kind::kTick, .time = at(kStart + second)});
    life.settle();
    // Both were open when the last life ended: each is published under the map it was opened with.
    CHECK(life.value("sluice.hosts.other.web1.r.count", kStart) == 1);
    CHECK(life.value("sluice.hosts.moved.web1.r.count", kStart + 60) == 1);
    StateChange late = tick_of("web1", kStart + 3);  // Of the window under the old map.
    late.time = at(kStart + 191);
    life.commit(std::move(late));
    life.commit({.kind = StateChange::Kind::kTick, .time = at(kStart + 195)});
    life.settle();
    CHECK(life.value("sluice.hosts.other.web1.r.count", kStart) == 2);
    CHECK(life.value("sluice.hosts.moved.web1.r.count", kStart) == std::nullopt);
    CHECK(life.value("sluice.all.r.count", kStart + 120) == 0);
    life.commit({.kind = StateChange::Kind::kWindow,
                 .time = at(kStart + 195),
                 .window = std::chrono::seconds(30)});
    life.commit({.kind = StateChange::Kind::kFlush, .time = at(kStart + 200)});
    save(life, kStart + 200);
  }
  Life life(options, kStart + 300);
  CHECK(life.publisher().window() == std::chrono::seconds(30));
  CHECK(life.publisher().clusters().cluster_of("web1").cluster == "moved");
  CHECK(life.publisher().host_count() == 1);
}

TEST_CASE("changes whose datapoints are delivered are made again without them", "[app]") {
  ScratchFolder folder;
  StateKeeper::Options options{.journal = {.file = folder.file("journal.db")}};
  std::uint64_t last = 0;
  {
    Life life(options);
    life.commit(tick_of("web1", kStart + 1));
    life.commit(tick_of("web1", kStart + 66));
    life.settle();
    last = life.last_sequence();
    life.commit(tick_of("web1", kStart + 126));
    life.settle();
    REQUIRE(life.value("sluice.all.r.count", kStart) == 1);
    REQUIRE(life.value("sluice.all.r.count", kStart + 60) == 1);
  }
  CHECK(Life(options, kStart + 130).restored_count() == 6);
  options.delivered = last;
  CHECK(Life(options, kStart + 130).restored_count() == 3);
  options.delivered = last + 1;
  Life life(options, kStart + 130);
  CHECK(life.restored_count() == 0);
  life.commit(tick_of("web1", kStart + 131));
  life.commit({.kind = StateChange::Kind::kTick, .time = at(kStart + 190)});
  life.settle();
  CHECK(life.value("sluice.all.r.count", kStart + 120) == 2);
}

TEST_CASE("a relay that is stopped while it reads its journal loses nothing", "[app]") {
  ScratchFolder folder;
  const StateKeeper::Options options{.journal = {.file = folder.file("journal.db")}};
  {
    Life life(options);
    for (int second = 1; second < 10; ++second)
      life.commit(tick_of("web" + std::to_string(second), kStart + second));
    life.settle();
  }
  {
    Life life(options, kStart + 20, 3);
    REQUIRE_FALSE(life.is_restored());
    StateChange last = tick_of("db1", kStart + 20);
    last.kind = StateChange::Kind::kFlush;
    life.commit(std::move(last));
    life.settle();
    CHECK(life.keeper().stats().appends == 1);
  }
  Life life(options, kStart + 30);
  CHECK(life.publisher().host_count() == 10);
  CHECK(life.keeper().past().was_stopped);
  CHECK(life.keeper().past().end == at(kStart + 20));
}

}  // namespace sluice

#include "app/state_keeper.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
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
  explicit Life(StateKeeper::Options options, double second = kStart)
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
               return Publisher::restore({}, *Paths::make({}), clusters_, state, windows);
             }},
        [](std::uint64_t, std::vector<Datapoint>&&) {}, now);
    REQUIRE(publisher_);
  }

  // Commits it; it is made when settle() has come to it. `then` is called after that.
  void commit(StateChange change, std::function<void()> then = {}) {
    keeper_.commit(std::move(change),
                   [this, then = std::move(then)](StateChange made, std::uint64_t sequence) {
                     last_sequence_ = sequence;
                     std::vector<Datapoint> datapoints;
                     apply(std::move(made), *publisher_, datapoints);
                     if (then) then();
                   });
  }
  void settle() {
    REQUIRE(loop_.run_until([&] { return store_.pending() == 0; }));
  }

  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  StateKeeper& keeper() { return keeper_; }
  Publisher& publisher() { return *publisher_; }

 private:
  TestLoop loop_;
  StoreThread store_;
  StateKeeper keeper_;
  std::shared_ptr<const ClusterMap> clusters_;
  std::unique_ptr<Publisher> publisher_;
  std::uint64_t last_sequence_ = 0;
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

}  // namespace sluice

#include "app/state_keeper.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>

#include "net/test_loop.h"
#include "pipeline/relay.h"
#include "store/scratch_folder.h"

namespace sluice {
namespace {

constexpr std::uint64_t kBlindStart = std::uint64_t{kStart} << 20;

// One life of a relay at the moment `second`: what sequence its first change gets.
std::uint64_t first_sequence(const std::string& file, std::uint64_t sequence_floor,
                             std::int64_t second = kStart) {
  TestLoop loop;
  StoreThread store(loop.get());
  const Timestamp now = at(static_cast<double>(second));
  StateKeeper keeper(
      store, {.journal = {.file = file}, .sequence_floor = sequence_floor}, [] {}, now);
  const auto clusters = *ClusterMap::make({}, {});
  const auto publisher = keeper.restore(
      {.fresh =
           [&] {
             return std::make_unique<Publisher>(PublisherOptions{}, *Paths::make({}), clusters,
                                                now);
           },
       .restored =
           [&](std::string_view state, std::span<const std::string> windows) {
             return Publisher::restore({}, *Paths::make({}), clusters, state, windows);
           }},
      [](std::uint64_t, std::vector<Datapoint>&&) {}, now);
  REQUIRE(publisher);
  std::uint64_t first = 0;
  keeper.commit({.kind = StateChange::Kind::kTick, .time = now, .deltas = {}, .host = {}},
                [&](StateChange, std::uint64_t sequence) { first = sequence; });
  REQUIRE(loop.run_until([&] { return store.pending() == 0; }));
  return first;
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

}  // namespace sluice

#include "app/async_spool.h"

#include <utility>

#include "app/log.h"

namespace sluice {
namespace {

Timestamp wall_clock() { return std::chrono::system_clock::now(); }

// How many datapoints more wait for a replay after it than before.
std::uint64_t replay_counted(Spool& spool, Timestamp now) {
  const std::uint64_t before = spool.stats().replay_waiting;
  spool.replay(now);
  return spool.stats().replay_waiting - before;
}

}  // namespace

AsyncSpool::AsyncSpool(StoreThread& store, SpoolOptions options, Replayed opened)
    : store_(store), spool_(std::make_shared<std::optional<Spool>>()) {
  store_.run([spool = spool_, options = std::move(options)]() mutable {
    spool->emplace(std::move(options), wall_clock());
  });
  run([](Spool& spool, Answer& answer) { answer.replayed = replay_counted(spool, wall_clock()); },
      [this, opened = std::move(opened)](Answer& answer) {
        is_open_ = true;
        opened(answer.replayed);
      });
}

// The store's thread closes the file, behind every job that was given.
AsyncSpool::~AsyncSpool() {
  store_.run([spool = std::move(spool_)]() mutable { spool.reset(); });
}

void AsyncSpool::put(Datapoints datapoints, std::uint64_t sequence, Then then) {
  const std::uint64_t count = datapoints->size();
  on_the_way_ += count;
  run([datapoints = std::move(datapoints), sequence](Spool& spool,
                                                     Answer&) { spool.put(*datapoints, sequence); },
      [this, count, then = std::move(then)](Answer&) {
        on_the_way_ -= count;
        if (then) then();
      });
}

void AsyncSpool::take(Which first, std::optional<Which> second, Took took) {
  run(
      [first, second](Spool& spool, Answer& answer) {
        answer.batch = spool.take(wall_clock(), first);
        if (!answer.batch && second) answer.batch = spool.take(wall_clock(), *second);
      },
      [took = std::move(took)](Answer& answer) { took(std::move(answer.batch)); });
}

void AsyncSpool::acknowledge(Then then) {
  run([](Spool& spool, Answer&) { spool.acknowledge(wall_clock()); }, std::move(then));
}

void AsyncSpool::count_unconfirmed(Then then) {
  run([](Spool& spool, Answer&) { spool.count_unconfirmed(wall_clock()); }, std::move(then));
}

void AsyncSpool::give_back(Then then) {
  run([](Spool& spool, Answer&) { spool.give_back(); }, std::move(then));
}

void AsyncSpool::set_options(SpoolOptions options) {
  run([options = std::move(options)](Spool& spool, Answer&) { spool.set_options(options); },
      Then{});
}

void AsyncSpool::replay(Replayed replayed) {
  run([](Spool& spool, Answer& answer) { answer.replayed = replay_counted(spool, wall_clock()); },
      [replayed = std::move(replayed)](Answer& answer) { replayed(answer.replayed); });
}

void AsyncSpool::sync(Then then) {
  run([](Spool& spool, Answer&) { spool.sync(); }, std::move(then));
}

void AsyncSpool::tick(Then then) {
  run([](Spool& spool, Answer&) { spool.tick(wall_clock()); }, std::move(then));
}

bool AsyncSpool::is_empty() const noexcept {
  return is_open_ && on_the_way_ == 0 && stats_.waiting == 0 && stats_.in_flight == 0 &&
         stats_.replay_waiting == 0 && stats_.replay_in_flight == 0;
}

void AsyncSpool::run(Operation operation, Then then) {
  run(std::move(operation), Answered([then = std::move(then)](Answer&) {
        if (then) then();
      }));
}

void AsyncSpool::run(Operation operation, Answered answered) {
  auto answer = std::make_shared<Answer>();
  store_.run(
      [spool = spool_, answer, operation = std::move(operation)] {
        operation(**spool, *answer);
        answer->stats = (*spool)->stats();
        answer->last_sequence = (*spool)->last_sequence();
        answer->notices = (*spool)->take_notices();
      },
      [this, alive = std::weak_ptr(alive_), answer, answered = std::move(answered)] {
        if (alive.expired()) return;
        learn(*answer);
        answered(*answer);
      });
}

void AsyncSpool::learn(Answer& answer) {
  stats_ = answer.stats;
  last_sequence_ = answer.last_sequence;
  for (const Notice& notice : answer.notices) say(notice);
}

}  // namespace sluice

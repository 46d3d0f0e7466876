#include "app/confirmation.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

constexpr std::uint64_t kProbe = Confirmation::kProbeEveryMs;

// A destination that was judged at the time 0.
Confirmation judged() {
  Confirmation confirmation;
  for (unsigned i = 0; i < Confirmation::kUnansweredMax; ++i) {
    CHECK(confirmation.next(0) == AwaitEnd::kFully);
    CHECK(confirmation.unanswered() == (i + 1 == Confirmation::kUnansweredMax));
  }
  return confirmation;
}

}  // namespace

TEST_CASE("a destination that answers is waited for, however late it was once", "[app]") {
  Confirmation confirmation;
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(confirmation.unanswered());
    CHECK_FALSE(confirmation.unanswered());
    CHECK_FALSE(confirmation.acknowledged());
    CHECK(confirmation.next(0) == AwaitEnd::kFully);
  }
}

TEST_CASE("several unanswered batches in a row make a destination unconfirmed", "[app]") {
  Confirmation confirmation = judged();
  CHECK(confirmation.is_unconfirmed());
  CHECK(confirmation.next(1) == AwaitEnd::kBriefly);
  CHECK(confirmation.unanswered());
}

TEST_CASE("another failure begins the count anew", "[app]") {
  Confirmation confirmation;
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(confirmation.unanswered());
    CHECK_FALSE(confirmation.unanswered());
    confirmation.failed();
  }
  CHECK_FALSE(confirmation.is_unconfirmed());
}

TEST_CASE("one that has answered is taken for slow, not for mute, much longer", "[app]") {
  Confirmation confirmation;
  confirmation.acknowledged();
  for (unsigned i = 1; i < Confirmation::kUnansweredAfterAnswerMax; ++i)
    CHECK_FALSE(confirmation.unanswered());
  CHECK(confirmation.unanswered());
}

TEST_CASE("an answer is asked for from time to time, and at once after a failure", "[app]") {
  Confirmation confirmation = judged();
  CHECK(confirmation.next(kProbe - 1) == AwaitEnd::kBriefly);
  CHECK(confirmation.next(kProbe) == AwaitEnd::kFully);
  CHECK(confirmation.next(kProbe + 1) == AwaitEnd::kBriefly);
  CHECK(confirmation.next(2 * kProbe) == AwaitEnd::kFully);
  confirmation.failed();
  CHECK(confirmation.next(2 * kProbe + 1) == AwaitEnd::kFully);
  CHECK(confirmation.is_unconfirmed());
}

TEST_CASE("one answer ends it", "[app]") {
  Confirmation confirmation = judged();
  CHECK(confirmation.acknowledged());
  CHECK_FALSE(confirmation.is_unconfirmed());
  CHECK(confirmation.next(1) == AwaitEnd::kFully);
  CHECK_FALSE(confirmation.acknowledged());
}

}  // namespace sluice

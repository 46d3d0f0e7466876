#include "pipeline/last_book.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sluice {
namespace {

using std::chrono::seconds;

Timestamp at_second(int second) { return Timestamp(seconds(second)); }
Seconds end_at(int second) { return Seconds(seconds(second)); }

// What is known of owner 1 on track 0 as of `end`, or -1.
double known(const LastBook& book, int end) {
  const LastEvent* event = book.last_before(0, 1, end_at(end));
  return event == nullptr ? -1 : event->value;
}

}  // namespace

TEST_CASE("a book knows what came last as of the end of each window", "[pipeline]") {
  LastBook book(seconds(60));
  book.note(0, 1, {at_second(130), 3});
  book.note(0, 1, {at_second(10), 1});
  book.note(0, 1, {at_second(70), 2});
  CHECK(known(book, 0) == -1);
  CHECK(known(book, 60) == 1);
  CHECK(known(book, 120) == 2);
  CHECK(known(book, 180) == 3);
  CHECK(known(book, 6000) == 3);
  CHECK(book.last_before(0, 2, end_at(60)) == nullptr);
  CHECK(book.last_before(1, 1, end_at(60)) == nullptr);
}

TEST_CASE("of one window the latest event counts, of equally late ones the greatest",
          "[pipeline]") {
  LastBook book(seconds(60));
  CHECK(book.note(0, 1, {at_second(20), 5}).is_change);
  CHECK_FALSE(book.note(0, 1, {at_second(10), 9}).is_change);
  CHECK(book.note(0, 1, {at_second(20), 6}).is_change);
  CHECK_FALSE(book.note(0, 1, {at_second(20), 6}).is_change);
  CHECK(known(book, 60) == 6);
  book.note(0, 1, {at_second(80), 0});
  CHECK(book.note(0, 1, {at_second(30), 7}).is_change);
  CHECK_FALSE(book.note(0, 1, {at_second(29), 8}).is_change);
  CHECK(known(book, 60) == 7);
}

TEST_CASE("an event that comes late changes the windows up to the next event", "[pipeline]") {
  LastBook book(seconds(60));
  const auto first = book.note(0, 1, {at_second(200), 1});
  CHECK_FALSE(first.next);
  CHECK(first.first_before == Seconds::max());
  const auto late = book.note(0, 1, {at_second(70), 1});
  CHECK(late.next == end_at(180));
  CHECK(late.first_before == end_at(180));
  const auto between = book.note(0, 1, {at_second(130), 1});
  CHECK(between.next == end_at(180));
  CHECK_FALSE(between.first_before);
  CHECK(book.note(0, 1, {at_second(10), 1}).next == end_at(60));
  CHECK_FALSE(book.note(0, 1, {at_second(250), 1}).next);
  CHECK(book.first_window(0) == end_at(0));
}

TEST_CASE("what no window needs any more is forgotten, and who is gone", "[pipeline]") {
  LastBook book(seconds(60));
  for (const int second : {10, 70, 130, 190}) book.note(0, 1, {at_second(second), 1.0 * second});
  book.note(0, 2, {at_second(10), 4});
  book.note(0, 3, {at_second(10), 5});
  book.prune(end_at(130), [](std::uint32_t owner, const LastEvent&) { return owner == 2; });
  CHECK(known(book, 120) == 70);
  CHECK(known(book, 60) == -1);
  CHECK(book.last_before(0, 2, end_at(300)) == nullptr);
  CHECK(book.last_before(0, 3, end_at(300))->value == 5);
  book.erase(3);
  CHECK(book.last_before(0, 3, end_at(300)) == nullptr);
  book.prune(end_at(6000), [](std::uint32_t, const LastEvent&) { return false; });
  CHECK(known(book, 6000) == 190);
}

TEST_CASE("owners come in the order of their ranks, also after one has come or gone",
          "[pipeline]") {
  LastBook book(seconds(60));
  for (const std::uint32_t owner : {0U, 1U, 2U}) book.note(0, owner, {at_second(5), 1.0 * owner});
  const auto owners = [&book](std::vector<std::uint32_t> ranks, std::uint64_t version) {
    std::vector<std::uint32_t> found;
    book.for_each_in_order(0, end_at(60), ranks, version,
                           [&](std::uint32_t owner, const LastEvent&) { found.push_back(owner); });
    return found;
  };
  CHECK(owners({2, 0, 1, 3}, 1) == std::vector<std::uint32_t>{1, 2, 0});
  book.note(0, 3, {at_second(5), 1});
  CHECK(owners({2, 0, 1, 3}, 1) == std::vector<std::uint32_t>{1, 2, 0, 3});
  CHECK(owners({0, 1, 2, 3}, 2) == std::vector<std::uint32_t>{0, 1, 2, 3});
  book.erase(0);
  CHECK(owners({0, 1, 2, 3}, 2) == std::vector<std::uint32_t>{1, 2, 3});
}

}  // namespace sluice

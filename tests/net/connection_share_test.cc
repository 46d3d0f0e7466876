#include "net/connection_share.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sluice {
namespace {

// Members that note what they are given.
struct Members {
  explicit Members(std::size_t count) : given(count) {
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(share.join([this, i](int fd) {
        if (!are_willing) return false;
        given[i].push_back(fd);
        return true;
      }) == i);
    }
  }

  ConnectionShare share;
  std::vector<std::vector<int>> given;
  bool are_willing = true;
};

using Given = std::vector<std::vector<int>>;

TEST_CASE("connections that one member accepts are dealt out evenly", "[net]") {
  Members members(3);
  int kept = 0;
  for (int fd = 0; fd < 6; ++fd) kept += members.share.pass_on(0, fd) ? 0 : 1;
  CHECK(kept == 2);
  CHECK(members.given == Given{{}, {1, 4}, {2, 5}});
}

TEST_CASE("a member keeps what it accepts while it has no more than others", "[net]") {
  Members members(2);
  CHECK_FALSE(members.share.pass_on(0, 1));
  CHECK_FALSE(members.share.pass_on(1, 2));
  CHECK(members.given == Given{{}, {}});
}

TEST_CASE("whose connections end is given the next", "[net]") {
  Members members(2);
  CHECK_FALSE(members.share.pass_on(0, 1));
  CHECK(members.share.pass_on(0, 2));
  members.share.count_end(1);
  CHECK(members.share.pass_on(0, 3));
  members.share.count_end(0);
  members.share.count_end(1);
  CHECK_FALSE(members.share.pass_on(0, 4));
}

TEST_CASE("who has left, or does not want a connection, is given none", "[net]") {
  Members members(2);
  CHECK_FALSE(members.share.pass_on(0, 1));
  members.are_willing = false;
  CHECK_FALSE(members.share.pass_on(0, 2));
  members.are_willing = true;
  members.share.leave(1);
  CHECK_FALSE(members.share.pass_on(0, 3));
  CHECK(members.given == Given{{}, {}});
}

}  // namespace
}  // namespace sluice

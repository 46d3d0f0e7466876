#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace sluice {

// Deals the connections of one address out to the listeners of several threads. The kernel deals
// them by a hash of addresses and ports, which gives one of two threads six of eight; here each
// connection that was accepted goes to whoever has the fewest. For any thread.
class ConnectionShare {
 public:
  // Takes over the connection (duplicates `fd`), or returns false. Called in the thread that has
  // accepted it.
  using Take = std::function<bool(int fd)>;

  // A listener takes part; returns the number it is known by.
  [[nodiscard]] std::size_t join(Take take);
  // It is given no more, and `take` is not called again.
  void leave(std::size_t member);

  // `member` has accepted a connection. True when another member, which had fewer, has taken it;
  // else it is counted as the member's own.
  [[nodiscard]] bool pass_on(std::size_t member, int fd);
  // A connection of the member has ended.
  void count_end(std::size_t member);

 private:
  struct Member {
    Take take;  // Empty when it has left.
    std::size_t connections = 0;
  };

  std::mutex mutex_;
  std::vector<Member> members_;
};

}  // namespace sluice

#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "net/carbon_dialer.h"
#include "sluice/values/datapoint.h"

namespace sluice {

struct CarbonClientOptions {
  std::string host;  // Name or address; looked up again at each connect.
  std::uint16_t port = 2003;
  // Of the look-up, and again of each address of the name until one answers.
  std::chrono::milliseconds connect_timeout{5000};
  // From the half-close to the peer's EOF, and before that for the kernel to take the whole batch.
  std::chrono::milliseconds ack_timeout{30000};
};

// How long a batch waits for the peer's EOF once the peer's kernel has taken all of it.
enum class AwaitEnd : std::uint8_t {
  kFully,    // ack_timeout.
  kBriefly,  // A moment, for a receiver that never closes: the kernel's word has to do.
};

// Acknowledged, or why not. kUnanswered: the peer's kernel has taken every octet and our FIN, and
// nothing else is known.
using SendOutcome = std::expected<void, CarbonFailure>;

class CarbonAttempt;

// Sends batches to a carbon receiver, one at a time, each over a connection of its own, and tells
// which were taken: the batch is written, our side is shut down, and a clean EOF with SIOCOUTQ at 0
// when it is read proves that the peer took every octet and our FIN before it closed. Anything else
// (refused, reset, EOF with octets unsent, time out) proves nothing, and the batch must be sent
// again; whisper keeps the last value of a slot, so sending twice changes nothing.
class CarbonClient {
 public:
  // Called once per send(), from the loop; never from within send(). On failure `error` says what
  // happened, for people. The batch is handed back in both cases. May call send() again, or destroy
  // the client.
  using Done = std::function<void(Batch batch, SendOutcome outcome)>;

  CarbonClient(uv_loop_t* loop, CarbonClientOptions options, Done done);
  ~CarbonClient();  // A batch in flight is dropped without a callback.
  CarbonClient(const CarbonClient&) = delete;
  CarbonClient& operator=(const CarbonClient&) = delete;

  // Starts sending. Only when is_idle().
  void send(Batch batch, AwaitEnd await = AwaitEnd::kFully);

  [[nodiscard]] bool is_idle() const noexcept;

 private:
  void finish(Batch batch, SendOutcome outcome);

  uv_loop_t* loop_;
  CarbonClientOptions options_;
  Done done_;
  std::unique_ptr<CarbonAttempt> attempt_;  // One per batch; null when idle.
};

}  // namespace sluice

#include "net/carbon_client.h"

#include <utility>

#include "net/carbon_attempt.h"
#include "sluice/base/check.h"

namespace sluice {

CarbonClient::CarbonClient(uv_loop_t* loop, CarbonClientOptions options, Done done)
    : loop_(loop), options_(std::move(options)), done_(std::move(done)) {}

CarbonClient::~CarbonClient() = default;

bool CarbonClient::is_idle() const noexcept { return attempt_ == nullptr; }

void CarbonClient::send(Batch batch, AwaitEnd await) {
  SLUICE_CHECK(is_idle(), "one batch is in flight at a time");
  attempt_ = std::make_unique<CarbonAttempt>(
      loop_, options_, std::move(batch), await,
      [this](Batch sent, SendOutcome outcome) { finish(std::move(sent), std::move(outcome)); });
}

void CarbonClient::finish(Batch batch, SendOutcome outcome) {
  attempt_.reset();
  const Done done = done_;  // The callee may destroy us, and done_ with us.
  done(std::move(batch), std::move(outcome));
}

}  // namespace sluice

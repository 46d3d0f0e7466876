#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/setup.h"
#include "http/status_server.h"
#include "sluice/base/error.h"

namespace sluice {

// Explains texts for the status server's threads, with the rules and the cluster map that the relay
// runs with, beside the relay: nothing is counted or kept.
class TextExplainer {
 public:
  // From the control loop, at the start and when rules or map have changed.
  void take(const Setup& setup);

  // From any thread. Objects as `explain --json` prints them, one a message.
  [[nodiscard]] Expected<std::vector<std::string>> explain(const ExplainRequest& request) const;

 private:
  struct Rules;

  std::atomic<std::shared_ptr<const Rules>> rules_;
};

}  // namespace sluice

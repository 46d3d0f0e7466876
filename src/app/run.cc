#include <csignal>
#include <utility>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/freed_memory.h"
#include "app/log.h"
#include "app/stop_guard.h"

namespace sluice {

int run_command(const RunOptions& options) {
  FreedMemory::keep();
  open_log();
  auto setup = load_setup(options.setup);
  if (!setup) {
    say_start_failed(setup.error().message());
    return kExitUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): cannot fail for this signal.
  // A limit on the size of files (LimitFSIZE=) is then an error like that of a full disk.
  std::signal(SIGXFSZ, SIG_IGN);  // NOLINT(cert-err33-c): as above.
  for (const std::string& warning : setup->warnings) say(LogId::kConfigDoubtful, "{}", warning);
  StopGuard guard(setup->config.shutdown_timeout);  // Before any thread.
  Daemon daemon(std::move(*setup), {.setup = options.setup, .print = options.print}, guard);
  if (auto started = daemon.start(); !started) {
    say_start_failed(started.error().message());
    return kExitFailure;
  }
  daemon.run();
  return kExitDone;
}

}  // namespace sluice

#include <malloc.h>

#include <csignal>
#include <utility>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/log.h"
#include "app/stop_guard.h"

namespace sluice {
namespace {

// Every tick frees what the next one needs again. By default glibc gives each thread an arena that
// grows and shrinks by pages, a system call and a page fault each: a tenth of what publishing cost.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kMiB = 1024 * 1024;
  mallopt(M_ARENA_MAX, 1);  // The ingest threads hardly allocate, so nobody waits for its lock.
  mallopt(M_TOP_PAD, 4 * kMiB);
  mallopt(M_TRIM_THRESHOLD, 32 * kMiB);
  mallopt(M_MMAP_THRESHOLD, 8 * kMiB);
#endif
}

}  // namespace

int run_command(const RunOptions& options) {
  keep_freed_memory();
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

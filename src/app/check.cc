#include <fmt/format.h>

#include <string>

#include "app/commands.h"
#include "app/print.h"

namespace sluice {

int check_command(const CheckOptions& options) {
  const auto setup = load_setup(options.setup);
  if (!setup) {
    fmt::print(stderr, "sluice: {}\n", setup.error().message());
    return kExitUsage;
  }
  for (const std::string& warning : setup->warnings)
    fmt::print(stderr, "sluice: warning: {}\n", warning);
  for (const std::string& rule : setup->rules_without_example) {
    fmt::print(
        stderr,
        "sluice: {}: rule {}: expected at least one example that matches and one that does not\n",
        options.strict ? "error" : "warning", rule);
  }
  const bool has_findings = !setup->warnings.empty() || !setup->rules_without_example.empty();
  if (options.strict && has_findings) return kExitUsage;
  const std::string summary =
      fmt::format("{}: {} rules in {} packs, {} examples pass\n",
                  setup->config.file.empty() ? "built-in configuration" : setup->config.file,
                  setup->rules->size(), setup->packs.size(), setup->example_count);
  return write_out(stdout, summary) ? kExitDone : output_failure();
}

}  // namespace sluice

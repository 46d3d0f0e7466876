#pragma once

namespace sluice {

// Reads the command line and runs the command it names. Returns the exit code.
[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace sluice

#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "base/nearest.h"

namespace sluice {
namespace {

constexpr const char* kDescription = "sluice: a syslog-to-Graphite metrics relay";
constexpr const char* kGeneralExamples =
    "Examples:\n"
    "  sluice run --config /etc/sluice/sluice.json\n"
    "  sluice check --config /etc/sluice/sluice.json\n"
    "  tail -1 /var/log/syslog | sluice explain\n"
    "  sluice status\n"
    "\n"
    "sluice COMMAND --help tells of its options, sluice(1) of everything.";

constexpr const char* kRunExamples =
    "Examples:\n"
    "  sluice run                                     with /etc/sluice/sluice.json\n"
    "  sluice run --config ./sluice.json --print      and see what is published\n"
    "  kill -HUP $(pidof sluice)                      read rules and cluster map again\n"
    "\n"
    "The configuration is told of by sluice.json(5); sluice check tries it.";
constexpr const char* kCheckExamples =
    "Examples:\n"
    "  sluice check && systemctl reload sluice\n"
    "  sluice check --strict --config ./sluice.json   in the pipeline of your own rules";
constexpr const char* kExplainExamples =
    "Examples:\n"
    "  tail -100 /var/log/syslog | sluice explain\n"
    "  sluice explain --config /etc/sluice/sluice.json --verbose messages.log\n"
    "  sluice explain --json messages.log | jq -r 'select(.matches == []) | .message'\n"
    "  echo 'collectd.web01.cpu.percent-idle 93.5 1732000000' | sluice explain --input graphite";
constexpr const char* kStatusExamples =
    "Examples:\n"
    "  sluice status\n"
    "  sluice status --check                          for Nagios, Icinga and the like\n"
    "  sluice status --json --url http://relay1:9514";
constexpr const char* kForgetExamples =
    "Examples:\n"
    "  sluice forget web01.example.com                it is gone, and no longer missing";

// "sluice 0.1.0", and what it was built with.
std::string version_text() {
  return fmt::format("sluice {}\nbuilt with {}", SLUICE_VERSION, SLUICE_LIBRARIES);
}

constexpr std::array<std::string_view, 5> kCommands{"run", "check", "explain", "status", "forget"};

// Of a command, or the program's own.
std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

int no_command(const CLI::App& app) {
  std::string what = "expected a command";
  for (const std::string& word : app.remaining()) {
    if (word.starts_with('-')) {
      what = fmt::format("expected a command before \"{}\"", word);
    } else {
      what = fmt::format("\"{}\" is no command{}", word, did_you_mean(word, kCommands));
    }
    break;
  }
  fmt::print(stderr, "sluice: {}; there are {}: sluice --help tells what they do\n", what,
             list_of(kCommands));
  return kExitUsage;
}

int unexpected_arguments(const CLI::App& app, const CLI::App& command) {
  const std::vector<std::string> known = options_of(command);
  const std::vector<std::string_view> options(known.begin(), known.end());
  const std::vector<std::string> words = app.remaining(true);
  fmt::print(stderr, "sluice: unexpected: {}{}; sluice {} --help lists what is expected\n",
             fmt::join(words, " "), did_you_mean(words.empty() ? "" : words.front(), options),
             command.get_name());
  return kExitUsage;
}

// One line that says what was wrong and where to look, whatever CLI11 found.
int wrong_usage(const CLI::App& app, const CLI::ParseError& error) {
  if (app.get_subcommands().empty()) return no_command(app);
  const CLI::App& command = *app.get_subcommands().front();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
    return unexpected_arguments(app, command);
  fmt::print(stderr, "sluice: {}; sluice {} --help lists what is expected\n", error.what(),
             command.get_name());
  return kExitUsage;
}

void add_config_option(CLI::App& command, SetupOptions& setup) {
  command
      .add_option("-c,--config", setup.config_file, "Configuration file (JSON, comments allowed)")
      ->type_name("FILE");
}

}  // namespace

int output_failure() {
  const int reason = errno;
  fmt::print(stderr, "sluice: standard output: cannot be written: {}\n", std::strerror(reason));
  return kExitFailure;
}

int run_command_line(int argc, char** argv) {
  CLI::App app(kDescription);
  app.set_version_flag("--version", version_text());
  app.footer(kGeneralExamples);
  app.require_subcommand(1);

  RunOptions run;
  CLI::App* run_app = app.add_subcommand(
      "run", "Run the relay until SIGTERM; SIGHUP reads rules, map and destinations again");
  run_app->footer(kRunExamples);
  add_config_option(*run_app, run.setup);
  run_app->add_flag("--allow-unknown", run.setup.allow_unknown,
                    "Warn of unknown configuration keys instead of refusing them");
  run_app->add_flag("--print", run.print, "Print published datapoints on standard output");

  CheckOptions check;
  CLI::App* check_app =
      app.add_subcommand("check", "Check the configuration, the rules and all their examples");
  check_app->footer(kCheckExamples);
  add_config_option(*check_app, check.setup);
  check_app->add_flag("--strict", check.strict, "Fail on warnings and on rules without examples");
  check_app->add_flag("-v,--verbose", check.verbose, "Also tell of patterns that are not anchored");

  auto* const carbon_option =
      check_app
          ->add_option("--carbon", check.carbon,
                       "Folder with carbon's storage-schemas.conf and storage-aggregation.conf: "
                       "also tell what they would do to the series")
          ->type_name("DIR");
  check_app
      ->add_flag("--carbon-snippets", check.carbon_snippets,
                 "Print ready sections for these two files, and nothing else")
      ->excludes(carbon_option);

  ExplainOptions explain;
  explain.setup.defaults_only = true;
  CLI::App* explain_app =
      app.add_subcommand("explain", "Tell for each message what would be done with it, and why");
  explain_app->footer(kExplainExamples);
  add_config_option(*explain_app, explain.setup);
  explain_app->add_flag("--json", explain.json, "One JSON object a message");
  explain_app->add_flag("-v,--verbose", explain.verbose,
                        "Also tell why other rules did not match when one did");
  explain_app->add_flag("--unmatched", explain.unmatched,
                        "Only the shapes of the messages that no rule matched, per program");
  explain_app->add_option("--input", explain.input, "What the input is: syslog or graphite")
      ->type_name("INPUT")
      ->check(CLI::IsMember({"syslog", "graphite"}));
  explain_app->add_option("--framing", explain.framing, "auto, octet, lf, nul, datagram or dgrams")
      ->type_name("FRAMING");
  explain_app->add_flag("--multiline", explain.multiline,
                        "As \"multiline\" of a listener: LF ends a message only before a '<'");
  explain_app->add_flag("--unescape", explain.unescape,
                        "As \"unescape\" of a listener: #012 is the octet that it stands for");
  explain_app->add_option("--now", explain.now, "Time of arrival, RFC 3339; default: the clock")
      ->type_name("TIME");
  explain_app
      ->add_option("--tz", explain.tz,
                   "Zone of timestamps that name none, such as Europe/Berlin or +01:00")
      ->type_name("ZONE");
  explain_app
      ->add_option("--storage-schemas", explain.storage_schemas,
                   "carbon's storage-schemas.conf: also tell which schema each path would get")
      ->type_name("FILE");
  explain_app->add_option("FILE", explain.file, "Input; \"-\" or nothing: standard input");

  StatusOptions status;
  CLI::App* status_app = app.add_subcommand("status", "Print the ledger of a running relay");
  status_app->footer(kStatusExamples);
  add_config_option(*status_app, status.setup);
  status_app
      ->add_option("--url", status.url,
                   "Where the relay listens for HTTP; default: as the configuration says")
      ->type_name("URL");
  auto* const check_flag = status_app->add_flag(
      "--check", status.check, "One line; exit code 0 well, 1 degraded, 2 not reachable");
  status_app->add_flag("--json", status.json, "Health and ledger as one JSON object")
      ->excludes(check_flag);
  status_app->add_flag("--rules", status.rules, "What each rule has matched since the start")
      ->excludes(check_flag);

  ForgetOptions forget;
  CLI::App* forget_app = app.add_subcommand(
      "forget", "Have a running relay remove what it knows of a host that is gone");
  forget_app->footer(kForgetExamples);
  add_config_option(*forget_app, forget.setup);
  forget_app
      ->add_option("--url", forget.url,
                   "Where the relay listens for HTTP; default: as the configuration says")
      ->type_name("URL");
  forget_app->add_option("HOST", forget.host, "Its name, as the relay knows it")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come as "errors" with exit code 0.
    if (error.get_exit_code() != 0) return wrong_usage(app, error);
    app.exit(error);
    return kExitDone;
  }
  if (run_app->parsed()) return run_command(run);
  if (check_app->parsed()) return check_command(check);
  if (status_app->parsed()) return status_command(status);
  if (forget_app->parsed()) return forget_command(forget);
  return explain_command(explain);
}

}  // namespace sluice

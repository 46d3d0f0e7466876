#include "config/load_config.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/outcome.h"
#include "config/temporary_folder.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const LoadOptions kOptions{
    .allow_unknown = false, .host_name = "Relay1.example.com", .pack_dirs = {"/packs"}};

Expected<LoadedConfig> decode(std::string_view text) {
  return decode_config(text, "sluice.json", kOptions);
}

std::string error(std::string_view text) { return error_of(decode(text)); }

TEST_CASE("an empty object is a whole configuration", "[config]") {
  const auto loaded = decode("{}");
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  const Config& config = loaded->config;
  CHECK(config.file == "sluice.json");
  CHECK(config.instance == "Relay1");
  CHECK(config.prefix == "sluice");
  CHECK(config.rollups);
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[0].endpoint.to_string() == "udp://127.0.0.1:5514");
  CHECK(config.listen[1].endpoint.to_string() == "tcp://127.0.0.1:5514");
  CHECK(config.packs ==
        std::vector<std::string>{"puppet-agent", "puppetserver", "puppetserver-access"});
  CHECK(config.pack_dirs == std::vector<std::string>{"/packs"});
  CHECK(config.destinations.empty());
  CHECK(config.window == seconds(60));
  CHECK(config.http.listen == "127.0.0.1:9514");
}

TEST_CASE("the name of the machine becomes the instance", "[config]") {
  const auto [name, instance] = GENERATE(table<std::string, std::string>({
      {"relay1", "relay1"},
      {"relay1.example.com", "relay1"},
      {"relay 1", "relay_1"},
      {".x", "relay"},
  }));
  const Config config =
      default_config({.allow_unknown = false, .host_name = name, .pack_dirs = {}});
  CHECK(config.instance == instance);
  CHECK(config.host_name == instance);
  CHECK_FALSE(default_config().instance.empty());
}

TEST_CASE("every key is read", "[config]") {
  const auto loaded = decode(R"json({
    "$schema": "x",
    "instance": "r1", "prefix": "a.b", "paths": {"hosts": "hosts.{host}"}, "rollups": false,
    "listen": [{"syslog": "tcp://[::]:5514", "allow": ["10.0.0.0/8", "::1"], "tz": "UTC",
                "framing": "octet", "max_message": "8KiB", "multiline": true,
                "multiline_wait": "2s", "unescape": true,
                "senders": [{"network": "10.1.0.0/16", "tz": "Europe/Berlin"}],
                "receive_buffer": "8MiB", "connections": 7, "keep_alive": "0s",
                "overflow": "block"},
               {"syslog": "unixgram:///run/log", "mode": "0666", "max_message": "1KiB"}],
    "expand_repeats": false,
    "packs": ["mine"], "pack_dirs": ["/a", "b"], "rules": ["/r/*.json", "r.json"],
    "disable": ["mine/x"], "presence": {"puppet": "1h"},
    "clusters": {"file": "c.json", "patterns": ["^(?P<cluster>[a-z]+)"], "default": "rest"},
    "host_names": "fqdn", "domain": "Example.COM", "trusted_peers": ["192.0.2.1"],
    "tz": "Europe/Berlin", "host_ttl": "1d", "window": "10s", "grace": "500ms", "horizon": "2h",
    "catch_up": "0s", "store_bytes_max": "1GiB",
    "series_max": 10, "series_per_host_max": 11, "series_per_rule_max": 12,
    "destinations": [{"name": "g", "carbon": "tcp://graphite:2003", "connect_timeout": "1s",
                      "ack_timeout": "2s", "replay_window": "0s", "new_series_per_minute": 0,
                      "spool_bytes_max": "1MiB", "spool_age_max": "1h"},
                     {"carbon": "tcp://[::1]:2103"}],
    "state_dir": "state", "shutdown_timeout": "1s", "http": "off", "workers": 4
  })json");
  REQUIRE(error_of(loaded) == "");
  CHECK(loaded->warnings.empty());
  const Config& config = loaded->config;
  CHECK(config.instance == "r1");
  CHECK(config.prefix == "a.b");
  CHECK(config.paths == std::map<std::string, std::string>{{"hosts", "hosts.{host}"}});
  CHECK_FALSE(config.rollups);
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[0].endpoint == Endpoint{Endpoint::Transport::kTcp, "::", 5514});
  CHECK(config.listen[0].allow.size() == 2);
  CHECK(config.listen[0].tz == "UTC");
  CHECK(config.listen[0].framing == Framing::kOctet);
  CHECK(config.listen[0].max_message == 8192);
  CHECK(config.listen[0].multiline);
  CHECK(config.listen[0].multiline_wait == std::chrono::seconds(2));
  CHECK(config.listen[0].unescape);
  REQUIRE(config.listen[0].senders.size() == 1);
  CHECK(config.listen[0].senders[0].network.prefix_length == 96 + 16);
  CHECK(config.listen[0].senders[0].tz == "Europe/Berlin");
  CHECK(config.listen[0].receive_buffer == 8U << 20);
  CHECK(config.listen[0].connections == 7);
  CHECK(config.listen[0].keep_alive == seconds(0));
  CHECK(config.listen[0].overflow == Overflow::kBlock);
  CHECK(config.listen[1].endpoint == Endpoint{Endpoint::Transport::kUnixgram, "/run/log", 0});
  CHECK(config.listen[1].mode == 0666);
  CHECK(config.listen[1].max_message == 1024);
  CHECK_FALSE(config.expand_repeats);
  CHECK(config.packs == std::vector<std::string>{"mine"});
  CHECK(config.pack_dirs == std::vector<std::string>{"/a", "b"});
  CHECK(config.rules == std::vector<std::string>{"/r/*.json", "r.json"});
  CHECK(config.disable == std::vector<std::string>{"mine/x"});
  CHECK(config.presence == std::map<std::string, seconds>{{"puppet", hours(1)}});
  CHECK(config.clusters.file == "c.json");
  CHECK(config.clusters.patterns == std::vector<std::string>{"^(?P<cluster>[a-z]+)"});
  CHECK(config.clusters.fallback == "rest");
  CHECK(config.host_names == HostNames::kFqdn);
  CHECK(config.domain == "example.com");
  CHECK(config.trusted_peers.size() == 1);
  CHECK(config.tz == "Europe/Berlin");
  CHECK(config.host_ttl == hours(24));
  CHECK(config.window == seconds(10));
  CHECK(config.grace == milliseconds(500));
  CHECK(config.horizon == hours(2));
  CHECK(config.catch_up == seconds(0));
  CHECK(config.store_bytes_max == std::uint64_t{1} << 30);
  CHECK(config.series_max == 10);
  CHECK(config.series_per_host_max == 11);
  CHECK(config.series_per_rule_max == 12);
  REQUIRE(config.destinations.size() == 2);
  const DestinationConfig& first = config.destinations[0];
  CHECK(first.name == "g");
  CHECK(first.carbon == Endpoint{Endpoint::Transport::kTcp, "graphite", 2003});
  CHECK(first.connect_timeout == seconds(1));
  CHECK(first.ack_timeout == seconds(2));
  CHECK(first.replay_window == seconds(0));
  CHECK(first.new_series_per_minute == 0);
  CHECK(first.spool_bytes_max == std::uint64_t{1} << 20);
  CHECK(first.spool_age_max == hours(1));
  CHECK(config.destinations[1].name == "__1");
  CHECK(config.state_dir == "state");
  CHECK(config.shutdown_timeout == seconds(1));
  CHECK(config.http.listen.empty());
  CHECK(config.workers == 4);
}

TEST_CASE("relative paths start at the folder of the file", "[config]") {
  const auto loaded = decode_config(
      R"({"pack_dirs": ["p", "/q"], "rules": ["r.d/*.json"], "clusters": {"file": "c.json"},
          "state_dir": "../state"})",
      "/etc/sluice/sluice.json", kOptions);
  REQUIRE(loaded);
  CHECK(loaded->config.pack_dirs == std::vector<std::string>{"/etc/sluice/p", "/q"});
  CHECK(loaded->config.rules == std::vector<std::string>{"/etc/sluice/r.d/*.json"});
  CHECK(loaded->config.clusters.file == "/etc/sluice/c.json");
  CHECK(loaded->config.state_dir == "/etc/sluice/../state");
}

TEST_CASE("a destination is called like its host unless it has a name", "[config]") {
  const auto loaded =
      decode(R"({"destinations": [{"carbon": "tcp://Graphite.example.com:2003"}]})");
  REQUIRE(loaded);
  CHECK(loaded->config.destinations[0].name == "Graphite.example.com");
}

TEST_CASE("a spool keeps as old datapoints as the relay takes, unless it says otherwise",
          "[config]") {
  const auto age_with = [](const std::string& rest) {
    const auto loaded = decode(R"({"destinations": [{"carbon": "tcp://g:2003")" + rest);
    REQUIRE(loaded);
    return loaded->config.destinations[0].spool_age_max;
  };
  CHECK(age_with("}]}") == hours(23));
  CHECK(age_with(R"(}], "catch_up": "24h", "horizon": "2h"})") == hours(23));
  CHECK(age_with(R"(}], "catch_up": "30d"})") == hours(24 * 30));
  CHECK(age_with(R"(}], "catch_up": "1h", "horizon": "7d"})") == hours(24 * 7));
  CHECK(age_with(R"(, "spool_age_max": "23h"}], "catch_up": "30d"})") == hours(23));
}

TEST_CASE("the first mistake is one line with its place", "[config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      // The file as a whole.
      {"[]", "expected an object {...}, got an empty list"},
      {R"({"listn": []})", "/listn: unknown key; did you mean \"listen\"?"},
      {R"({"destination": []})", "/destination: unknown key; did you mean \"destinations\"?"},
      {R"({"frobnicate": 1})", "/frobnicate: unknown key"},
      {R"({"workers": 1, "workers": 2})", "/workers: this key is given twice; keep one of them"},
      // What is published.
      {R"({"instance": "a.b"})",
       "/instance: expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got \"a.b\""},
      {R"({"instance": ""})", "/instance: expected a text that is not empty, got \"\""},
      {R"({"prefix": ".a"})",
       "/prefix: expected path nodes of [A-Za-z0-9_-] joined by dots, got \".a\""},
      {R"({"rollups": "no"})", "/rollups: expected true or false, got \"no\""},
      {R"({"paths": {"host": "x"}})", "/paths/host: unknown key; did you mean \"hosts\"?"},
      {R"({"paths": {"hosts": "x"}})",
       "/paths/hosts: expected {host} in \"x\", or all hosts would share one path"},
      {R"({"paths": {"hosts": "x.{host}", "clusters": "x.{cluster}"}})",
       "/paths: the paths of \"hosts\" and \"clusters\" can be the same; add a node that tells "
       "them apart"},
      // Listeners.
      {R"({"listen": []})", "/listen: expected at least one listener, got an empty list"},
      {R"({"listen": {}})", "/listen: expected a list [...], got an object"},
      {R"({"listen": ["udp://127.0.0.1:1"]})",
       "/listen/0: expected an object {...}, got \"udp://127.0.0.1:1\""},
      {R"({"listen": [{}]})",
       "/listen/0: the key \"syslog\" is missing; expected \"syslog\": \"udp://127.0.0.1:5514\""},
      {R"({"listen": [{"sylog": "udp://127.0.0.1:1"}]})",
       "/listen/0/sylog: unknown key; did you mean \"syslog\"?"},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:99999"}]})",
       "/listen/0/syslog: expected a port in 0..65535, got \"99999\""},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1"}, {"syslog": "tcp://[::]:5514"}]})",
       "/listen/1: tcp://[::]:5514 can be reached by other machines; add \"allow\" with the "
       "networks that may send, such as [\"10.0.0.0/8\"]"},
      {R"({"listen": [{"syslog": "udp://0.0.0.0:5514", "allow": []}]})",
       "/listen/0: udp://0.0.0.0:5514 can be reached by other machines; add \"allow\" with the "
       "networks that may send, such as [\"10.0.0.0/8\"]"},
      {R"({"listen": [{"syslog": "udp://0.0.0.0:5514", "allow": ["10.0.0.1/8"]}]})",
       "/listen/0/allow/0: \"10.0.0.1/8\" has bits set behind its length; write \"10.0.0.0/8\" for "
       "the network"},
      {R"({"listen": [{"graphite": "tcp://127.0.0.1:2033", "framing": "lf"}]})",
       "/listen/0/framing: has no meaning for graphite, whose lines end with LF; remove it from "
       "this listener"},
      {R"({"listen": [{"graphite": "udp://127.0.0.1:2033", "multiline": true}]})",
       "/listen/0/multiline: has no meaning for graphite, whose lines end with LF; remove it from "
       "this listener"},
      {R"({"listen": [{"graphite": "tcp://127.0.0.1:2033", "tz": "UTC"}]})",
       "/listen/0/tz: has no meaning for graphite, whose timestamps are seconds in UTC; remove it "
       "from this listener"},
      {R"({"listen": [{"graphite": "udp://127.0.0.1:2033", "overflow": "block"}]})",
       "/listen/0/overflow: has a meaning for tcp and unix only; remove it from this listener"},
      {R"({"listen": [{"graphite": "tcp://[::]:2033"}]})",
       "/listen/0: tcp://[::]:2033 can be reached by other machines; add \"allow\" with the "
       "networks that may send, such as [\"10.0.0.0/8\"]"},
      {R"({"listen": [{"graphite": "tcp://127.0.0.1:1", "syslog": "tcp://127.0.0.1:2"}]})",
       "/listen/0: expected either \"syslog\" or \"graphite\", found both"},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "tz": "Mars"}]})",
       "/listen/0/tz: expected a time zone of this machine (/usr/share/zoneinfo, package tzdata) "
       "such as \"Europe/Berlin\" or \"UTC\", or an offset such as \"+01:00\", got \"Mars\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "framing": "crlf"}]})",
       "/listen/0/framing: expected \"auto\", \"octet\", \"lf\" or \"nul\", got \"crlf\"; did you "
       "mean \"lf\"?"},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1", "framing": "lf"}]})",
       "/listen/0/framing: has a meaning for tcp and unix only; remove it from this listener"},
      {R"({"listen": [{"graphite": "udp://127.0.0.1:2033", "unescape": true}]})",
       "/listen/0/unescape: has no meaning for graphite, whose lines have no escapes; remove it "
       "from "
       "this listener"},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "multiline_wait": "5m"}]})",
       "/listen/0/multiline_wait: expected a duration in 10ms..1m, got \"5m\""},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1", "multiline_wait": "1s"}]})",
       "/listen/0/multiline_wait: has a meaning for tcp and unix only; remove it from this "
       "listener"},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1", "multiline": false}]})",
       "/listen/0/multiline: has a meaning for tcp and unix only; remove it from this listener"},
      {R"({"listen": [{"syslog": "unixgram:///a", "connections": 1}]})",
       "/listen/0/connections: has a meaning for tcp and unix only; remove it from this listener"},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1", "overflow": "block"}]})",
       "/listen/0/overflow: has a meaning for tcp and unix only; remove it from this listener"},
      {R"({"listen": [{"syslog": "unix:///a", "keep_alive": "1m"}]})",
       "/listen/0/keep_alive: has a meaning for tcp only; remove it from this listener"},
      {R"({"listen": [{"syslog": "unix:///a", "receive_buffer": "1MiB"}]})",
       "/listen/0/receive_buffer: has a meaning for udp and tcp only; remove it from this "
       "listener"},
      {R"({"listen": [{"syslog": "unix:///a", "allow": []}]})",
       "/listen/0/allow: has no meaning for a unix socket, which \"mode\" guards; remove it from "
       "this listener"},
      {R"({"listen": [{"syslog": "unix:///a", "senders": []}]})",
       "/listen/0/senders: has no meaning for a unix socket, whose senders are this machine; set "
       "\"tz\"; remove it from this listener"},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "mode": "0666"}]})",
       "/listen/0/mode: has a meaning for unix and unixgram only; remove it from this listener"},
      {R"({"listen": [{"syslog": "unix:///a", "mode": "0888"}]})",
       "/listen/0/mode: expected a mode in octal digits such as \"0660\" or \"0666\", got "
       "\"0888\""},
      {R"({"listen": [{"syslog": "unix:///a", "mode": "1777"}]})",
       "/listen/0/mode: expected a mode in octal digits such as \"0660\" or \"0666\", got "
       "\"1777\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "senders": [{"tz": "UTC"}]}]})",
       "/listen/0/senders/0: the key \"network\" is missing; expected \"network\": "
       "\"10.1.0.0/16\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1",
                       "senders": [{"network": "10.0.0.0/8", "tz": ""}]}]})",
       "/listen/0/senders/0/tz: expected a text that is not empty, got \"\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "connections": 0}]})",
       "/listen/0/connections: expected a whole number in 1..1000000, got 0"},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "keep_alive": "10h"}]})",
       "/listen/0/keep_alive: expected a duration in 0s..9h, got \"10h\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "overflow": "drop"}]})",
       "/listen/0/overflow: expected \"drop-new\" or \"block\", got \"drop\""},
      {R"({"listen": [{"syslog": "udp://127.0.0.1:1", "receive_buffer": "1GiB"}]})",
       "/listen/0/receive_buffer: expected a size in 0B..512MiB, got \"1GiB\""},
      {R"({"listen": [{"syslog": "unix:///a"}, {"syslog": "unixgram:///a"}]})",
       "/listen/1: /a is taken by /listen/0; remove one"},
      {R"({"expand_repeats": 1})", "/expand_repeats: expected true or false, got 1"},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1", "max_message": "2MiB"}]})",
       "/listen/0/max_message: expected a size in 480B..1MiB, got \"2MiB\""},
      {R"({"listen": [{"syslog": "tcp://127.0.0.1:1"}, {"syslog": "tcp://127.0.0.1:1"}]})",
       "/listen/1: tcp://127.0.0.1:1 is taken by /listen/0; remove one"},
      {R"({"tz": "Mars"})",
       "/tz: expected a time zone of this machine (/usr/share/zoneinfo, package tzdata) such as "
       "\"Europe/Berlin\" or \"UTC\", or an offset such as \"+01:00\", got \"Mars\""},
      {R"({"trusted_peers": ["puppet"]})",
       "/trusted_peers/0: expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", got "
       "\"puppet\""},
      // Rules.
      {R"({"packs": ["Puppet"]})",
       "/packs/0: expected a name of [a-z0-9_-], a letter or digit first, at most 64 bytes, got "
       "\"Puppet\""},
      {R"({"packs": ["a", "b", "a"]})", "/packs/2: \"a\" is listed twice; remove one"},
      {R"({"packs": "a"})", "/packs: expected a list [...], got \"a\""},
      {R"({"rules": [""]})", "/rules/0: expected a text that is not empty, got \"\""},
      {R"({"disable": ["applied"]})",
       "/disable/0: expected a rule as \"pack/rule\", got \"applied\""},
      {R"({"disable": ["a/b/c"]})", "/disable/0: expected a rule as \"pack/rule\", got \"a/b/c\""},
      {R"({"presence": "30m"})",
       "/presence: expected an object such as {\"puppet\": \"30m\"}, got \"30m\""},
      {R"({"presence": {"puppet": "0s"}})",
       "/presence/puppet: expected a duration in 1s..366d, got \"0s\""},
      {R"({"presence": {"a b": "1h"}})",
       "/presence/a b: expected a name of [a-z0-9_-], a letter or digit first, at most 64 bytes, "
       "got \"a b\""},
      // Hosts and clusters.
      {R"json({"clusters": {"patterns": ["^([a-z]+)"]}})json",
       "/clusters/patterns/0: expected a pattern with a capture \"(?P<cluster>...)\", got "
       "\"^([a-z]+)\""},
      {R"({"clusters": {"default": "a b"}})",
       "/clusters/default: expected one path node, [A-Za-z0-9_-] and at most 200 bytes, got "
       "\"a b\""},
      {R"({"clusters": {"fallback": "x"}})",
       "/clusters/fallback: unknown key; known here: \"file\", \"patterns\" or \"default\""},
      {R"({"host_names": "long"})",
       "/host_names: expected \"as-sent\", \"short\" or \"fqdn\", got \"long\""},
      {R"({"host_names": "fqdn"})",
       "/host_names: \"fqdn\" needs \"domain\", which completes short names; add it"},
      {R"({"domain": ".example.com"})",
       "/domain: expected a domain such as \"example.com\", got \".example.com\""},
      {R"({"host_ttl": "1s"})", "/host_ttl: expected a duration in 1m..3650d, got \"1s\""},
      // Time and memory.
      {R"({"window": "0s"})", "/window: expected a duration in 1s..1h, got \"0s\""},
      {R"({"window": "500ms"})", "/window: expected a duration in 1s..1h, got \"500ms\""},
      {R"({"window": "1500ms"})", "/window: expected a duration of whole seconds, got \"1500ms\""},
      {R"({"window": 60})", "/window: expected a text in double quotes, got 60"},
      {R"({"grace": "-1s"})",
       "/grace: expected a duration such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", got "
       "\"-1s\""},
      {R"({"grace": "2h"})", "/grace: expected a duration in 0s..1h, got \"2h\""},
      {R"({"horizon": "1"})",
       "/horizon: expected a duration such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", got "
       "\"1\""},
      {R"({"store_bytes_max": "1KiB"})",
       "/store_bytes_max: expected a size in 1MiB..1TiB, got \"1KiB\""},
      {R"({"series_max": 0})", "/series_max: expected a whole number in 1..1000000000, got 0"},
      {R"({"series_per_host_max": "2000"})",
       "/series_per_host_max: expected a whole number in 1..1000000000, got \"2000\""},
      {R"({"series_per_rule_max": 1000000001})",
       "/series_per_rule_max: expected a whole number in 1..1000000000, got 1000000001"},
      // Destinations.
      {R"({"destinations": [{}]})",
       "/destinations/0: the key \"carbon\" is missing; expected \"carbon\": "
       "\"tcp://graphite.example.com:2003\""},
      {R"({"destinations": [{"carbon": "tcp://graphite:0"}]})",
       "/destinations/0/carbon: expected a port in 1..65535, got \"0\""},
      {R"({"destinations": [{"carbon": "tcp://g:2003", "name": "a/b"}]})",
       "/destinations/0/name: expected a name of [A-Za-z0-9_.-], at most 64 bytes, no '.' or '-' "
       "first, got \"a/b\""},
      {R"({"destinations": [{"carbon": "tcp://g:2003", "name": ".."}]})",
       "/destinations/0/name: expected a name of [A-Za-z0-9_.-], at most 64 bytes, no '.' or '-' "
       "first, got \"..\""},
      {R"({"destinations": [{"carbon": "tcp://g:2003"}, {"carbon": "tcp://g:2103"}]})",
       "/destinations/1: the name \"g\" is taken by /destinations/0; give one of them another "
       "\"name\""},
      {R"({"destinations": [{"carbon": "tcp://g:2003", "ack_timeout": "1ms"}]})",
       "/destinations/0/ack_timeout: expected a duration in 10ms..1h, got \"1ms\""},
      {R"({"destinations": [{"carbon": "tcp://g:2003", "new_series_per_minute": -1}]})",
       "/destinations/0/new_series_per_minute: expected a whole number in 0..1000000, got -1"},
      {R"({"destinations": [{"carbon": "tcp://g:2003", "spool_bytes_max": "0B"}]})",
       "/destinations/0/spool_bytes_max: expected a size in 1MiB..1TiB, got \"0B\""},
      // The program.
      {R"({"state_dir": ""})", "/state_dir: expected a text that is not empty, got \"\""},
      {R"({"state_dir": "a\u0000b"})", "/state_dir: expected a path, got \"a\\u0000b\""},
      {R"({"http": "9514"})", "/http: expected \"ADDRESS:PORT\", IPv6 in brackets, got \"9514\""},
      {R"({"http": false})", "/http: expected a text in double quotes, got false"},
      {R"({"workers": 0})", "/workers: expected a whole number in 1..64, got 0"},
      {R"({"workers": 1.5})", "/workers: expected a whole number in 1..64, got 1.5"},
  }));
  CAPTURE(text);
  CHECK(error(text) == "sluice.json: " + message);
}

TEST_CASE("ephemeral ports may be listened on twice", "[config]") {
  CHECK(error(R"({"listen": [{"syslog": "tcp://127.0.0.1:0"}, {"syslog": "tcp://127.0.0.1:0"}]})")
            .empty());
}

TEST_CASE("what works but looks wrong is warned of", "[config]") {
  const auto [text, warning] = GENERATE(table<std::string, std::string>({
      {R"({"http": "0.0.0.0:9514"})",
       "/http: the status server asks for no password, and other machines can reach this address; "
       "set \"token_file\""},
      {R"({"destinations": [{"carbon": "tcp://graphite:2004"}]})",
       "/destinations/0/carbon: port 2004 is where carbon expects pickles; plaintext goes to 2003"},
  }));
  const auto loaded = decode(text);
  REQUIRE(loaded);
  CHECK(loaded->warnings == std::vector<std::string>{"sluice.json: " + warning});
}

TEST_CASE("unknown keys are warnings when they are allowed, mistakes stay errors", "[config]") {
  LoadOptions options = kOptions;
  options.allow_unknown = true;
  const auto loaded = decode_config(
      R"({"tls": {}, "listen": [{"syslog": "tcp://127.0.0.1:1", "tls": true}], "workers": 2})",
      "sluice.json", options);
  REQUIRE(loaded);
  CHECK(loaded->config.workers == 2);
  CHECK(loaded->warnings ==
        std::vector<std::string>{"sluice.json: /listen/0/tls: ignored: unknown key",
                                 "sluice.json: /tls: ignored: unknown key"});
  CHECK(error_of(decode_config(R"({"tls": 1, "workers": 0})", "sluice.json", options)) ==
        "sluice.json: /workers: expected a whole number in 1..64, got 0");
}

TEST_CASE("a configuration comes from a file, and its errors name it", "[config]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("sluice.json", R"({"workers": 3})");
  const auto loaded = load_config(file, kOptions);
  REQUIRE(loaded);
  CHECK(loaded->config.workers == 3);
  CHECK(loaded->config.file == file);
  CHECK(error_of(load_config(file + "x")) == file + "x: cannot be read: No such file or directory");
  CHECK(error_of(load_config(folder.write("bad.json", "{\n1}")))
            .starts_with(folder.path() + "/bad.json:2:1: "));
}

TEST_CASE("a listener of Graphite lines takes every transport", "[config][graphite]") {
  const auto loaded = decode(R"({"listen": [
      {"graphite": "tcp://10.0.0.1:2033", "allow": ["10.0.0.0/8"], "connections": 7,
       "keep_alive": "5m", "receive_buffer": "1MiB", "overflow": "block", "max_message": "4KiB"},
      {"graphite": "udp://127.0.0.1:2033", "receive_buffer": "8MiB"},
      {"graphite": "unix:///run/sluice/graphite", "mode": "0666"},
      {"syslog": "tcp://127.0.0.1:5514"}]})");
  REQUIRE(error_of(loaded) == "");
  const std::vector<ListenConfig>& listen = loaded->config.listen;
  CHECK(listen[0].input == InputKind::kGraphite);
  CHECK(listen[0].endpoint.to_string() == "tcp://10.0.0.1:2033");
  CHECK(listen[0].connections == 7);
  CHECK(listen[0].overflow == Overflow::kBlock);
  CHECK(listen[0].max_message == 4096);
  CHECK(listen[1].input == InputKind::kGraphite);
  CHECK(listen[1].receive_buffer == 8u << 20);
  CHECK(listen[2].endpoint.is_unix());
  CHECK(listen[3].input == InputKind::kSyslog);
}

}  // namespace
}  // namespace sluice

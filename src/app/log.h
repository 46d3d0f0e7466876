#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "store/notice.h"

namespace sluice {

// The log is an interface: people grep it, and alert on it. Each line has a level and one of these
// ids, both of which stay as they are while the words after them may become better ones:
//
//   2026-11-22T07:50:09.123+00:00 warning [destination-down] destination graphite (tcp://...) ...
//
// docs/runbook.md has an entry for each.
enum class LogId : std::uint8_t {
  // The start.
  kConfigDoubtful,
  kListening,
  kReceiveBufferSmall,
  kDescriptorsFew,
  kSocketNotConfigured,
  kStateRead,
  kStateNotRead,
  kStateInMemory,
  kUncleanEnd,
  kWindowChanged,
  kSpoolOrphaned,
  kStatusServer,
  kStatusServerOff,
  kTokenExposed,
  kStarted,
  kStartFailed,
  // Destinations.
  kDestinationDown,
  kDestinationUp,
  kDestinationReplay,
  kDestinationUnconfirmed,
  kDestinationConfirmed,
  kNewSeriesWait,
  kNewSeriesLeft,
  kPrintEnded,
  // What is kept on disk.
  kFileMovedAside,
  kFileReplaced,
  kSpoolStuck,
  kSpoolInMemory,
  kSpoolOnDisk,
  kSpoolCrowded,
  kJournalFailed,
  kJournalKept,
  kHistoryFailed,
  kHistoryKept,
  kHistoryCut,
  kHistoryBehind,
  // Senders.
  kSenderRefused,
  kConnectionsFull,
  kAcceptFailed,
  kWrongProtocol,
  kFramingBroken,
  kMessageMalformed,
  kGraphiteMalformed,
  kSenderSkewed,
  // Bounds.
  kTickFull,
  kNamesFull,
  kNamesFree,
  kCapReached,
  // Reload, map, orders.
  kReloaded,
  kReloadRefused,
  kReloadLate,
  kRestartNeeded,
  kDestinationAdded,
  kDestinationChanged,
  kDestinationRemoved,
  kMapTaken,
  kMapRefused,
  kMapAgain,
  kHostForgotten,
  kForgetRefused,
  // The end.
  kStopping,
  kStopHurried,
  kStopCut,
  kStopped,
  kStoppedSender,
  kStoppedSpooled,
  kStoppedLost,
};

enum class LogLevel : std::uint8_t { kInfo, kWarning, kError };

struct LogRow {
  LogId id;
  LogLevel level;
  std::string_view name;
};

inline constexpr std::array kLogRows{
    LogRow{LogId::kConfigDoubtful, LogLevel::kWarning, "config-doubtful"},
    LogRow{LogId::kListening, LogLevel::kInfo, "listening"},
    LogRow{LogId::kReceiveBufferSmall, LogLevel::kWarning, "receive-buffer-small"},
    LogRow{LogId::kDescriptorsFew, LogLevel::kWarning, "descriptors-few"},
    LogRow{LogId::kSocketNotConfigured, LogLevel::kWarning, "socket-not-configured"},
    LogRow{LogId::kStateRead, LogLevel::kInfo, "state-read"},
    LogRow{LogId::kStateNotRead, LogLevel::kInfo, "state-not-read"},
    LogRow{LogId::kStateInMemory, LogLevel::kWarning, "state-in-memory"},
    LogRow{LogId::kUncleanEnd, LogLevel::kWarning, "unclean-end"},
    LogRow{LogId::kWindowChanged, LogLevel::kWarning, "window-changed"},
    LogRow{LogId::kSpoolOrphaned, LogLevel::kWarning, "spool-orphaned"},
    LogRow{LogId::kStatusServer, LogLevel::kInfo, "status-server"},
    LogRow{LogId::kStatusServerOff, LogLevel::kError, "status-server-off"},
    LogRow{LogId::kTokenExposed, LogLevel::kWarning, "token-exposed"},
    LogRow{LogId::kStarted, LogLevel::kInfo, "started"},
    LogRow{LogId::kStartFailed, LogLevel::kError, "start-failed"},
    LogRow{LogId::kDestinationDown, LogLevel::kWarning, "destination-down"},
    LogRow{LogId::kDestinationUp, LogLevel::kInfo, "destination-up"},
    LogRow{LogId::kDestinationReplay, LogLevel::kInfo, "destination-replay"},
    LogRow{LogId::kDestinationUnconfirmed, LogLevel::kWarning, "destination-unconfirmed"},
    LogRow{LogId::kDestinationConfirmed, LogLevel::kInfo, "destination-confirmed"},
    LogRow{LogId::kNewSeriesWait, LogLevel::kInfo, "new-series-wait"},
    LogRow{LogId::kNewSeriesLeft, LogLevel::kInfo, "new-series-left"},
    LogRow{LogId::kPrintEnded, LogLevel::kWarning, "print-ended"},
    LogRow{LogId::kFileMovedAside, LogLevel::kWarning, "file-moved-aside"},
    LogRow{LogId::kFileReplaced, LogLevel::kWarning, "file-replaced"},
    LogRow{LogId::kSpoolStuck, LogLevel::kError, "spool-stuck"},
    LogRow{LogId::kSpoolInMemory, LogLevel::kError, "spool-in-memory"},
    LogRow{LogId::kSpoolOnDisk, LogLevel::kInfo, "spool-on-disk"},
    LogRow{LogId::kSpoolCrowded, LogLevel::kWarning, "spool-crowded"},
    LogRow{LogId::kJournalFailed, LogLevel::kError, "journal-failed"},
    LogRow{LogId::kJournalKept, LogLevel::kInfo, "journal-kept"},
    LogRow{LogId::kHistoryFailed, LogLevel::kWarning, "history-failed"},
    LogRow{LogId::kHistoryKept, LogLevel::kInfo, "history-kept"},
    LogRow{LogId::kHistoryCut, LogLevel::kWarning, "history-cut"},
    LogRow{LogId::kHistoryBehind, LogLevel::kWarning, "history-behind"},
    LogRow{LogId::kSenderRefused, LogLevel::kWarning, "sender-refused"},
    LogRow{LogId::kConnectionsFull, LogLevel::kWarning, "connections-full"},
    LogRow{LogId::kAcceptFailed, LogLevel::kWarning, "accept-failed"},
    LogRow{LogId::kWrongProtocol, LogLevel::kWarning, "wrong-protocol"},
    LogRow{LogId::kFramingBroken, LogLevel::kWarning, "framing-broken"},
    LogRow{LogId::kMessageMalformed, LogLevel::kWarning, "message-malformed"},
    LogRow{LogId::kGraphiteMalformed, LogLevel::kWarning, "graphite-malformed"},
    LogRow{LogId::kSenderSkewed, LogLevel::kWarning, "sender-skewed"},
    LogRow{LogId::kTickFull, LogLevel::kWarning, "tick-full"},
    LogRow{LogId::kNamesFull, LogLevel::kError, "names-full"},
    LogRow{LogId::kNamesFree, LogLevel::kInfo, "names-free"},
    LogRow{LogId::kCapReached, LogLevel::kWarning, "cap-reached"},
    LogRow{LogId::kReloaded, LogLevel::kInfo, "reloaded"},
    LogRow{LogId::kReloadRefused, LogLevel::kError, "reload-refused"},
    LogRow{LogId::kReloadLate, LogLevel::kInfo, "reload-late"},
    LogRow{LogId::kRestartNeeded, LogLevel::kWarning, "restart-needed"},
    LogRow{LogId::kDestinationAdded, LogLevel::kInfo, "destination-added"},
    LogRow{LogId::kDestinationChanged, LogLevel::kInfo, "destination-changed"},
    LogRow{LogId::kDestinationRemoved, LogLevel::kWarning, "destination-removed"},
    LogRow{LogId::kMapTaken, LogLevel::kInfo, "map-taken"},
    LogRow{LogId::kMapRefused, LogLevel::kError, "map-refused"},
    LogRow{LogId::kMapAgain, LogLevel::kInfo, "map-again"},
    LogRow{LogId::kHostForgotten, LogLevel::kInfo, "host-forgotten"},
    LogRow{LogId::kForgetRefused, LogLevel::kWarning, "forget-refused"},
    LogRow{LogId::kStopping, LogLevel::kInfo, "stopping"},
    LogRow{LogId::kStopHurried, LogLevel::kWarning, "stop-hurried"},
    LogRow{LogId::kStopCut, LogLevel::kError, "stop-cut"},
    LogRow{LogId::kStopped, LogLevel::kInfo, "stopped"},
    LogRow{LogId::kStoppedSender, LogLevel::kInfo, "stopped-sender"},
    LogRow{LogId::kStoppedSpooled, LogLevel::kInfo, "stopped-spooled"},
    LogRow{LogId::kStoppedLost, LogLevel::kWarning, "stopped-lost"},
};

[[nodiscard]] constexpr const LogRow& row_of(LogId id) noexcept {
  return kLogRows[static_cast<std::size_t>(id)];
}

[[nodiscard]] std::string_view name_of(LogLevel level) noexcept;

// What follows the level in a line: id in brackets, text. Always one line: what a sender, a
// file or a library put into the text cannot begin another one.
[[nodiscard]] std::string log_text(LogId id, std::string_view text);

// Standard error, because --print writes datapoints to standard output. In colour on a terminal
// only (and not with NO_COLOR); in systemd's journal with the level that it reads, and without the
// time that it has.
void open_log();

void write_log(LogId id, std::string_view text);

// Thread-safe, as write_log().
template <typename... Args>
void say(LogId id, fmt::format_string<Args...> format, Args&&... args) {
  write_log(id, fmt::format(format, std::forward<Args>(args)...));
}

void say(const Notice& notice);

// Why the relay does not start: a line of the log in systemd's journal, and else what a command
// says to whoever typed it.
void say_start_failed(std::string_view why);

}  // namespace sluice

#include "app/ingest_worker.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "app/log.h"
#include "app/time_shares.h"
#include "net/socket.h"
#include "sluice/base/check.h"
#include "sluice/syslog/unescape.h"

namespace sluice {
namespace {

constexpr std::size_t kFramesAtOnce = 32;

// To the microsecond, as stamps are: the WindowStore keeps such a time in half the bytes.
Timestamp wall_clock() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

// The first octets of a message, fit for a log line.
std::string excerpt_of(std::string_view bytes) {
  constexpr std::size_t kExcerptBytes = 48;
  std::string excerpt;
  for (const char c : bytes.substr(0, kExcerptBytes)) {
    if (c >= ' ' && c < 0x7f && c != '\\') {
      excerpt += c;
    } else {
      excerpt += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (bytes.size() > kExcerptBytes) excerpt += "...";
  return excerpt;
}

FramerOptions framing_of(const ListenConfig& config) {
  if (config.input == InputKind::kSyslog) {
    return {.framing = config.framing,
            .max_message = config.max_message,
            .multiline = config.multiline};
  }
  return {.framing = Framing::kLf, .max_message = config.max_message, .needs_trailer = true};
}

LogId id_of(StreamListenerEvent::Kind kind) noexcept {
  switch (kind) {
    case StreamListenerEvent::Kind::kRefusedAllow:
      return LogId::kSenderRefused;
    case StreamListenerEvent::Kind::kRefusedLimit:
      return LogId::kConnectionsFull;
    case StreamListenerEvent::Kind::kAcceptError:
      return LogId::kAcceptFailed;
    case StreamListenerEvent::Kind::kTls:
    case StreamListenerEvent::Kind::kHttp:
      return LogId::kWrongProtocol;
    case StreamListenerEvent::Kind::kBadCount:
      return LogId::kFramingBroken;
  }
  return LogId::kFramingBroken;
}

std::string suppressed_note(std::uint64_t count) {
  return count == 0 ? std::string() : fmt::format(" ({} such lines were kept back)", count);
}

}  // namespace

IngestWorker::IngestWorker(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
                           std::vector<Network> trusted_peers, std::function<void()> on_report)
    : ingest_(
          options, std::move(rules),
          [this](ParseError error, const Message& message) { log_malformed(error, message); },
          [this](std::string_view host, const Message& message, const EventTime& time) {
            log_skewed(host, message, time);
          },
          [this](LineError error, const Message& line) { log_malformed_line(error, line); }),
      trusted_peers_(std::move(trusted_peers)),
      on_report_(std::move(on_report)) {
  SLUICE_CHECK(uv_loop_init(&loop_) == 0, "a loop needs nothing but a few descriptors");
  auto wake = std::make_unique<uv_async_t>();
  const auto on_wake = [](uv_async_t* async) noexcept {
    if (auto* const self = static_cast<IngestWorker*>(async->data)) self->obey();
  };
  SLUICE_CHECK(uv_async_init(&loop_, wake.get(), on_wake) == 0,
               "an async handle needs one descriptor");
  wake->data = this;
  wake_.reset(wake.release());
}

IngestWorker::~IngestWorker() {
  if (thread_.joinable()) {
    give([](Orders& orders) { orders.end = true; });
    thread_.join();
  } else {
    wake_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  SLUICE_CHECK(uv_loop_close(&loop_) == 0, "every handle of the worker has been closed");
}

void IngestWorker::start(std::vector<ListenSocket> sockets) {
  thread_ =
      std::thread([this, sockets = std::move(sockets)]() mutable { run(std::move(sockets)); });
}

void IngestWorker::ask_report() {
  give([](Orders& orders) { orders.report = true; });
}

void IngestWorker::set_rules(std::shared_ptr<const RuleSet> rules) {
  give([&rules](Orders& orders) { orders.rules = std::move(rules); });
}

void IngestWorker::stop(std::chrono::milliseconds at_most) {
  give([at_most](Orders& orders) { orders.drain = at_most; });
}

std::vector<IngestWorker::Report> IngestWorker::take_reports() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reports_, {});
}

void IngestWorker::give(const std::function<void(Orders&)>& change) {
  const std::lock_guard lock(mutex_);
  change(orders_);
  // Under the lock, so that the worker cannot end and close the handle in between.
  if (wake_ != nullptr) uv_async_send(wake_.get());
}

void IngestWorker::run(std::vector<ListenSocket> sockets) {
  for (ListenSocket& socket : sockets) listen(std::move(socket));
  uv_run(&loop_, UV_RUN_DEFAULT);
}

void IngestWorker::listen(ListenSocket socket) {
  PeerPolicy peers{.allow = socket.config.allow,
                   .trusted_peers = trusted_peers_,
                   .zone = socket.zone,
                   .zones = std::move(socket.sender_zones)};
  files_.push_back(std::move(socket.file));
  if (socket.config.endpoint.is_stream()) {
    listen_stream(std::move(socket), std::move(peers));
  } else {
    listen_datagrams(std::move(socket), std::move(peers));
  }
}

void IngestWorker::listen_datagrams(ListenSocket socket, PeerPolicy peers) {
  DatagramListenerCallbacks callbacks;
  callbacks.on_datagrams = [this, input = socket.config.input, unescapes = socket.config.unescape](
                               std::span<const Datagram> datagrams) {
    // There is one buffer for what is unescaped.
    const std::size_t at_once = unescapes ? 1 : datagrams.size();
    for (; !datagrams.empty(); datagrams = datagrams.subspan(at_once)) {
      messages_.clear();
      for (const Datagram& one : datagrams.first(at_once)) {
        messages_.push_back({.bytes = unescapes ? unescaped(one.bytes) : one.bytes,
                             .peer = one.peer,
                             .zone = *one.peer.zone,
                             .truncated = one.truncated});
      }
      if (input == InputKind::kGraphite) {
        for (const Message& lines : messages_) ingest_.receive_lines(lines, arrival_);
      } else {
        ingest_.receive(messages_, arrival_);
      }
    }
  };
  callbacks.on_arrival = [this] { arrival_ = wall_clock(); };
  callbacks.on_refused = [this](const Peer& peer) {
    if (const auto suppressed = refused_limit_.admit(wall_clock())) {
      say(LogId::kSenderRefused,
          "refused a datagram of {}: no \"allow\" of the listener names it{}", peer.text,
          suppressed_note(*suppressed));
    }
  };
  DatagramListenerOptions options{.peers = std::move(peers),
                                  .is_local = socket.config.endpoint.is_unix(),
                                  .max_message = socket.config.max_message};
  datagrams_.push_back(std::make_unique<DatagramListener>(
      &loop_, std::move(socket.socket), std::move(options), std::move(callbacks)));
}

void IngestWorker::listen_stream(ListenSocket socket, PeerPolicy peers) {
  const ListenConfig& config = socket.config;
  const bool blocks = config.overflow == Overflow::kBlock;
  // A full tick has to stop the very next message, and there is one buffer for what is unescaped.
  const bool is_one_by_one = blocks || config.unescape;
  StreamListenerCallbacks callbacks;
  callbacks.on_frames = [this, blocks, input = config.input, unescapes = config.unescape](
                            std::span<const Frame> frames, const Peer& peer) {
    messages_.clear();
    for (const Frame& frame : frames) {
      messages_.push_back({.bytes = unescapes ? unescaped(frame.bytes) : frame.bytes,
                           .peer = peer,
                           .zone = *peer.zone,
                           .truncated = frame.truncated,
                           .incomplete = frame.incomplete});
    }
    if (input == InputKind::kGraphite) {
      for (const Message& line : messages_) ingest_.receive_line(line, arrival_);
    } else {
      ingest_.receive(messages_, arrival_);
    }
    if (blocks && ingest_.is_tick_full()) heed_full_tick();
  };
  callbacks.on_arrival = [this] { arrival_ = wall_clock(); };
  callbacks.on_event = [this](const StreamListenerEvent& event) { log_event(event); };
  if (socket.share) join_share(std::move(socket.share), callbacks);
  StreamListenerOptions options{.peers = std::move(peers),
                                .framing = framing_of(config),
                                .connections_max = config.connections,
                                .descriptors_end = socket.descriptors_end,
                                .keep_alive = config.keep_alive,
                                .is_local = config.endpoint.is_unix(),
                                .frames_at_once = is_one_by_one ? 1U : kFramesAtOnce,
                                .idle_flush = config.multiline_wait};
  streams_.push_back(std::make_unique<StreamListener>(&loop_, std::move(socket.socket),
                                                      std::move(options), std::move(callbacks)));
  if (blocks) blocking_.push_back(streams_.back().get());
}

// The view lives until the next call.
std::string_view IngestWorker::unescaped(std::string_view bytes) {
  unescape_control_octets(bytes, unescaped_);
  return unescaped_;
}

// The listener that is about to be made deals its connections out with those of other workers.
void IngestWorker::join_share(std::shared_ptr<ConnectionShare> share,
                              StreamListenerCallbacks& callbacks) {
  const std::size_t member = share->join(
      [this, listener = streams_.size()](int fd) { return take_connection(listener, fd); });
  callbacks.pass_on = [share, member](int fd) { return share->pass_on(member, fd); };
  callbacks.on_close = [share, member] { share->count_end(member); };
  shares_.push_back({std::move(share), member});
}

// In another worker's thread.
bool IngestWorker::take_connection(std::size_t listener, int fd) {
  const std::lock_guard lock(mutex_);
  if (!takes_connections_) return false;
  Fd connection(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!connection.is_open()) return false;
  orders_.connections.emplace_back(listener, std::move(connection));
  uv_async_send(wake_.get());
  return true;
}

// Listeners with overflow "block" lose nothing: they wait for the control loop to take the tick. At
// the end there is no later, and the tick is handed over at once.
void IngestWorker::heed_full_tick() {
  if (is_draining_) return report(false);
  for (StreamListener* const listener : blocking_) listener->pause();
  if (const auto suppressed = full_limit_.admit(wall_clock())) {
    say(LogId::kTickFull,
        "this second has more series than one may hold; listeners with \"overflow\": \"block\" do "
        "not read until it is over. Does somebody invent host names?{}",
        suppressed_note(*suppressed));
  }
}

void IngestWorker::resume() {
  for (StreamListener* const listener : blocking_) {
    if (!ingest_.is_tick_full()) listener->resume();
  }
}

void IngestWorker::obey() {
  Orders orders;
  {
    const std::lock_guard lock(mutex_);
    orders = std::exchange(orders_, {});
    if (orders.drain || orders.end) takes_connections_ = false;
  }
  for (auto& [listener, connection] : orders.connections) {
    streams_[listener]->adopt(std::move(connection));
  }
  if (orders.rules) ingest_.set_rules(std::move(orders.rules));
  if (orders.drain) drain(*orders.drain);
  if (orders.drain || orders.end) {
    report(true);
    for (const Membership& one : shares_) one.share->leave(one.member);
    files_.clear();
    datagrams_.clear();
    blocking_.clear();
    streams_.clear();
    const std::lock_guard lock(mutex_);
    wake_.reset();
  } else if (orders.report) {
    report(false);
    resume();
  }
}

void IngestWorker::report(bool is_last) {
  {
    const std::lock_guard lock(mutex_);
    reports_.push_back({ingest_.take_delta(), stats(), ingest_.take_senders(),
                        ingest_.take_observations(), is_last});
  }
  on_report_();
}

void IngestWorker::drain(std::chrono::milliseconds at_most) {
  // A sender that never stops must not cost what waits at other listeners.
  TimeShares shares(TimeShares::Clock::now(), at_most, datagrams_.size() + streams_.size());
  const auto share = [&shares] { return shares.next(TimeShares::Clock::now()); };
  is_draining_ = true;
  files_.clear();  // Nobody new finds the sockets.
  if (ingest_.is_tick_full()) report(false);
  for (StreamListener* const listener : blocking_) listener->resume();
  // Datagrams cannot be asked for again, so they come first.
  for (const auto& listener : datagrams_) listener->drain(share());
  for (const auto& listener : streams_) listener->drain(share());
}

Stats IngestWorker::stats() const {
  Stats stats = ingest_.stats();
  for (const auto& listener : datagrams_) {
    stats.udp_datagrams_refused += listener->stats().refused_allow;
    stats.udp_kernel_drops += udp_kernel_drops(listener->fd());
    stats.udp_receive_errors += listener->stats().receive_errors;
  }
  for (const auto& listener : streams_) {
    const StreamListenerStats& tcp = listener->stats();
    stats.tcp_connections_accepted += tcp.accepted;
    stats.tcp_connections_refused += tcp.refused_allow;
    stats.tcp_connections_limited += tcp.refused_limit;
    stats.tcp_streams_broken += tcp.closed_tls + tcp.closed_http + tcp.closed_bad_count;
    stats.tcp_octets_dropped += tcp.dropped_octets;
    stats.stream_pauses += tcp.pauses;
  }
  return stats;
}

void IngestWorker::log_malformed(ParseError error, const Message& message) {
  if (const auto suppressed = malformed_limit_.admit(wall_clock())) {
    say(LogId::kMessageMalformed, "malformed message ({}) of {}, kept: \"{}\"{}", name_of(error),
        message.peer.text, excerpt_of(message.bytes), suppressed_note(*suppressed));
  }
}

void IngestWorker::log_malformed_line(LineError error, const Message& line) {
  if (const auto suppressed = malformed_limit_.admit(wall_clock())) {
    say(LogId::kGraphiteMalformed, "malformed Graphite line ({}) of {}, not counted: \"{}\"{}",
        name_of(error), line.peer.text, excerpt_of(line.bytes), suppressed_note(*suppressed));
  }
}

void IngestWorker::log_skewed(std::string_view host, const Message& message,
                              const EventTime& time) {
  const auto suppressed = skewed_limit_.admit(wall_clock());
  if (!suppressed || !time.stamp) return;
  const auto ahead = std::chrono::duration_cast<std::chrono::minutes>(*time.stamp - time.time);
  const char* const remedy = message.peer.is_local
                                 ? "set \"tz\" of the listener, or the clock"
                                 : "set \"tz\" for it in \"senders\" of the listener, or its clock";
  say(LogId::kSenderSkewed,
      "{} (from {}): its stamps name no zone and are {} min {} the time of arrival, which is taken "
      "instead; {}{}",
      host, message.peer.text, std::abs(ahead.count()), ahead.count() < 0 ? "behind" : "ahead of",
      remedy, suppressed_note(*suppressed));
}

void IngestWorker::log_event(const StreamListenerEvent& event) {
  using Kind = StreamListenerEvent::Kind;
  const bool is_wrong_protocol = event.kind == Kind::kTls || event.kind == Kind::kHttp;
  const auto kind = static_cast<std::uint8_t>(event.kind);
  if (is_wrong_protocol && !told_peers_.admit(kind, event.peer.text, wall_clock())) return;
  if (const auto suppressed = event_limits_.at(kind).admit(wall_clock())) {
    say(id_of(event.kind), "{}{}", event.text, suppressed_note(*suppressed));
  }
}

}  // namespace sluice

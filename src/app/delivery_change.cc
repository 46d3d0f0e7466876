// How a delivery is set up, and what becomes of it when its destination is configured otherwise.
#include <algorithm>
#include <utility>

#include "app/delivery.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kTickMs = 1000;

// A replay that waits for the last one's time to be over, and then for a batch in flight, must
// still find all that was acknowledged since.
std::chrono::seconds kept_for_replay(const DestinationConfig& config) {
  if (config.replay_window.count() == 0) return config.replay_window;
  const auto flight = config.connect_timeout + 2 * config.ack_timeout;
  return config.replay_window + std::chrono::ceil<std::chrono::seconds>(flight) +
         std::chrono::seconds(5);
}

SpoolOptions spool_options_of(const DestinationConfig& config, const std::string& file) {
  return {.file = file,
          .bytes_max = config.spool_bytes_max,
          .age_max = config.spool_age_max,
          .replay_window = kept_for_replay(config),
          .new_series_per_minute = config.new_series_per_minute};
}

CarbonClientOptions client_options_of(const DestinationConfig& config) {
  return {.host = config.carbon.host,
          .port = config.carbon.port,
          .connect_timeout = config.connect_timeout,
          .ack_timeout = config.ack_timeout};
}

CarbonWatchOptions watch_options_of(const DestinationConfig& config) {
  return {.host = config.carbon.host,
          .port = config.carbon.port,
          .connect_timeout = config.connect_timeout};
}

// Everything that a connection depends on.
bool is_same_connection(const DestinationConfig& one, const DestinationConfig& other) {
  return one.carbon == other.carbon && one.connect_timeout == other.connect_timeout &&
         one.ack_timeout == other.ack_timeout &&
         (one.replay_window.count() == 0) == (other.replay_window.count() == 0);
}

}  // namespace

Delivery::Delivery(uv_loop_t* loop, StoreThread& store, const DestinationConfig& config,
                   const std::string& spool_file, LateStart late)
    : loop_(loop),
      config_(config),
      pause_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      backlog_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      tick_timer_(make_handle<uv_timer_t>(loop, this, uv_timer_init)),
      jitter_(std::random_device{}()),
      join_(std::move(late.join)),
      published_before_(late.published_before),
      spool_(store, spool_options_of(config, spool_file),
             [this](std::uint64_t replayed) { opened(replayed); }) {
  uv_timer_start(tick_timer_.get(), on_tick, kTickMs, kTickMs);
  connect();
}

void Delivery::connect() {
  client_.emplace(loop_, client_options_of(config_),
                  [this](const Batch&, const SendOutcome& outcome) { finish(outcome); });
  watch_.reset();
  if (config_.replay_window.count() == 0) return;  // Nothing is ever sent once more.
  watch_.emplace(loop_, watch_options_of(config_), [this](const std::string& reason) {
    suspect_death("it may have died: " + reason);
  });
}

void Delivery::change(const DestinationConfig& config) {
  const DestinationConfig before = std::exchange(config_, config);
  spool_.set_options(spool_options_of(config_, {}));
  replay_pause_ = std::min<milliseconds>(kReplayPauseMin, config_.replay_window);
  if (is_same_connection(before, config_)) return;
  if (config_.carbon != before.carbon) {
    // Nothing is known of the new one yet.
    confirmation_ = {};
    is_down_ = false;
    last_error_.clear();
  }
  connect();
  break_off();
  if (config_.carbon != before.carbon) send_all_once_more("it has another address now");
  send_next();
}

// The connection is gone, and with it whatever was under way. What the spool is busy with comes to
// its end first, and then nothing is paused for and no batch leaves before begin_anew().
void Delivery::break_off() {
  retry_after_ = kRetryMin;
  uv_timer_stop(pause_timer_.get());
  if (phase_ == Phase::kPausing) phase_ = Phase::kIdle;
  is_broken_off_ = phase_ != Phase::kIdle;
  if (phase_ == Phase::kSending) give_back_and_begin_anew();
}

void Delivery::give_back_and_begin_anew() {
  phase_ = Phase::kDeciding;
  spool_.give_back([this] { begin_anew(); });
}

// A replay goes first: it is of what the former address acknowledged, and what the new one is sent
// after it is not sent once more.
void Delivery::begin_anew() {
  is_broken_off_ = false;
  phase_ = Phase::kIdle;
  replay_if_due();
  send_next();
}

// As at a start of the relay: who reads there now may lack what was acknowledged shortly before.
void Delivery::send_all_once_more(std::string reason) {
  if (config_.replay_window.count() == 0) return;
  has_news_for_replay_ = true;
  last_replay_ms_.reset();
  replay_reason_ = std::move(reason);
  replay_if_due();
}

}  // namespace sluice

#include "app/delivery.h"

#include <algorithm>
#include <utility>

#include "app/log.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

std::uint64_t count_of(milliseconds time) noexcept {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

void Delivery::publish(AsyncSpool::Datapoints datapoints, std::uint64_t sequence,
                       AsyncSpool::Then then) {
  if (!takes_part(sequence)) {
    published_before_ += datapoints->size();
    if (then) then();
    return;
  }
  if (spool_.on_the_way() > kOnTheWayMax) {
    drop(datapoints->size());
    datapoints = std::make_shared<const std::vector<Datapoint>>();  // `then` keeps its place.
  }
  spool_.put(std::move(datapoints), sequence, [this, then = std::move(then)] {
    send_next();
    if (then) then();
  });
  note_lag();
}

void Delivery::opened(std::uint64_t replayed) {
  if (const auto join = std::exchange(join_, {})) first_sequence_ = join(spool_.last_sequence());
  if (replayed > 0) {
    say(LogId::kDestinationReplay,
        "destination {} ({}): {} datapoints that it acknowledged shortly before the last stop are "
        "sent once more, in case that it ended too",
        config_.name, endpoint(), replayed);
  }
  send_next();
}

// Series of the relay itself come from no change of the journal.
bool Delivery::takes_part(std::uint64_t sequence) const noexcept {
  return !join_ && (sequence == 0 || sequence >= first_sequence_);
}

void Delivery::drop(std::uint64_t count) {
  if (dropped_before_spool_ == 0) {
    say(LogId::kSpoolStuck,
        "destination {}: its spool does not take what is published; is the disk below state_dir "
        "stuck? Datapoints are dropped (datapoints_dropped_queue_full_total)",
        config_.name);
  }
  dropped_before_spool_ += count;
}

void Delivery::hurry() {
  is_hurried_ = true;
  retry_after_ = kRetryMin;
  if (phase_ == Phase::kPausing) phase_ = Phase::kIdle;
  uv_timer_stop(pause_timer_.get());
  send_next();
}

void Delivery::send_next() {
  note_lag();
  if (phase_ != Phase::kIdle || !spool_.is_open()) return;
  const SpoolStats& stats = spool_.stats();
  if (stats.waiting + stats.held + stats.replay_waiting > 0) take_next();
}

// Live windows and the backlog take turns, as far as the backlog may go at all.
void Delivery::take_next() {
  const bool may_backlog = is_hurried_ || now_ms() >= next_backlog_ms_;
  const bool is_backlogs_turn = may_backlog && !was_last_backlog_;
  phase_ = Phase::kTaking;
  spool_.take(
      is_backlogs_turn ? Which::kBacklog : Which::kLive,
      !may_backlog       ? std::nullopt
      : is_backlogs_turn ? std::optional(Which::kLive)
                         : std::optional(Which::kBacklog),
      [this, may_backlog](std::optional<Batch> batch) { taken(std::move(batch), may_backlog); });
}

void Delivery::taken(std::optional<Batch> batch, bool was_backlog_allowed) {
  if (is_broken_off_) return batch ? give_back_and_begin_anew() : begin_anew();
  if (!batch) {
    phase_ = Phase::kIdle;
    replay_if_due();
    if (was_backlog_allowed) return;  // New series wait, and tick() asks again.
    const std::uint64_t now = now_ms();
    const std::uint64_t wait = next_backlog_ms_ > now ? next_backlog_ms_ - now : 0;
    uv_timer_start(backlog_timer_.get(), on_backlog_due, wait, 0);
    return;
  }
  was_last_backlog_ = batch->is_backlog;
  if (batch->is_backlog) next_backlog_ms_ = now_ms() + count_of(kBacklogPause);
  phase_ = Phase::kSending;
  attempt_began_ms_ = now_ms();
  client_->send(std::move(*batch), confirmation_.next(now_ms()));
}

void Delivery::finish(const SendOutcome& outcome) {
  phase_ = Phase::kDeciding;
  if (outcome) return succeed();
  if (outcome.error().kind == CarbonFailure::Kind::kUnanswered)
    return count_unanswered(outcome.error());
  confirmation_.failed();
  retry_later(outcome.error());
}

void Delivery::succeed() {
  ++batches_acknowledged_;
  if (confirmation_.acknowledged()) {
    say(LogId::kDestinationConfirmed,
        "destination {} ({}) answers the half-close: its batches are acknowledged again",
        config_.name, endpoint());
  }
  if (watch_) watch_->refresh();
  spool_.acknowledge([this] { settle(); });
}

void Delivery::count_unanswered(const CarbonFailure& failure) {
  const bool was_unconfirmed = confirmation_.is_unconfirmed();
  if (!confirmation_.unanswered()) return retry_later(failure);
  if (!was_unconfirmed) {
    say(LogId::kDestinationUnconfirmed,
        "destination {} ({}) takes batches, but does not close the connection after their end, so "
        "nothing tells that it reads them; from now on they count as unconfirmed when its kernel "
        "has taken them. An acknowledgement is asked for every {} min. If this is carbon, it is "
        "stopped or overloaded",
        config_.name, endpoint(), Confirmation::kProbeEveryMs / 60'000);
  }
  spool_.count_unconfirmed([this] { settle(); });
}

// A batch is done with.
void Delivery::settle() {
  has_news_for_replay_ = true;
  retry_after_ = kRetryMin;
  if (std::exchange(is_down_, false)) come_back();
  begin_anew();
}

void Delivery::come_back() {
  const std::uint64_t seconds = (now_ms() - down_since_ms_) / 1000;
  say(LogId::kDestinationUp,
      "destination {} ({}) takes datapoints again after {} s; {} datapoints wait", config_.name,
      endpoint(), seconds, waiting_count());
}

void Delivery::retry_later(const CarbonFailure& failure) {
  ++batches_failed_;
  last_error_ = failure.message();
  was_last_backlog_ = true;  // When it is back, live windows go first.
  if (!std::exchange(is_down_, true)) {
    down_since_ms_ = attempt_began_ms_;
    say(LogId::kDestinationDown,
        "destination {} does not take datapoints: {}; {} datapoints wait, trying again until it "
        "does",
        config_.name, last_error_, waiting_count());
  }
  if (failure.kind == CarbonFailure::Kind::kDied)
    suspect_death("it may have died: it refused or reset a batch");
  spool_.give_back([this] {
    if (is_broken_off_) return begin_anew();
    pause();
    replay_if_due();
  });
}

void Delivery::pause() {
  phase_ = Phase::kPausing;
  const std::uint64_t pause = count_of(retry_after_);
  const std::uint64_t wait = pause / 2 + jitter_() % (pause / 2 + 1);  // Half to all of it.
  retry_after_ = is_hurried_ ? kRetryMin : std::min(retry_after_ * 2, kRetryMax);
  uv_update_time(loop_);
  uv_timer_start(pause_timer_.get(), on_pause_over, wait, 0);
}

void Delivery::tick() {
  replay_if_due();
  if (is_tick_under_way_) return;  // The disk is slow: one of them is enough.
  is_tick_under_way_ = true;
  spool_.tick([this] {
    is_tick_under_way_ = false;
    tell_of_new_series();
    send_next();
  });
}

// When they begin to wait for long, each time that their number has doubled since, and when the
// last has left.
void Delivery::tell_of_new_series() {
  const SpoolStats& stats = spool_.stats();
  if (stats.new_series == 0) {
    if (new_series_told_ > 0) {
      say(LogId::kNewSeriesLeft,
          "destination {} ({}): the new series that waited for their turn have left, {} of "
          "them in {} s",
          config_.name, endpoint(), stats.series_admitted - admitted_before_,
          (now_ms() - new_series_since_ms_) / 1000);
    }
    new_series_told_ = 0;
    return;
  }
  if (stats.new_series_time < kNewSeriesToldMin || stats.new_series < 2 * new_series_told_) return;
  if (new_series_told_ == 0) {
    new_series_since_ms_ = now_ms();
    admitted_before_ = stats.series_admitted;
  }
  new_series_told_ = stats.new_series;
  say(LogId::kNewSeriesWait,
      "destination {} ({}): {} new series wait for their turn, {} leave in a minute "
      "(new_series_per_minute), the last in {} {} s; their datapoints are kept until then",
      config_.name, endpoint(), stats.new_series, config_.new_series_per_minute,
      stats.is_new_series_growing ? "at least" : "about", stats.new_series_time.count());
}

void Delivery::suspect_death(const std::string& reason) {
  if (replay_reason_.empty()) replay_reason_ = reason;
  replay_if_due();
}

// Not while the fate of a batch is open, and after another replay not before a pause, which doubles
// up to replay_window while signs keep coming: a receiver that is killed twice gets all it lost
// soon, and one that closes idle connections is not sent everything again and again. The spool
// keeps what was acknowledged for long enough. With nothing acknowledged since the last one, there
// is nothing to send once more.
void Delivery::replay_if_due() {
  const bool is_decided = phase_ == Phase::kIdle || phase_ == Phase::kPausing;
  if (replay_reason_.empty() || !is_decided) return;
  if (!has_news_for_replay_) return replay_reason_.clear();
  if (last_replay_ms_) {
    const std::uint64_t calm_ms = now_ms() - *last_replay_ms_;
    if (calm_ms < count_of(replay_pause_)) return;
    const bool is_over = calm_ms > 2 * count_of(config_.replay_window);
    replay_pause_ = std::min<milliseconds>(is_over ? kReplayPauseMin : 2 * replay_pause_,
                                           config_.replay_window);
  }
  last_replay_ms_ = now_ms();
  has_news_for_replay_ = false;
  spool_.replay([this, reason = std::exchange(replay_reason_, {})](std::uint64_t count) {
    if (count > 0) {
      say(LogId::kDestinationReplay,
          "destination {} ({}): {}; {} datapoints that were acknowledged within {} s are sent once "
          "more",
          config_.name, endpoint(), reason, count, config_.replay_window.count());
    }
    send_next();
  });
}

void Delivery::note_lag() {
  // What is sent once more has arrived already, so it is no arrears.
  const SpoolStats& stats = spool_.stats();
  if (spool_.is_open() && stats.waiting + stats.in_flight + spool_.on_the_way() == 0)
    behind_since_ms_.reset();
  else if (!behind_since_ms_)
    behind_since_ms_ = now_ms();
}

std::uint64_t Delivery::now_ms() const noexcept { return uv_hrtime() / 1'000'000; }

std::uint64_t Delivery::waiting_count() const noexcept {
  const SpoolStats& stats = spool_.stats();
  return stats.waiting + stats.held + stats.in_flight + spool_.on_the_way();
}

DestinationSnapshot Delivery::snapshot() const {
  const SpoolStats& stats = spool_.stats();
  DestinationSnapshot snapshot{
      .name = config_.name,
      .endpoint = endpoint(),
      .spooled_at_start = stats.spooled_at_start,
      .published_before = published_before_,
      .published = stats.put + spool_.on_the_way() + dropped_before_spool_,
      .restored = restored_,
      .acknowledged = stats.acknowledged,
      .unconfirmed = stats.unconfirmed,
      .superseded = stats.superseded,
      .dropped_full = stats.dropped_full + dropped_before_spool_,
      .dropped_old = stats.dropped_old,
      .dropped_damaged = stats.dropped_damaged,
      .waiting = stats.waiting + stats.held + spool_.on_the_way(),
      .in_flight = stats.in_flight,
      .replayed = stats.replayed,
      .held_series = stats.new_series,
      .held_datapoints = stats.held,
      .held_seconds = static_cast<std::uint64_t>(stats.new_series_time.count()),
      .is_held_growing = stats.is_new_series_growing,
      .new_series_per_minute = config_.new_series_per_minute,
      .replay_waiting = stats.replay_waiting + stats.replay_in_flight,
      .spool_bytes = stats.bytes,
      .is_spool_on_disk = stats.is_on_disk,
      .has_spool_failed = !stats.is_on_disk && stats.failures > 0,
      .batches_acknowledged = batches_acknowledged_,
      .batches_failed = batches_failed_,
      .is_unconfirmed = confirmation_.is_unconfirmed(),
      .is_down = is_down_,
      .last_error = is_down_ ? last_error_ : std::string()};
  if (stats.oldest_window) snapshot.oldest_waiting = *stats.oldest_window;
  if (behind_since_ms_) snapshot.lag_seconds = (now_ms() - *behind_since_ms_) / 1000;
  return snapshot;
}

void Delivery::add_to(Stats& sum) const {
  const SpoolStats& spool = spool_.stats();
  sum.datapoints_acknowledged += spool.acknowledged;
  sum.datapoints_unconfirmed += spool.unconfirmed;
  sum.datapoints_superseded += spool.superseded;
  sum.datapoints_dropped_queue_full += spool.dropped_full + dropped_before_spool_;
  sum.datapoints_dropped_too_old += spool.dropped_old;
  sum.datapoints_dropped_damaged += spool.dropped_damaged;
  sum.datapoints_replayed += spool.replayed;
  sum.spool_failures += spool.failures;
  sum.batches_acknowledged += batches_acknowledged_;
  sum.batches_failed += batches_failed_;
}

void Delivery::on_pause_over(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<Delivery*>(timer->data);
  if (self == nullptr) return;
  self->phase_ = Phase::kIdle;
  self->send_next();
}

void Delivery::on_backlog_due(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<Delivery*>(timer->data);
  if (self != nullptr) self->send_next();
}

void Delivery::on_tick(uv_timer_t* timer) noexcept {
  auto* const self = static_cast<Delivery*>(timer->data);
  if (self != nullptr) self->tick();
}

}  // namespace sluice

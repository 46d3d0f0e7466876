#include "fuzz.h"
#include "sluice/syslog/stamp_time.h"
#include "syslog/parse_timestamp.h"

namespace {

sluice::LocalMoments utc(sluice::LocalTime local) {
  const sluice::Timestamp moment(local.time_since_epoch());
  return {moment, moment};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  for (const auto take : {detail::take_stamp, detail::take_iso_stamp}) {
    std::string_view rest = bytes;
    Stamp stamp;
    const detail::StampFound found = take(rest, stamp);
    fuzz::expect_inside(rest, bytes);
    fuzz::expect_stamp(stamp);
    fuzz::expect(stamp.present == (found == detail::StampFound::kGood), "only a good stamp is set");
    fuzz::expect(found != detail::StampFound::kNone || rest == bytes, "no stamp takes nothing");
    const Timestamp now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
    const auto moment = resolve_stamp(stamp, now, utc);
    fuzz::expect(!moment || stamp.present, "no stamp has no moment");
    fuzz::expect(
        !moment || stamp.year != 0 || *moment <= now + kStampAheadMax + std::chrono::days(1),
        "a year-less stamp is never far ahead");
  }
  return 0;
}

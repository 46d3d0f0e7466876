#include "sluice/values/delta.h"

#include <string>
#include <vector>

#include "fuzz.h"
#include "sluice/values/delta_encoding.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const auto delta = decode_delta(fuzz::bytes_of(data, size));
  if (!delta) return 0;
  const std::string bytes = encode_delta(*delta);
  const auto again = decode_delta(bytes);
  fuzz::expect(again.has_value(), "what was read can be written and read again");
  fuzz::expect(encode_delta(*again) == bytes, "and is then the same");

  std::vector<Summary> totals;
  for (const Metric& metric : delta->metrics) totals.emplace_back(has_quantiles(metric.type));
  for (const Delta::Host& host : delta->hosts) {
    for (const Delta::Sign& sign : host.signs)
      fuzz::expect(sign.presence < delta->presences.size(), "a sign has its presence");
    for (const Delta::Entry& entry : host.entries) {
      fuzz::expect(entry.metric < totals.size(), "an entry has its metric");
      fuzz::expect(entry.summary.count() > 0, "a summary has a sample");
      totals[entry.metric].merge(entry.summary);
    }
  }
  for (const Summary& total : totals) {
    if (total.count() == 0 || !total.keeps_distribution()) continue;
    const auto quantiles = total.quantiles(std::vector{0.01, 0.5, 0.95, 1.0});
    fuzz::expect(quantiles.front() <= quantiles.back(), "quantiles ascend");
  }
  return 0;
}

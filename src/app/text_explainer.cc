#include "app/text_explainer.h"

#include <chrono>
#include <utility>

#include "app/explanation.h"
#include "app/message_source.h"
#include "config/zone.h"
#include "sluice/pipeline/ingest.h"

namespace sluice {

// What a setup has for it, shared with it.
struct TextExplainer::Rules {
  Config config;
  std::shared_ptr<const RuleSet> rules;
  std::shared_ptr<const ClusterMap> clusters;
};

void TextExplainer::take(const Setup& setup) {
  rules_.store(std::make_shared<const Rules>(setup.config, setup.rules, setup.clusters));
}

Expected<std::vector<std::string>> TextExplainer::explain(const ExplainRequest& request) const {
  const auto now_rules = rules_.load();
  if (!now_rules) return fail("the relay is not ready");
  const Config& config = now_rules->config;
  const auto framing = input_framing_from(request.framing.empty() ? "auto" : request.framing);
  if (!framing) return at("framing", framing.error());
  auto zone = load_zone(request.tz.empty() ? config.tz : request.tz);
  if (!zone) return at("tz", std::move(zone).error());
  const auto paths = paths_of(config);
  if (!paths) return std::unexpected(paths.error());

  const Timestamp now = std::chrono::system_clock::now();
  const Peer peer{.text = "localhost", .is_trusted = true};
  Ingest ingest(ingest_options_of(config), now_rules->rules, nullptr);
  const Timestamp oldest = now - config.catch_up - config.window;
  std::vector<std::string> told;
  const InputOptions input_options{.framing = *framing,
                                   .max_message = message_max_of(config, InputKind::kSyslog)};
  const auto done =
      for_each_message_of(request.text, input_options, [&](const InputMessage& input) {
        if (told.size() == request.messages_max) return;
        const Message message{.bytes = input.bytes,
                              .peer = peer,
                              .zone = **zone,
                              .truncated = input.truncated,
                              .incomplete = input.incomplete};
        const MessageTrace trace = ingest.explain(message, now);
        told.push_back(explain_as_json({trace, *now_rules->rules, *now_rules->clusters, *paths,
                                        config.rollups, trace.event_time.time < oldest}));
        (void)ingest.take_delta();
      });
  if (!done) return std::unexpected(done.error());
  return told;
}

}  // namespace sluice

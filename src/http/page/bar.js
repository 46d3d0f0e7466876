// The thin bar: is the relay itself well?
import {get} from "./api.js";
import {el, fill} from "./dom.js";
import {count, seconds} from "./format.js";

export async function showBar(bar, about) {
  try {
    const [health, ledger] = await Promise.all([get("/healthz"), get("/api/v1/ledger")]);
    const isWell = health.status === "ok";
    const lost = Object.values(ledger.uncounted_loss ?? {}).some((n) => n !== 0);
    bar.className = `bar ${isWell ? "good" : lost ? "bad" : "warn"}`;
    fill(bar,
      el("a", {href: "#/relay"}, isWell ? "The relay is well" : "The relay is degraded"),
      `: ${sumOf(ledger)}${about.instance ? ` (${about.instance}, ${about.version})` : ""}`,
      isWell ? null : el("ul", {}, health.reasons.map((reason) => el("li", {}, reason))));
  } catch (error) {
    bar.className = "bar bad";
    fill(bar, `No answer from the relay: ${error.message}. What stands below is old.`);
  }
}

// "nothing lost; graphite: all delivered".
function sumOf(ledger) {
  const lost = Object.values(ledger.uncounted_loss ?? {}).reduce((sum, n) => sum + Math.abs(n), 0);
  const words = [lost === 0 ? "nothing lost unaccounted" : `${count(lost, "thing")} lost unaccounted: a bug, please report it`];
  for (const one of ledger.destinations ?? []) {
    if (!one.waiting) words.push(`${one.name}: all delivered`);
    else words.push(`${one.name}: ${count(one.waiting, "datapoint waits", "datapoints wait")}` +
      (one.lag_seconds ? `, ${seconds(one.lag_seconds)} behind` : ""));
  }
  return words.join("; ");
}

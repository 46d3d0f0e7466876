// The thin bar: is the relay itself well?
import {get} from "./api.js";
import {el, fill} from "./dom.js";
import {ago, count, number, seconds} from "./format.js";

let lastAnswer = null;  // When the relay said something, as it writes times.

export async function showBar(bar, about) {
  try {
    const [health, ledger] = await Promise.all([get("/healthz"), get("/api/v1/ledger")]);
    lastAnswer = ledger.time ?? new Date().toISOString();
    const isWell = health.status === "ok";
    bar.className = `bar ${isWell ? "good" : lossOf(ledger) > 0 ? "bad" : "warn"}`;
    fill(bar,
      el("span", {}, el("a", {href: "#/relay"}, isWell ? "The relay is well" : "The relay is degraded"), ": ", wordsOf(ledger).join(" · ")),
      about.instance ? el("span", {class: "who"}, `${about.instance}, sluice ${about.version}`) : null,
      isWell ? null : el("ul", {}, health.reasons.map((reason) => el("li", {}, reason))));
  } catch (error) {
    if (error.status === 401) {
      bar.className = "bar warn";
      return fill(bar, el("span", {}, "The relay asks for its token."));
    }
    bar.className = "bar bad";
    const since = lastAnswer ? [" What stands below is from ", ago(lastAnswer), "."] : null;
    fill(bar, el("span", {}, el("strong", {}, "No answer: "), `${error.message}.`, since));
  }
}

function lossOf(ledger) {
  return Object.values(ledger.uncounted_loss ?? {}).reduce((sum, n) => sum + Math.abs(n), 0);
}

// How long new series take at the pace that carbon creates files.
export function heldTime({seconds: time, growing}) {
  return growing ? `at least ${seconds(time)}` : seconds(time);
}

// "nothing lost uncounted", "graphite: all delivered".
function wordsOf(ledger) {
  const lost = lossOf(ledger);
  const words = [lost === 0 ? "nothing lost uncounted" : `${count(lost, "thing")} lost uncounted: a bug, please report it`];
  const destinations = ledger.destinations ?? [];
  if (destinations.length === 0) words.push("no carbon: what you see is kept here alone");
  for (const one of destinations) words.push(`${one.name}: ${standingOf(one)}`);
  const late = ledger.samples?.dropped?.too_late;
  if (late > 0) words.push(`${number(late)} samples came too late`);
  return words;
}

function standingOf({waiting: kept, in_flight: tried, down, lag_seconds: lag, held}) {
  const heldWords = held?.series > 0 ? `, ${count(held.series, "new series needs", "new series need")} ${heldTime(held)} to leave` : "";
  // Of one that takes nothing, all that waits may be in the batch that is tried.
  const waiting = kept + (down ? tried : 0);
  if (waiting === 0) return "all delivered";
  return `${count(waiting, "datapoint waits", "datapoints wait")}${lag ? `, ${seconds(lag)} behind` : ""}${heldWords}`;
}

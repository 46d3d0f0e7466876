// The thin bar: is the relay itself well?
import {about, get} from "./api.js";
import {el, fill} from "./dom.js";
import {age, count, now, number, seconds} from "./format.js";

// Ages go on when an answer is late, and after so long, when the page should have asked twice, it says so.
const kLate = 2;
const kSilent = 10;

let lastAnswer = null;  // When the relay said something, in epoch seconds.
let askedSince = null;  // When it was asked what it has not answered yet, in seconds of this machine's clock.
let hasSaidSo = false;  // That no answer comes, and why.

// Gives when the relay started; null when it does not say.
export async function showBar(bar) {
  askedSince ??= Date.now() / 1000;
  try {
    const [health, ledger] = await Promise.all([get("/healthz"), get("/api/v1/ledger")]);
    answered();
    const isWell = health.status === "ok";
    bar.className = `bar ${isWell ? "good" : lossOf(ledger) > 0 ? "bad" : "warn"}`;
    fill(bar,
      el("span", {}, el("a", {href: "#/relay"}, isWell ? "The relay is well" : "The relay is degraded"), ": ", wordsOf(ledger).join(" · ")),
      about.instance ? el("span", {class: "who"}, `${about.instance}, sluice ${about.version}`) : null,
      isWell ? null : el("ul", {}, reasonsOf(health, ledger).map((reason) => el("li", {title: reason}, reason))));
    return ledger.started;
  } catch (error) {
    if (error.status === 401) {
      answered();
      bar.className = "bar warn";
      fill(bar, el("span", {}, "The relay asks for its token."));
    } else {
      sayNoAnswer(bar, error.message);
    }
    return null;
  }
}

function answered() {
  lastAnswer = now();
  askedSince = null;
  hasSaidSo = false;
}

// The moment and no age: a screen reader would read it out every second.
function sayNoAnswer(bar, why) {
  hasSaidSo = true;
  const since = lastAnswer ? ` What stands below is from ${new Date(lastAnswer * 1000).toLocaleTimeString("en-GB")}.` : null;
  bar.className = "bar bad";
  fill(bar, el("span", {}, el("strong", {}, "No answer: "), `${why}.`, since));
}

// Once a second: while no answer comes, what is shown grows old all the same.
export function countOn(bar, main) {
  const waited = askedSince === null ? 0 : Date.now() / 1000 - askedSince;
  if (waited < kLate) return;
  for (const one of main.querySelectorAll("time")) one.textContent = age(one.dateTime);
  if (waited >= kSilent && !hasSaidSo) sayNoAnswer(bar, "the relay does not answer");
}

// Those of /healthz. Of a destination that takes nothing the words beside them have told how much waits, and the
// relay's own page tells the whole of its last error.
function reasonsOf(health, ledger) {
  const down = (ledger.destinations ?? []).filter((one) => one.down);
  return health.reasons.map((reason) => {
    const gone = down.find((one) => reason.startsWith(`destination ${one.name} (${one.endpoint}) does not take datapoints`));
    return gone === undefined ? reason : `${gone.name} takes nothing: ${(gone.last_error || "it is down").split("; ")[0]}`;
  });
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
  if (destinations.length === 0) words.push(about.history ? "no carbon: what you see is kept here alone" : "no carbon and no history: the numbers go nowhere");
  for (const one of destinations) words.push(`${one.name}: ${standingOf(one)}`);
  const late = ledger.samples?.dropped?.too_late;
  if (late > 0) words.push(`${number(late)} samples came too late`);
  return words;
}

function standingOf({waiting: kept, in_flight: tried, down, lag_seconds: lag, held}) {
  // How long that takes is only known of one that takes something.
  const heldWords = held?.series > 0 && !down ? `, ${count(held.series, "new series needs", "new series need")} ${heldTime(held)} to leave` : "";
  // Of one that takes nothing, all that waits may be in the batch that is tried.
  const waiting = kept + (down ? tried : 0);
  if (waiting === 0) return "all delivered";
  return `${count(waiting, "datapoint waits", "datapoints wait")}${lag ? `, ${seconds(lag)} behind` : ""}${heldWords}`;
}

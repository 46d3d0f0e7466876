// The states of nodes, worst first, and how they are shown.
import {el} from "./dom.js";

const kStates = ["failed", "no_catalog", "stale", "never", "changed", "unchanged", "noop", "skipped"];
// Shown only while a node is in them.
const kRare = new Set(["no_catalog", "noop", "skipped"]);

export const kWords = {
  failed: "failed", no_catalog: "without a catalog", stale: "stale", never: "never heard", changed: "changed",
  noop: "noop", skipped: "skipped", unchanged: "unchanged",
};

// By number of the charts' palette: red is for what failed.
export const kColourOf = {failed: 1, no_catalog: 5, stale: 3, never: 4, changed: 0, unchanged: 2, noop: 6, skipped: 7};

// Those of {state: how many hosts} that are worth a word; none where nothing is known.
export function statesOf(nodes) {
  return kStates.filter((state) => nodes[state] !== null && (nodes[state] > 0 || !kRare.has(state)));
}

export function classOf(state) {
  if (state === "failed" || state === "no_catalog") return "bad";
  if (state === "stale" || state === "never" || state === "skipped") return "warn";
  return state === "unchanged" || state === "changed" ? "good" : "quiet";
}

// The order of lines in a chart of states.
export function rankOf(state) {
  return kStates.indexOf(state);
}

export function mark(state) {
  return el("span", {class: `mark ${classOf(state)}`}, kWords[state] ?? state);
}

// How many hosts failed or had no catalog; null while nothing is known.
export function failedOf({failed, no_catalog: without}) {
  return failed === null && without === null ? null : (failed ?? 0) + (without ?? 0);
}

// Whether it is one of them.
export function isFailing(host) {
  return Object.values(host.states).some(({state}) => classOf(state) === "bad");
}

// How many hosts the sign of life misses that misses most; null while none can be told. Which hosts two of them miss
// is not among the numbers, so they are not added up.
export function missingOf(presences) {
  const known = presences.filter((one) => one.missing !== null);
  return known.length === 0 ? null : Math.max(...known.map((one) => one.missing));
}

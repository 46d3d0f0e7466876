// The states of nodes, worst first, and how they are shown.
import {el} from "./dom.js";

export const kStates = ["failed", "no_catalog", "stale", "never", "changed", "noop", "skipped", "unchanged"];

export const kWords = {
  failed: "failed", no_catalog: "without a catalog", stale: "stale", never: "never heard", changed: "changed",
  noop: "noop", skipped: "skipped", unchanged: "unchanged",
};

export function classOf(state) {
  if (state === "failed" || state === "no_catalog") return "bad";
  if (state === "stale" || state === "never" || state === "skipped") return "warn";
  return state === "unchanged" || state === "changed" ? "good" : "quiet";
}

export function mark(state) {
  return el("span", {class: `mark ${classOf(state)}`}, kWords[state] ?? state);
}

export function missingOf(presences) {
  return presences.reduce((sum, one) => sum + (one.missing ?? 0), 0);
}

// The time range of a page with charts. It stands in the URL, so that what one sees can be shown to others:
// "-3h", or {from, until} in epoch seconds.
import {el} from "./dom.js";
import {clock, now} from "./format.js";

const kHour = 3600;
const kRanges = [[1, "1 hour"], [3, "3 hours"], [12, "12 hours"], [24, "24 hours"]];
export const kDefaultRange = "-3h";
const kShortest = 60;

export function rangeOf(query) {
  const from = Number(query.get("from"));
  const until = Number(query.get("until"));
  if (from > 0 && until > from) return {from, until};
  return query.get("range")?.match(/^-[1-9]\d{0,3}h$/)?.[0] ?? kDefaultRange;
}

// What stands in the URL for it.
export function inQuery(range) {
  if (range === kDefaultRange) return {};
  return typeof range === "string" ? {range} : {from: Math.floor(range.from), until: Math.ceil(range.until)};
}

export function boundsOf(range) {
  if (typeof range !== "string") return [Math.floor(range.from), Math.ceil(range.until)];
  return [Math.floor(now() - Number(range.slice(1, -1)) * kHour), Math.floor(now())];
}

// Buttons, which also do what a mouse does over a chart. `shown`: the epoch seconds that the charts span.
export function rangeBar(range, choose, shown) {
  // A button stays while the page asks again, so each is told what is shown when it is pressed.
  const moved = (sign, words, made) => el("button", {key: sign, type: "button", "aria-label": words, title: words,
    onclick: () => choose((was) => clipped(made(...was)))}, sign);
  return el("div", {class: "ranges", role: "group", "aria-label": "Time range"},
    kRanges.map(([hours, words]) => el("button", {key: words, type: "button", "aria-pressed": String(range === `-${hours}h`),
      onclick: () => choose(() => `-${hours}h`)}, words)),
    moved("←", "Earlier", (a, b) => ({from: a - (b - a) / 2, until: b - (b - a) / 2})),
    moved("→", "Later", (a, b) => ({from: a + (b - a) / 2, until: b + (b - a) / 2})),
    moved("+", "Zoom in", (a, b) => (b - a <= kShortest ? {from: a, until: b} : {from: a + (b - a) / 4, until: b - (b - a) / 4})),
    moved("−", "Zoom out", (a, b) => ({from: a - (b - a) / 2, until: b + (b - a) / 2})),
    el("span", {class: "shown"}, `${clock(shown[0])} to ${clock(shown[1])}`),
    el("span", {class: "quiet hint"}, "drag over a chart to zoom in, double-click to go back"));
}

// Nothing is known of the future; what reaches into it is moved back.
function clipped({from, until}) {
  const over = Math.max(0, until - now());
  return {from: Math.max(1, from - over), until: until - over};
}

// The choice of a time range, for pages with charts.
import {el} from "./dom.js";

export const kRanges = [["-1h", "1 hour"], ["-3h", "3 hours"], ["-12h", "12 hours"], ["-24h", "24 hours"]];

// Buttons; `chosen` is one of the first of kRanges, or {from, until} in epoch seconds.
export function rangeButtons(chosen, choose) {
  const isZoomed = typeof chosen !== "string";
  return el("div", {class: "ranges", role: "group", "aria-label": "Time range"},
    kRanges.map(([range, words]) =>
      el("button", {type: "button", "aria-pressed": String(range === chosen), onclick: () => choose(range)}, words)),
    isZoomed ? el("span", {class: "quiet"}, `${clock(chosen.from)} to ${clock(chosen.until)}`) : null,
    el("span", {class: "quiet"}, "drag over a chart to zoom in, double-click to zoom out"));
}

export function boundsOf(chosen) {
  return typeof chosen === "string" ? [chosen, null] : [Math.floor(chosen.from), Math.ceil(chosen.until)];
}

function clock(time) {
  return new Date(time * 1000).toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit"});
}

// Small graphs, drawn as SVG.
import {el, svg} from "./dom.js";

const kWidth = 100;
const kHeight = 30;

// The last points of a series, 0 at the bottom, over [from, until]. `label` is what a screen reader says. `usual`
// is drawn as a dashed line.
export function spark(points, {label, from, until, usual = null, isBad = false}) {
  const known = points.filter(([, value]) => value !== null);
  if (known.length === 0) return el("span", {class: "quiet"}, "no points yet");
  const top = Math.max(...known.map(([, value]) => value), usual ?? 0, 1e-9);
  const x = (time) => (kWidth * (time - from)) / Math.max(until - from, 1);
  const y = (value) => kHeight - 2 - ((kHeight - 5) * Math.max(value, 0)) / top;
  const pieces = piecesOf(known);
  const line = pieces.map((piece) => lineOf(piece, x, y)).join("");
  const area = pieces.map((piece) => `${lineOf(piece, x, y)}L${x(piece.at(-1)[0]).toFixed(1)} ${kHeight}L${x(piece[0][0]).toFixed(1)} ${kHeight}Z`).join("");
  return svg("svg", {class: isBad ? "spark bad" : "spark", viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: "none",
    role: "img", "aria-label": label},
    svg("path", {class: "area", d: area}),
    usual === null ? null : svg("path", {class: "usual", d: `M0 ${y(usual).toFixed(1)}H${kWidth}`}),
    svg("path", {class: "line", d: line}),
    svg("path", {class: "end", d: `M${x(known.at(-1)[0]).toFixed(1)} ${y(known.at(-1)[1]).toFixed(1)}h0`}));
}

function lineOf(piece, x, y) {
  return piece.map(([time, value], i) => `${i === 0 ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

// Known points, cut where something is missing: where the pause is far longer than is usual between two of them. A
// series with a point per half hour is a line, too.
export function piecesOf(known) {
  const pauses = known.slice(1).map(([time], i) => time - known[i][0]).sort((a, b) => a - b);
  const longest = 4 * (pauses[Math.floor(pauses.length / 2)] ?? 0);
  const pieces = [];
  known.forEach((point, i) => {
    if (i === 0 || point[0] - known[i - 1][0] > longest) pieces.push([]);
    pieces.at(-1).push(point);
  });
  return pieces;
}

// When the first of these series has its first point; `fallback` where none has any.
export function beginOf(seriesOfAll, fallback) {
  const begins = seriesOfAll.map((points) => points.find(([, value]) => value !== null)?.[0]).filter((time) => time !== undefined);
  return begins.length === 0 ? fallback : Math.max(Math.min(...begins), fallback);
}

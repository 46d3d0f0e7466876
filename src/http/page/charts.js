// Small graphs are drawn here as SVG, large ones by dygraphs.
import {el, svg} from "./dom.js";

// A line of the last points, 0 at the bottom. `label` is what a screen reader says.
export function spark(points, label, isBad = false) {
  // What is younger than the range begins at the left.
  const first = points.findIndex(([, value]) => value !== null);
  const values = points.slice(Math.max(first, 0)).map(([, value]) => value);
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return el("span", {class: "quiet"}, "no points yet");
  const most = Math.max(...known, 1e-9);
  let path = "";
  let isDown = false;
  values.forEach((value, i) => {
    if (value === null) return;
    const x = values.length < 2 ? 50 : (100 * i) / (values.length - 1);
    const y = 28 - (26 * Math.max(value, 0)) / most;
    // Series with a point per half hour are a line, too: gaps are bridged.
    path += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  });
  if (known.length === 1) path += "h4";
  return svg("svg", {class: isBad ? "spark bad" : "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", role: "img",
    "aria-label": label}, svg("path", {d: path}));
}

const kColours = {
  light: ["#0b5c7a", "#b3261e", "#1d6b34", "#8a5300", "#5b3f8c", "#7a3b12", "#00695f"],
  dark: ["#7cc7e6", "#ff9c92", "#7fd49a", "#f0b95e", "#c3a6f2", "#e0a37c", "#6fd6c9"],
};

// One chart of several series: `lines` is a map from name to points, all on the same times.
// `redraw(from, until)` is called when somebody zooms.
export function chart(title, lines, {unit = "", onzoom = null} = {}) {
  const plot = el("div", {class: "plot"});
  const figure = el("figure", {class: "chart", style: null}, el("figcaption", {}, el("h3", {}, title + (unit ? ` (${unit})` : ""))), plot);
  figure.draw = () => draw(plot, title, lines, onzoom);
  return figure;
}

function rowsOf(lines) {
  const rows = new Map();
  [...lines.values()].forEach((points, column) => {
    for (const [time, value] of points) {
      if (!rows.has(time)) rows.set(time, [new Date(time * 1000), ...Array(lines.size).fill(null)]);
      rows.get(time)[column + 1] = value;
    }
  });
  return [...rows.keys()].sort((a, b) => a - b).map((time) => rows.get(time));
}

function draw(plot, title, lines, onzoom) {
  const rows = rowsOf(lines);
  const hasPoint = rows.some((row) => row.slice(1).some((value) => value !== null));
  if (!hasPoint) {
    plot.replaceChildren(el("p", {class: "quiet"}, "no points in this range"));
    return null;
  }
  const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  const graph = new globalThis.Dygraph(plot, rows, {
    labels: ["time", ...lines.keys()],
    colors: kColours[theme],
    connectSeparatedPoints: true,
    drawPoints: rows.length < 200,
    pointSize: 1.5,
    strokeWidth: 1.4,
    includeZero: true,
    legend: lines.size > 1 ? "always" : "onmouseover",
    labelsSeparateLines: false,
    axisLineColor: style.getPropertyValue("--line"),
    gridLineColor: style.getPropertyValue("--line"),
    axes: {y: {axisLabelWidth: 46}},
    zoomCallback: (from, until) => { if (onzoom) onzoom(from / 1000, until / 1000); },
  });
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${title}: ${summaryOf(lines)}`);
  return graph;
}

// What a screen reader says of a chart: the last value of each line.
function summaryOf(lines) {
  const parts = [];
  for (const [name, points] of lines) {
    const known = points.filter(([, value]) => value !== null);
    if (known.length > 0) parts.push(`${name} ${Number(known.at(-1)[1].toPrecision(4))}`);
    if (parts.length === 5) break;
  }
  return `last ${parts.join(", ")}`;
}

// Large graphs, drawn by dygraphs. A board keeps its charts while the page asks again, so that nothing flickers
// and nobody's drag over one is cut short.
import {el, fill, svg} from "./dom.js";
import {number, short} from "./format.js";
import {beginOf, piecesOf} from "./spark.js";

const kColours = {
  light: ["#0b5c7a", "#b3261e", "#1d6b34", "#8a5300", "#5b3f8c", "#7a3b12", "#00695f", "#5c6670"],
  dark: ["#7cc7e6", "#ff9c92", "#7fd49a", "#f0b95e", "#c3a6f2", "#e0a37c", "#6fd6c9", "#b8c2c8"],
};

// The same leaf has the same colour in every chart.
const kColourOfLeaf = {mean: 0, p95: 3, max: 4, count: 6};

export class ChartBoard {
  // `onzoom(from, until)`: somebody dragged over these epoch seconds; `onreset()`: or double-clicked.
  constructor({onzoom, onreset}) {
    this.element = el("div", {class: "charts"});
    this.hooks = {onzoom, onreset};
    this.charts = new Map();
  }

  // Each of `wanted` is {title, unit, href, lines: Map of name to points, colours: name to number}. All get one
  // time axis, which begins where the first point is when the history is younger than what is asked for.
  show(wanted, from, until) {
    const begin = beginOf(wanted.flatMap(({lines}) => [...lines.values()]), from);
    const names = new Set(wanted.map((one) => one.title));
    for (const [title, chart] of this.charts) {
      if (!names.has(title)) this.drop(title, chart);
    }
    for (const one of wanted) {
      if (this.charts.has(one.title)) continue;
      const chart = new Chart(one, this.hooks);
      this.charts.set(one.title, chart);
      this.element.append(chart.figure);
    }
    // Only now, because the size of one depends on how many there are.
    for (const one of wanted) this.charts.get(one.title).draw(one, begin, until);
    return begin;
  }

  drop(title, chart) {
    chart.close();
    chart.figure.remove();
    this.charts.delete(title);
  }

  close() {
    for (const [title, chart] of [...this.charts]) this.drop(title, chart);
  }
}

class Chart {
  constructor({title, unit = "", href = null}, hooks) {
    const words = title + (unit ? ` (${unit})` : "");
    this.title = title;
    this.hooks = hooks;
    this.graph = null;
    this.names = "";
    this.legend = el("ul", {class: "legend", "aria-hidden": "true"});
    this.plot = el("div", {class: "plot", role: "img"});
    this.figure = el("figure", {class: "chart"},
      el("figcaption", {}, el("h2", {}, href ? el("a", {href}, words) : words), this.legend), this.plot);
  }

  draw({lines, colours = {}}, from, until) {
    // Somebody is dragging over it; the next time will do.
    if (this.graph?.isBeingDragged) return;
    this.lines = lines;
    const rows = rowsOf(lines);
    if (rows.length === 0) return this.sayNothing();
    const names = [...lines.keys()].join("\n");
    this.plot.setAttribute("aria-label", `${this.title}: ${summaryOf(lines)}`);
    const dateWindow = [from * 1000, Math.max(until, from + 1) * 1000];
    if (this.graph && names === this.names) {
      this.graph.updateOptions({file: rows, dateWindow, drawPoints: rows.length < 120});
    } else {
      this.close();
      this.names = names;
      this.figure.classList.remove("empty");
      this.colours = coloursOf(lines, colours);
      this.make(rows, dateWindow);
    }
    this.tell(null);
  }

  make(rows, dateWindow) {
    const style = getComputedStyle(document.documentElement);
    this.plot.replaceChildren();
    this.graph = new globalThis.Dygraph(this.plot, rows, {
      labels: ["time", ...this.lines.keys()], colors: this.colours, dateWindow,
      connectSeparatedPoints: true, drawPoints: rows.length < 120, pointSize: 1.5, strokeWidth: 1.4, includeZero: true,
      legend: "never", axisLineColor: style.getPropertyValue("--line"),
      gridLineColor: style.getPropertyValue("--line"), xRangePad: 2,
      axes: {y: {axisLabelWidth: 50, pixelsPerLabel: 28, axisLabelFormatter: (value) => short(value)}, x: {pixelsPerLabel: 70}},
      interactionModel: this.interaction(),
      highlightCallback: (event, time, points, row) => this.tell(row),
      unhighlightCallback: () => this.tell(null),
      zoomCallback: (from, until) => this.zoomed(from, until),
    });
  }

  // As dygraphs' own, but fingers scroll the page, and a double click takes back the zoom of all charts.
  interaction() {
    const {mousedown} = globalThis.Dygraph.defaultInteractionModel;
    return {
      willDestroyContextMyself: true,
      mousedown: (event, graph, context) => {
        graph.isBeingDragged = true;
        document.addEventListener("mouseup", () => { graph.isBeingDragged = false; }, {once: true});
        mousedown(event, graph, context);
      },
      dblclick: (event, graph) => {
        if (graph.isZoomed("y")) graph.updateOptions({valueRange: null});
        this.hooks.onreset();
      },
    };
  }

  zoomed(from, until) {
    // Over the values alone: that is for this chart to show.
    if (this.graph?.isZoomed("y")) return;
    this.hooks.onzoom(from / 1000, until / 1000);
  }

  // The values of one row, or the last of each line.
  tell(row) {
    const entries = [...this.lines].map(([name, points], i) => {
      const value = row === null ? lastOf(points) : this.graph.getValue(row, i + 1);
      return el("li", {}, swatch(this.colours[i]), `${name} `, el("b", {}, Number.isFinite(value) ? number(value, 2) : "–"));
    });
    const time = row === null ? null : el("li", {class: "quiet"}, new Date(this.graph.getValue(row, 0)).toLocaleTimeString("en-GB"));
    fill(this.legend, entries, time);
  }

  sayNothing() {
    this.close();
    this.figure.classList.add("empty");
    this.plot.setAttribute("aria-label", `${this.title}: no points in this range`);
    this.plot.replaceChildren(el("p", {class: "quiet"}, "no points in this range"));
    fill(this.legend);
  }

  close() {
    this.graph?.destroy();
    this.graph = null;
    this.names = "";
  }
}

function swatch(colour) {
  return svg("svg", {viewBox: "0 0 10 10", class: "swatch", "aria-hidden": "true"}, svg("rect", {width: 10, height: 10, rx: 2, fill: colour}));
}

function coloursOf(lines, chosen) {
  const palette = kColours[document.documentElement.dataset.theme === "dark" ? "dark" : "light"];
  return [...lines.keys()].map((name, i) => palette[(chosen[name] ?? kColourOfLeaf[name] ?? i) % palette.length]);
}

// [Date, value of each line]; null: bridged, NaN: a gap.
function rowsOf(lines) {
  const rows = new Map();
  const row = (time) => rows.get(time) ?? rows.set(time, [new Date(time * 1000), ...Array(lines.size).fill(null)]).get(time);
  [...lines.values()].forEach((points, column) => {
    const pieces = piecesOf(points.filter(([, value]) => value !== null));
    pieces.forEach((piece, i) => {
      if (i > 0) row(piece[0][0] - 1)[column + 1] = Number.NaN;
      for (const [time, value] of piece) row(time)[column + 1] = value;
    });
  });
  return [...rows.keys()].sort((a, b) => a - b).map((time) => rows.get(time));
}

function lastOf(points) {
  return points.findLast(([, value]) => value !== null)?.[1];
}

// What a screen reader says of a chart: the last value of each line.
function summaryOf(lines) {
  const parts = [...lines].map(([name, points]) => [name, lastOf(points)]).filter(([, value]) => value !== undefined)
    .slice(0, 8).map(([name, value]) => `${name} ${number(value, 2)}`);
  return `last ${parts.join(", ")}`;
}

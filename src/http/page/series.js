// Any series: a path or a pattern, its chart, the names below it.
import {about, get, series} from "./api.js";
import {el, table} from "./dom.js";
import {inUrl, number} from "./format.js";
import {noHistory} from "./parts.js";
import {rangedView} from "./ranged.js";

const kSeriesShown = 20;

export function seriesView(root, query, again) {
  const path = query.get("path") ?? "";
  const ask = async (range) => {
    const title = [el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / series", climb(path)), el("h1", {}, "Series")];
    if (!about.history) return {above: [title, noHistory()], charts: [], below: []};
    // A name without a leaf is looked into, one with a leaf drawn.
    const asked = Promise.all([get("/api/v1/metrics", {path: path || "*", limit: 1000}),
      path === "" ? new Map() : series(path, {...range, limit: kSeriesShown + 1})]);
    const [names, found] = await asked.catch((error) => onlyBroken(error));
    // A pattern that is none can be mended where it stands.
    if (names === null) return {above: [title, form(path), el("p", {class: "bad", role: "alert"}, found)], charts: [], below: []};
    const lines = new Map([...found].slice(0, kSeriesShown));
    // Where all names begin alike, what tells them apart.
    if (path === "" && names.nodes.length === 1 && !names.nodes[0].is_leaf)
      names.nodes = (await get("/api/v1/metrics", {path: `${names.nodes[0].path}.*`, limit: 1000})).nodes;
    return {
      above: [
        title, form(path),
        found.size > kSeriesShown ? el("p", {class: "warn"}, `the first ${kSeriesShown} of those that match; say it more narrowly`) : null,
        path !== "" && found.size === 0 && names.nodes.length === 0 ? el("p", {class: "quiet"}, "The history has no series of this name.") : null],
      charts: lines.size === 0 ? [] : [{title: path, lines}],
      below: [lines.size === 0 ? null : lastTable(lines), namesTable(names, path)],
    };
  };
  return rangedView(root, {title: path || "Series", hash: "#/series", query, again, ask});
}

// Instead of names and series what is wrong with the pattern; any other error is passed on.
function onlyBroken(error) {
  if (error.status !== 400) throw error;
  return [null, error.message];
}

// The way up: each node of the path leads to what is below it.
function climb(path) {
  const nodes = path.split(".");
  return nodes.slice(0, -1).map((node, i) =>
    [i === 0 ? " / " : ".", el("a", {href: `#/series?path=${inUrl(`${nodes.slice(0, i + 1).join(".")}.*`)}`}, node)]);
}

function form(path) {
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/series?path=${inUrl(event.target.elements.path.value.trim())}`;
  };
  return el("form", {class: "asked", onsubmit: submit},
    el("label", {for: "series-path"}, "Path, as Graphite's: *, ?, [a-f], {this,that} within a node"),
    el("input", {id: "series-path", name: "path", value: path, spellcheck: "false", autocomplete: "off",
      placeholder: "sluice.clusters.*.puppet.nodes.failed"}), el("button", {}, "Show"));
}

function lastTable(lines) {
  return table("Last values", [
    {title: "Series", class: "mono", cell: ([path]) => path},
    {title: "Last", class: "number", cell: ([, points]) => number(points.findLast(([, value]) => value !== null)?.[1], 3)},
    {title: "Least", class: "number", cell: ([, points]) => number(extreme(points, Math.min), 3)},
    {title: "Most", class: "number", cell: ([, points]) => number(extreme(points, Math.max), 3)},
  ], [...lines], {key: ([path]) => path});
}

function extreme(points, pick) {
  const known = points.map(([, value]) => value).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => pick(a, b));
}

// What lies below, to go on.
function namesTable(names, path) {
  const inner = names.nodes.filter((one) => !one.is_leaf);
  if (inner.length === 0) return null;
  return [el("h2", {}, path === "" ? "Names" : "Names that go on"),
    el("ul", {class: "names"}, inner.map((one) => el("li", {key: one.path},
      el("a", {class: "mono", href: `#/series?path=${inUrl(`${one.path}.*`)}`}, one.path))))];
}

// The first page: the fleet in numbers, clusters with the worst first, why, and what changed.
import {get, series} from "./api.js";
import {spark} from "./charts.js";
import {el, fill, table} from "./dom.js";
import {ago, inUrl, median, number, seconds} from "./format.js";
import {classOf, kStates, kWords, missingOf} from "./states.js";

const kClustersShown = 60;
// What is drawn for each cluster, and how its last value is said.
const kSmall = {
  failed: {leaf: "puppet.nodes.failed", say: (value) => number(value), title: "Failed"},
  time: {leaf: "puppet.last_run.seconds.mean", say: seconds, title: "Run time"},
  cpu: {leaf: "cpu.busy.mean", say: (value) => `${number(value)} %`, title: "CPU busy"},
};

export function fleetView(view) {
  return {title: "Fleet", refresh: async () => fill(view, await content())};
}

async function content() {
  const [fleet, clusters] = await Promise.all([get("/api/v1/fleet"), get("/api/v1/clusters", {limit: kClustersShown})]);
  const graphs = await graphsOf(clusters.clusters);
  return [
    el("h1", {}, `Fleet: ${number(fleet.hosts)} hosts in ${number(fleet.clusters)} clusters`),
    el("ul", {class: "tiles", "aria-label": "The fleet in numbers"}, tilesOf(fleet)),
    el("h2", {id: "clusters"}, "Clusters, worst first"),
    clusterTable(clusters.clusters, graphs),
    clusters.total > clusters.clusters.length
      ? el("p", {class: "quiet"}, `${number(clusters.total - clusters.clusters.length)} more clusters are doing better`) : null,
    el("div", {class: "two"},
      el("section", {"aria-labelledby": "why"}, el("h2", {id: "why"}, "Why hosts fail"), failureTable(fleet.failures)),
      el("section", {"aria-labelledby": "lately"}, el("h2", {id: "lately"}, "What changed lately"), eventTable(fleet.events))),
  ];
}

export function tile(words, value, state, href = null) {
  const inside = [el("div", {class: "number"}, value), el("div", {class: "label"}, words)];
  return el("li", {class: `tile ${state}`}, href ? el("a", {href}, inside) : inside);
}

function tilesOf(fleet) {
  const hasStates = Object.values(fleet.nodes).some((n) => n !== null);
  const states = hasStates ? kStates.map((state) => {
    const value = fleet.nodes[state];
    return tile(kWords[state], number(value), value > 0 ? classOf(state) : "", `#/hosts?state=${state}`);
  }) : [];
  const presences = fleet.presences.map((one) => tile(
    `missing of ${number(one.expected)} (${one.name})`, number(one.missing), one.missing > 0 ? "bad" : "",
    `#/hosts?missing=${inUrl(one.name)}`));
  return [...states, ...presences];
}

// The points of each small graph, by cluster: three questions, however many clusters there are.
async function graphsOf(clusters) {
  if (clusters.length === 0) return {};
  const first = clusters[0];
  const root = first.path.slice(0, first.path.lastIndexOf("."));
  const entries = await Promise.all(Object.entries(kSmall).map(async ([key, {leaf}]) =>
    [key, await series(`${root}.*.${leaf}`, "-3h", null, 1000)]));
  return Object.fromEntries(entries);
}

function clusterTable(clusters, graphs) {
  const graph = (key) => ({
    title: kSmall[key].title,
    cell: (cluster) => smallGraph(cluster, key, graphs[key]?.get(`${cluster.path}.${kSmall[key].leaf}`) ?? []),
  });
  return table("Clusters, worst first", [
    {title: "Cluster", cell: (c) => el("a", {href: `#/cluster/${inUrl(c.cluster)}`}, c.cluster)},
    {title: "Hosts", class: "number", cell: (c) => number(c.hosts)},
    {title: "Missing", class: "number", cell: (c) => {
      const missing = missingOf(c.presences);
      return el("span", {class: missing > 0 ? "bad" : ""}, number(missing));
    }},
    ...Object.keys(kSmall).filter((key) => isKnown(key, clusters, graphs)).map(graph),
  ], clusters, "No host has been heard yet. Point rsyslog at this relay; the README says how.");
}

// A fleet without collectd needs no empty column.
function isKnown(key, clusters, graphs) {
  return graphs[key]?.size > 0 || clusters.some((c) => c.last?.[kSmall[key].leaf] !== undefined);
}

function smallGraph(cluster, key, points) {
  const {leaf, say, title} = kSmall[key];
  const last = cluster.last?.[leaf] ?? points.findLast(([, value]) => value !== null)?.[1] ?? null;
  if (points.length === 0 && last === null) return el("span", {class: "quiet"}, "–");
  const usual = median(points.map(([, value]) => value));
  const isBad = key === "failed" ? last > 0 : usual > 0 && last > 1.5 * usual;
  const words = key === "failed" ? say(last) : `${say(last)}`;
  const label = `${title} of ${cluster.cluster}: ${say(last)}${key === "failed" || usual === null ? "" : `, usually ${say(usual)}`}`;
  return el("div", {class: "sparkcell"},
    el("span", {class: `value${isBad ? " bad" : ""}`, title: label}, words,
      key === "time" && usual !== null ? el("div", {class: "quiet"}, `usual ${say(usual)}`) : null),
    spark(points, label, isBad));
}

export function failureTable(failures) {
  return table("Reasons of failures", [
    {title: "Hosts", class: "number", cell: (f) => el("strong", {class: "bad"}, number(f.hosts))},
    {title: "Reason", class: "text", cell: (f) => [el("div", {}, f.text),
      el("div", {class: "quiet mono"}, `${f.sample} (`, el("a", {href: `#/host/${inUrl(f.host)}`}, f.host), ")")]},
    {title: "Last", cell: (f) => ago(f.last)},
  ], failures, "No host fails, as far as its lines tell why.");
}

export function eventTable(events) {
  return table("What changed lately", [
    {title: "When", cell: (e) => ago(e.time)},
    {title: "Host", cell: (e) => el("a", {href: `#/host/${inUrl(e.host)}`}, e.host)},
    {title: "What", class: "text", cell: (e) => [e.kind === "event" ? null : [el("span", {class: "mark quiet"}, e.kind), " "], e.text]},
  ], events, "Nothing has changed since the relay started.");
}

// The first page: the fleet in numbers, clusters with the worst first, why, and what changed.
import {about, get, series} from "./api.js";
import {el, fill, table} from "./dom.js";
import {ago, count, inUrl, median, number, seconds} from "./format.js";
import {clusterLink, eventList, failingHosts, failureList, noHistory, tile, unknownWhy} from "./parts.js";
import {beginOf, spark} from "./spark.js";
import {classOf, failedOf, isFailing, kWords, missingOf, statesOf} from "./states.js";

const kClustersShown = 10;
const kClustersMax = 1000;
const kFailingShown = 6;
const kFailingAsked = 30;  // Some of the worst are missing, and have said nothing.
const kGraphs = "-3h";
// A run, or a load, is out of its usual from here on.
const kUnusual = 1.5;
// What is drawn for each cluster, and how its last value is said.
const kSmall = {
  failed: {leaf: "puppet.nodes.{failed,no_catalog}", say: (value) => number(value), title: "Failed"},
  time: {leaf: "puppet.last_run.seconds.mean", say: seconds, title: "Run time"},
  cpu: {leaf: "cpu.busy.mean", say: (value) => `${number(value, 0)} %`, title: "CPU"},
};

export function fleetView(root, again) {
  const state = {isWhole: false, again};
  const refresh = async () => {
    const {parts, isEmpty} = await content(state);
    fill(root, parts);
    return {isEmpty};
  };
  return {title: "Fleet", refresh};
}

async function content(state) {
  const [fleet, clusters, failing, deployments, runs] = await Promise.all([
    get("/api/v1/fleet"), get("/api/v1/clusters", {limit: state.isWhole ? kClustersMax : kClustersShown}),
    get("/api/v1/hosts", {sort: "worst", limit: kFailingAsked}), get("/api/v1/events", {kind: "deploy", limit: 5}),
    get("/api/v1/events", {kind: "event", limit: 12})]);
  const graphs = await graphsOf(fleet, clusters.clusters);
  return {isEmpty: about.history && (fleet.window === null || graphs.isEmpty), parts: [
    el("h1", {}, "Fleet", el("span", {class: "quiet"}, ` ${count(fleet.hosts, "host")} in ${count(fleet.clusters, "cluster")}`,
      fleet.window ? [", as of ", ago(fleet.window)] : null)),
    noHistory() ?? el("ul", {class: "tiles", "aria-label": "The fleet in numbers"}, tilesOf(fleet, graphs)),
    el("div", {class: "glance"},
      el("section", {"aria-labelledby": "clusters"},
        el("h2", {id: "clusters"}, "Clusters, worst first", graphs.isEmpty ? null :
          el("span", {class: "quiet"}, ` graphs: the last ${seconds(graphs.until - graphs.from)}`)),
        clusterTable(clusters.clusters, graphs), moreClusters(clusters, state)),
      el("section", {"aria-labelledby": "why", class: "why"}, el("h2", {id: "why"}, "Why hosts fail"), whyOf(fleet, failing.hosts)),
      el("section", {"aria-labelledby": "lately"}, el("h2", {id: "lately"}, "What changed lately"),
        el("h3", {}, "Deployments"), eventList(deployments.events, {none: "None was told since the relay started."}),
        el("h3", {}, "Runs that changed something", moreThan(runs)), eventList(runs.events, {none: "None since the relay started."}))),
  ]};
}

function moreThan({total, events}) {
  return total > events.length ? el("span", {class: "quiet"}, ` the last ${events.length} of ${number(total)} that are kept`) : null;
}

function whyOf(fleet, hosts) {
  const failing = hosts.filter((host) => host.last_failure);
  // Those that fail come first, so more than were asked for may be silent only when all of these are.
  const fail = Math.max(failedOf(fleet.nodes) ?? 0, hosts.filter(isFailing).length);
  const silent = fail - failing.length;
  return [
    failureList(fleet.failures.slice(0, 5), fail),
    failing.length === 0 ? null : [
      el("h3", {}, "The last error of each failing host"), failingHosts(failing.slice(0, kFailingShown)),
      silent > 0 && failing.length < hosts.length ? el("p", {class: "quiet"}, unknownWhy(silent, "more ")) : null,
      el("p", {}, el("a", {href: "#/hosts?sort=worst"}, "all hosts, the failing ones first"))],
  ];
}

function tilesOf(fleet, graphs) {
  const draw = (leaf, words, isBad) => {
    const points = graphs.fleet.get(leaf) ?? [];
    return points.some(([, value]) => value !== null) ? spark(points, {label: `${words}, lately`, isBad, ...graphs}) : null;
  };
  const states = statesOf(fleet.nodes).map((state) => tile(kWords[state], fleet.nodes[state], {
    state: classOf(state), href: `#/hosts?state=${state}`, graph: draw(`puppet.nodes.${state}`, kWords[state], classOf(state) === "bad")}));
  const presences = fleet.presences.filter((one) => one.expected !== null || one.missing !== null).map((one) =>
    tile(one.missing === null ? `missing (${one.name}): not known yet` : `missing of ${number(one.expected)} (${one.name})`, one.missing, {
      state: "bad", href: `#/hosts?missing=${inUrl(one.name)}`, graph: draw(`presence.${one.name}.missing`, `missing (${one.name})`, true)}));
  return [...states.slice(0, 1), ...presences, ...states.slice(1)];
}

// The points of all small graphs, by name: few questions, however many clusters there are. Without a history, none.
async function graphsOf(fleet, clusters) {
  const found = await Promise.all([
    under(fleet.path, ["puppet.nodes.*", "presence.*.missing"]),
    ...Object.values(kSmall).map(({leaf}) => ofClusters(clusters, leaf))]).catch(() => []);
  const [all = new Map(), ...small] = found;
  const clustersBy = Object.fromEntries(Object.keys(kSmall).map((key, i) => [key, small[i] ?? new Map()]));
  const points = [...all.values(), ...small.flatMap((one) => [...one.values()])];
  const until = Math.max(0, ...points.map((one) => one.findLast(([, value]) => value !== null)?.[0] ?? 0));
  return {fleet: all, clusters: clustersBy, from: beginOf(points, points[0]?.[0]?.[0] ?? 0), until, isEmpty: points.length === 0};
}

// {"puppet.nodes.failed": points} of one scope.
async function under(path, globs) {
  const answers = await Promise.all(globs.map((glob) => series(`${path}.${glob}`, {from: kGraphs})));
  return new Map(answers.flatMap((one) => [...one].map(([name, points]) => [name.slice(path.length + 1), points])));
}

async function ofClusters(clusters, leaf) {
  if (clusters.length === 0) return new Map();
  const path = clusters[0].path;
  const found = await series(`${path.slice(0, path.lastIndexOf(".") + 1)}*.${leaf}`, {from: kGraphs, limit: kClustersMax});
  const begins = clusters.map((cluster) => cluster.path);
  const sums = new Map();
  for (const [name, points] of found) {
    const begin = begins.find((one) => name.startsWith(`${one}.`));
    if (begin !== undefined) sums.set(begin, sums.has(begin) ? added(sums.get(begin), points) : points);
  }
  return sums;
}

// Nodes that failed and nodes without a catalog are drawn as one line.
function added(some, others) {
  return some.map(([time, value], i) => [time, value === null ? others[i][1] : value + (others[i][1] ?? 0)]);
}

function clusterTable(clusters, graphs) {
  return table("Clusters, worst first", [
    {title: "Cluster", class: "name", cell: (c) => [clusterLink(c.cluster), el("div", {class: "quiet"}, count(c.hosts, "host"))]},
    {title: "Missing", class: "number", cell: (c) => {
      const missing = missingOf(c.presences);
      return el("span", {class: missing > 0 ? "bad" : "quiet"}, number(missing));
    }},
    ...Object.keys(kSmall).filter((key) => isKnown(key, clusters, graphs)).map((key) => ({
      title: kSmall[key].title, class: `graph ${key}`, cell: (cluster) => smallGraph(cluster, key, graphs)})),
  ], clusters, {none: "No host has been heard yet. Point rsyslog at this relay; the README says how.", key: (c) => c.cluster});
}

// A fleet without collectd needs no empty column.
function isKnown(key, clusters, graphs) {
  return graphs.clusters[key].size > 0 || clusters.some((c) => c.last?.[kSmall[key].leaf] !== undefined);
}

function smallGraph(cluster, key, graphs) {
  const {leaf, say, title} = kSmall[key];
  const points = graphs.clusters[key].get(cluster.path) ?? [];
  const last = (key === "failed" ? failedOf(cluster.nodes) : cluster.last?.[leaf]) ?? points.findLast(([, value]) => value !== null)?.[1] ?? null;
  if (last === null) return el("span", {class: "quiet"}, "–");
  const usual = key === "failed" ? null : median(points.map(([, value]) => value));
  const isBad = key === "failed" ? last > 0 : usual > 0 && last > kUnusual * usual;
  const label = `${title} of ${cluster.cluster}: ${say(last)}${usual === null ? "" : `, usually ${say(usual)}`}`;
  return el("div", {class: "sparkcell"},
    el("div", {class: "value", title: label}, el("span", {class: isBad ? "bad" : last > 0 ? "" : "quiet"}, say(last)),
      usual === null ? null : el("div", {class: "quiet"}, isBad ? `${number(last / usual)}× usual` : `usual ${say(usual)}`)),
    spark(points, {label, isBad, usual, ...graphs}));
}

function moreClusters({total, clusters}, state) {
  const rest = total - clusters.length;
  if (rest <= 0 && !state.isWhole) return null;
  if (state.isWhole && total > kClustersMax) return el("p", {class: "quiet"}, `${number(rest)} more do better`);
  const words = state.isWhole ? "show the worst alone" : `show ${number(rest)} more, which do better`;
  return el("p", {}, el("button", {type: "button", onclick: () => { state.isWhole = !state.isWhole; state.again(); }}, words));
}

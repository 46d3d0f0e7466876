// One cluster: its numbers, its charts, its hosts, why they fail.
import {get, series} from "./api.js";
import {chart} from "./charts.js";
import {el, fill} from "./dom.js";
import {inUrl, number} from "./format.js";
import {eventTable, failureTable, tile} from "./fleet.js";
import {hostTable} from "./hosts.js";
import {boundsOf, rangeButtons} from "./ranges.js";
import {classOf, kStates, kWords} from "./states.js";

// What is drawn of every cluster that has it.
const kCharts = [
  {title: "Nodes by state", globs: ["puppet.nodes.*"]},
  {title: "Run time", unit: "s", globs: ["puppet.last_run.seconds.{mean,p95,max}"]},
  {title: "CPU busy", unit: "percent", globs: ["cpu.busy.{mean,max}"]},
  {title: "Failures per run", globs: ["puppet.last_run.failures.{mean,max}"]},
  {title: "Resources changed", globs: ["puppet.events.success.count", "puppet.resources.changed.count"]},
  {title: "Catalog application", unit: "s", globs: ["puppet.time.catalog_application.{mean,p95}"]},
];

export function clusterView(view, name) {
  let range = "-3h";
  const refresh = async () => {
    const cluster = await get(`/api/v1/clusters/${inUrl(name)}`);
    const [hosts, failures, events, charts] = await Promise.all([
      get("/api/v1/hosts", {cluster: name, limit: 200}), get("/api/v1/failures", {cluster: name, limit: 10}),
      get("/api/v1/events", {cluster: name, limit: 20}), chartsOf(cluster.path, range, choose)]);
    fill(view,
      el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / cluster"),
      el("h1", {}, `${name}: ${number(cluster.hosts)} hosts`),
      el("ul", {class: "tiles", "aria-label": "The cluster in numbers"}, tilesOf(cluster)),
      rangeButtons(range, choose),
      el("div", {class: "charts"}, charts),
      el("h2", {}, "Hosts"), hostTable(hosts.hosts, hosts.total),
      el("div", {class: "two"},
        el("section", {}, el("h2", {}, "Why hosts fail"), failureTable(failures.failures)),
        el("section", {}, el("h2", {}, "What changed lately"), eventTable(events.events))));
    for (const one of charts) one.draw();
  };
  function choose(chosen) {
    range = chosen;
    refresh();
  }
  return {title: name, refresh};
}

function tilesOf(cluster) {
  const states = kStates.filter((state) => cluster.nodes[state] !== null).map((state) =>
    tile(kWords[state], number(cluster.nodes[state]), cluster.nodes[state] > 0 ? classOf(state) : "",
      `#/hosts?cluster=${inUrl(cluster.cluster)}&state=${state}`));
  const presences = cluster.presences.filter((one) => one.missing !== null).map((one) =>
    tile(`missing of ${number(one.expected)} (${one.name})`, number(one.missing), one.missing > 0 ? "bad" : "",
      `#/hosts?cluster=${inUrl(cluster.cluster)}&missing=${inUrl(one.name)}`));
  return [...states, ...presences];
}

async function chartsOf(root, range, choose) {
  const [from, until] = boundsOf(range);
  const charts = await Promise.all(kCharts.map(async ({title, unit, globs}) => {
    const lines = new Map();
    for (const glob of globs) {
      for (const [path, points] of await series(`${root}.${glob}`, from, until)) lines.set(nameOf(path, globs), points);
    }
    return lines.size === 0 ? null : chart(title, lines, {unit, onzoom: (a, b) => choose({from: a, until: b})});
  }));
  return charts.filter(Boolean);
}

// The last node, or more where several metrics share a chart.
function nameOf(path, globs) {
  return path.split(".").slice(globs.length > 1 ? -2 : -1).join(".");
}

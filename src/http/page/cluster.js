// One cluster: its numbers, its charts, its hosts, why they fail.
import {about, get, series} from "./api.js";
import {el} from "./dom.js";
import {count, inUrl, number} from "./format.js";
import {eventList, failureList, noHistory, tile} from "./parts.js";
import {hostTable} from "./hosts.js";
import {rangedView} from "./ranged.js";
import {classOf, failedOf, isFailing, kColourOf, kWords, rankOf, statesOf} from "./states.js";

const kHostsShown = 50;
const kStatesGlob = "puppet.nodes.*";
// What is drawn of every cluster that has it.
const kCharts = [
  {title: "Nodes by the outcome of their last run", glob: kStatesGlob, colours: kColourOf},
  {title: "Run time", unit: "s", glob: "puppet.last_run.seconds.{mean,p95,max}"},
  {title: "CPU busy", unit: "percent", glob: "cpu.busy.{mean,p95,max}"},
  {title: "Hosts missing", glob: "presence.*.missing"},
  {title: "Failures per run", glob: "puppet.last_run.failures.{mean,max}"},
  {title: "Resources changed", glob: "puppet.events.success.count"},
  {title: "Catalog application", unit: "s", glob: "puppet.time.catalog_application.{mean,p95}"},
];

export function clusterView(root, name, {query, again}) {
  const ask = async (range) => {
    const cluster = await get(`/api/v1/clusters/${inUrl(name)}`);
    const [hosts, failures, events, charts] = await Promise.all([
      get("/api/v1/hosts", {cluster: name, sort: "worst", limit: kHostsShown}),
      get("/api/v1/failures", {cluster: name, limit: 10}), get("/api/v1/events", {cluster: name, limit: 12}),
      chartsOf(cluster.path, range)]);
    const fail = Math.max(failedOf(cluster.nodes) ?? 0, hosts.hosts.filter(isFailing).length);
    const all = `#/hosts?cluster=${inUrl(name)}`;
    return {
      above: [
        el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / cluster"),
        el("h1", {}, name, el("span", {class: "quiet"}, ` ${count(cluster.hosts, "host")}`)),
        noHistory() ?? el("ul", {class: "tiles", "aria-label": "The cluster in numbers"}, tilesOf(cluster)),
        failures.failures.length === 0 && fail === 0 ? null : [el("h2", {}, "Why hosts fail"), failureList(failures.failures, fail)],
      ],
      charts,
      below: [
        el("h2", {}, "Hosts, worst first"), hostTable(hosts.hosts, {withCluster: false}),
        hosts.total > hosts.hosts.length ? el("p", {}, el("a", {href: all}, `all ${number(hosts.total)} hosts`)) : null,
        el("h2", {}, "What changed lately"), eventList(events.events),
        about.history ? el("p", {}, el("a", {href: `#/series?path=${inUrl(`${cluster.path}.*`)}`}, "every series of this cluster")) : null,
      ],
    };
  };
  return rangedView(root, {title: name, hash: `#/cluster/${inUrl(name)}`, query, again, ask});
}

function tilesOf(cluster) {
  const to = `#/hosts?cluster=${inUrl(cluster.cluster)}`;
  const states = statesOf(cluster.nodes).map((state) =>
    tile(kWords[state], cluster.nodes[state], {state: classOf(state), href: `${to}&state=${state}`}));
  const presences = cluster.presences.filter((one) => one.missing !== null).map((one) =>
    tile(`missing of ${number(one.expected)} (${one.name})`, one.missing, {state: "bad", href: `${to}&missing=${inUrl(one.name)}`}));
  return [...states, ...presences];
}

async function chartsOf(root, range) {
  const charts = await Promise.all(kCharts.map(async ({glob, ...more}) => {
    const path = `${root}.${glob}`;
    const found = await series(path, range);
    // States that nobody was in are left out.
    const lines = new Map([...found].map(([one, points]) => [nameOf(one, glob), points])
      .filter(([, points]) => glob !== kStatesGlob || points.some(([, value]) => value > 0)).sort(([a], [b]) => rankOf(a) - rankOf(b)));
    return {...more, lines, href: `#/series?path=${inUrl(path)}`};
  }));
  return charts.filter(({lines}) => lines.size > 0);
}

// What differs between the series of a chart.
function nameOf(path, glob) {
  const nodes = path.split(".");
  return glob.split(".").map((node, i, all) => (/[*{]/.test(node) ? nodes[nodes.length - all.length + i] : null)).filter(Boolean).join(".") ||
    nodes.at(-1);
}

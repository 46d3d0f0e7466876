// Lists of hosts, and one host.
import {about, get, series} from "./api.js";
import {el, fill, table} from "./dom.js";
import {ago, inUrl, number} from "./format.js";
import {clusterLink, eventList, hostLink, noHistory, standing} from "./parts.js";
import {rangedView} from "./ranged.js";
import {kWords, mark} from "./states.js";

const kPage = 100;
const kChartsShown = 12;
// Metrics whose charts come first.
const kFirst = ["cpu.busy", "puppet.last_run", "puppet.time.catalog_application", "puppet"];
const kFilters = {cluster: "cluster", state: "last run", missing: "missed by", q: "named like"};

export function hostTable(hosts, {withCluster = true} = {}) {
  return table("Hosts", [
    {title: "Host", class: "name", cell: (h) => hostLink(h.host)},
    ...(withCluster ? [{title: "Cluster", class: "name", cell: (h) => (h.cluster ? clusterLink(h.cluster) : "–")}] : []),
    {title: "Last run", cell: standing},
    {title: "Last heard", class: "when", cell: (h) => ago(h.last_seen)},
    {title: "Why it fails", class: "text", cell: (h) => (h.last_failure
      ? [el("div", {class: "clamp mono", title: h.last_failure.text}, h.last_failure.text), el("span", {class: "quiet"}, ago(h.last_failure.time))]
      : el("span", {class: "quiet"}, "–"))},
  ], hosts, {none: "No host is like that.", key: (h) => h.host});
}

// `query` may hold cluster, state, missing, q, sort and offset.
export function hostsView(root, query) {
  const asked = Object.fromEntries(query);
  const offset = Number(asked.offset ?? 0) || 0;
  const sort = asked.sort ?? "worst";
  const filters = Object.entries(kFilters).filter(([key]) => asked[key]).map(([key, words]) =>
    `${words} ${key === "state" ? kWords[asked[key]] ?? asked[key] : asked[key]}`);
  const to = (change) => `#/hosts?${new URLSearchParams({...asked, ...change})}`;
  const refresh = async () => {
    const answer = await get("/api/v1/hosts", {...asked, sort, offset, limit: kPage});
    const last = offset + answer.hosts.length;
    fill(root,
      el("h1", {}, "Hosts", el("span", {class: "quiet"}, ` ${[number(answer.total), ...filters].join(", ")}`)),
      el("p", {class: "choices"},
        ["worst", "name"].map((order) => [el("a", {href: to({sort: order, offset: 0}), "aria-current": order === sort ? "true" : null},
          order === "worst" ? "worst first" : "by name"), " "]),
        filters.length === 0 ? null : el("a", {href: "#/hosts"}, "all hosts")),
      hostTable(answer.hosts),
      answer.total > answer.hosts.length ? el("p", {class: "choices"}, `${number(offset + 1)} to ${number(last)} of ${number(answer.total)} `,
        offset > 0 ? [el("a", {href: to({offset: Math.max(0, offset - kPage)})}, "back"), " "] : null,
        last < answer.total ? el("a", {href: to({offset: last})}, "more") : null) : null);
  };
  return {title: ["Hosts", ...filters].join(", "), refresh};
}

export function hostView(root, name, {query, again}) {
  let isWhole = false;
  const ask = async (range) => {
    const host = await get(`/api/v1/hosts/${inUrl(name)}`).catch((error) => onlyAnAddress(name, error));
    if (host === null) return addressPage(name);
    const metrics = metricsOf(host);
    const charts = await chartsOf(isWhole ? metrics : metrics.slice(0, kChartsShown), range);
    const rest = metrics.length - kChartsShown;
    return {
      above: [
        el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / ", host.cluster ? clusterLink(host.cluster) : "no cluster", " / host"),
        el("h1", {}, name, " ", Object.values(host.states).map((one) => mark(one.state))),
        factsOf(host, about.links),
        noHistory(), metrics.length === 0 && about.history ? el("p", {class: "quiet"}, "The history has no points of this host.") : null],
      charts,
      below: [
        rest <= 0 ? null : el("p", {}, el("button", {type: "button", onclick: () => { isWhole = !isWhole; again(); }},
          isWhole ? "fewer charts" : `${number(rest)} more charts`)),
        el("h2", {}, "What it told lately"), eventList(host.recent, {none: "Nothing since the relay started.", withHost: false}),
        el("h2", {}, "Last values"), el("div", {class: "values"}, heldTable(host))],
    };
  };
  return rangedView(root, {title: name, hash: `#/host/${inUrl(name)}`, query, again, ask});
}

// Null where it is no host because whoever sends from this address names none.
function onlyAnAddress(name, error) {
  if (error.status !== 404 || !/^(\d+(\.\d+){3}|[\da-f:.]*:[\da-f:.]*)$/i.test(name)) throw error;
  return null;
}

function addressPage(name) {
  return {
    above: [
      el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / address"), el("h1", {}, name),
      el("p", {}, "No host of this name is known. A sender whose messages name no host stands among the ",
        el("a", {href: "#/relay"}, "senders"), " by the address that they came from.")],
    charts: [], below: []};
}

function factsOf(host, links) {
  const rows = [
    ["Last heard", ago(host.last_seen)],
    ...Object.entries(host.states).map(([metric, one]) => [metric === "puppet.nodes" ? "Last run" : metric, [mark(one.state), one.since ? [" told ", ago(one.since)] : ""]]),
    ...Object.entries(host.presences).map(([presence, one]) =>
      [`Sign of life (${presence})`, el("span", {class: one.missing ? "bad" : ""}, ago(one.last), one.missing ? ", missing" : "")]),
    ...Object.entries(host.groups).map(([group, value]) => [group, value]),
    ...(host.last_failure ? [["Last failure", [el("span", {class: "mono"}, host.last_failure.text), " ",
      el("span", {class: "quiet"}, ago(host.last_failure.time), `, rule ${host.last_failure.rule}`)]]] : []),
    ...(links.length === 0 ? [] : [["Elsewhere", links.map((link) =>
      [el("a", {href: filled(link.url, host), rel: "noopener noreferrer", target: "_blank"}, link.name), " "])]]),
  ];
  return el("table", {class: "facts"}, el("caption", {class: "hidden"}, "What is known of the host"), el("tbody", {},
    rows.map(([title, value]) => el("tr", {key: title}, el("th", {scope: "row"}, title), el("td", {class: "text"}, value)))));
}

// "https://grafana.example.com/d/host?var-host={host}".
function filled(url, host) {
  return url.replaceAll("{host}", inUrl(host.host)).replaceAll("{cluster}", inUrl(host.cluster ?? ""));
}

// The metrics of a host, each with its path in full and how it is called among them: what tells of runs and load first.
function metricsOf(host) {
  const paths = [...new Set(host.series.map((path) => path.slice(0, path.lastIndexOf("."))))];
  const root = host.path.length + 1;
  const rank = (name) => {
    const at = kFirst.findIndex((begin) => name.startsWith(begin));
    return at < 0 ? kFirst.length : at;
  };
  return paths.map((path) => ({path, name: path.slice(root)})).sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

// A chart per metric: its leaves share one, but for the count of what has other values, which is of another kind.
async function chartsOf(metrics, range) {
  const charts = await Promise.all(metrics.map(async ({path, name}) => {
    const lines = new Map([...await series(`${path}.*`, range)].map(([one, points]) => [one.split(".").at(-1), points]));
    if (lines.size > 1) lines.delete("count");
    return {title: name, lines, href: `#/series?path=${inUrl(`${path}.*`)}`};
  }));
  return charts.filter(({lines}) => [...lines.values()].some((points) => points.some(([, value]) => value !== null)));
}

function heldTable(host) {
  return table("Last values", [
    {title: "Series", class: "mono", cell: ([leaf]) => el("a", {href: `#/series?path=${inUrl(`${host.path}.${leaf}`)}`}, leaf)},
    {title: "Value", class: "number", cell: ([, one]) => number(one.value, 3)},
    {title: "Window", class: "when", cell: ([, one]) => ago(one.time)},
  ], Object.entries(host.held), {none: "Nothing yet.", key: ([leaf]) => leaf});
}

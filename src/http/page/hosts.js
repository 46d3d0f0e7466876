// Lists of hosts, and one host.
import {get, series} from "./api.js";
import {chart} from "./charts.js";
import {el, fill, table} from "./dom.js";
import {ago, inUrl, number} from "./format.js";
import {eventTable} from "./fleet.js";
import {boundsOf, rangeButtons} from "./ranges.js";
import {mark} from "./states.js";

const kPage = 100;
const kChartsShown = 12;
const kNodeState = "puppet.nodes";

export function hostTable(hosts, total) {
  return [
    table("Hosts", [
      {title: "Host", cell: (h) => el("a", {href: `#/host/${inUrl(h.host)}`}, h.host)},
      {title: "Cluster", cell: (h) => (h.cluster ? el("a", {href: `#/cluster/${inUrl(h.cluster)}`}, h.cluster) : "–")},
      {title: "Last run", cell: (h) => (h.states[kNodeState] ? mark(h.states[kNodeState].state) : "–")},
      {title: "Missing", cell: (h) => missingOf(h)},
      {title: "Last heard", cell: (h) => ago(h.last_seen)},
      {title: "Last failure", class: "text", cell: (h) => (h.last_failure ? [h.last_failure.text, " ", el("span", {class: "quiet"}, ago(h.last_failure.time))] : "–")},
    ], hosts, "No host is like that."),
    total > hosts.length ? el("p", {class: "quiet"}, `${number(hosts.length)} of ${number(total)} hosts`) : null,
  ];
}

function missingOf(host) {
  const names = Object.entries(host.presences).filter(([, one]) => one.missing).map(([name]) => name);
  return names.length === 0 ? "–" : el("span", {class: "bad"}, names.join(", "));
}

// `query` may hold cluster, state, missing, q and offset.
export function hostsView(view, query) {
  const asked = Object.fromEntries(query);
  const offset = Number(asked.offset ?? 0);
  const words = Object.entries(asked).filter(([key]) => key !== "offset").map(([key, value]) => `${key} ${value}`);
  const title = words.length === 0 ? "Hosts" : `Hosts: ${words.join(", ")}`;
  const turn = (to, label) => el("a", {href: `#/hosts?${new URLSearchParams({...asked, offset: to})}`}, label);
  const refresh = async () => {
    const answer = await get("/api/v1/hosts", {...asked, offset, limit: kPage});
    fill(view,
      el("h1", {}, title), words.length === 0 ? null : el("p", {}, el("a", {href: "#/hosts"}, "all hosts")),
      hostTable(answer.hosts, answer.total),
      el("p", {}, offset > 0 ? turn(Math.max(0, offset - kPage), "back") : "", " ",
        offset + kPage < answer.total ? turn(offset + kPage, "more") : ""));
  };
  return {title, refresh};
}

export function hostView(view, name, links) {
  let range = "-3h";
  const refresh = async () => {
    const host = await get(`/api/v1/hosts/${inUrl(name)}`);
    const charts = await chartsOf(host, range, choose);
    fill(view,
      el("p", {class: "crumbs"}, el("a", {href: "#/"}, "Fleet"), " / ",
        host.cluster ? el("a", {href: `#/cluster/${inUrl(host.cluster)}`}, host.cluster) : "no cluster", " / host"),
      el("h1", {}, name), factsOf(host, links),
      rangeButtons(range, choose),
      charts.length === 0 ? el("p", {class: "quiet"}, "No points of this host in the history.") : el("div", {class: "charts"}, charts),
      el("h2", {}, "What it told lately"), eventTable(host.recent),
      el("h2", {}, "Last values"), heldTable(host));
    for (const one of charts) one.draw();
  };
  function choose(chosen) {
    range = chosen;
    refresh();
  }
  return {title: name, refresh};
}

function factsOf(host, links) {
  const rows = [
    ["Last heard", ago(host.last_seen)],
    ...Object.entries(host.states).map(([metric, one]) => [metric, [mark(one.state), ` since ${ago(one.since)}`]]),
    ...Object.entries(host.presences).map(([presence, one]) =>
      [`Sign of life ${presence}`, el("span", {class: one.missing ? "bad" : ""}, `${ago(one.last)}${one.missing ? ", missing" : ""}`)]),
    ...Object.entries(host.groups).map(([group, value]) => [group, value]),
    ...(host.last_failure ? [["Last failure", [host.last_failure.text, ` (${ago(host.last_failure.time)}, ${host.last_failure.rule})`]]] : []),
    ...(links.length === 0 ? [] : [["Elsewhere", links.map((link) =>
      [el("a", {href: filled(link.url, host), rel: "noopener noreferrer", target: "_blank"}, link.name), " "])]]),
  ];
  return el("table", {}, el("caption", {class: "hidden"}, "What is known of the host"), el("tbody", {},
    rows.map(([title, value]) => el("tr", {}, el("th", {scope: "row"}, title), el("td", {class: "text"}, value)))));
}

// "https://grafana.example.com/d/host?var-host={host}".
function filled(url, host) {
  return url.replaceAll("{host}", inUrl(host.host)).replaceAll("{cluster}", inUrl(host.cluster ?? ""));
}

// A chart per metric: its leaves share one.
async function chartsOf(host, range, choose) {
  const [from, until] = boundsOf(range);
  const metrics = new Map();
  for (const path of host.series) {
    const metric = path.slice(0, path.lastIndexOf("."));
    if (!metrics.has(metric)) metrics.set(metric, path);
  }
  const root = commonOf([...metrics.keys()]);
  const shown = [...metrics.keys()].slice(0, kChartsShown);
  const charts = await Promise.all(shown.map(async (metric) => {
    const lines = new Map();
    for (const [path, points] of await series(`${metric}.*`, from, until)) lines.set(path.split(".").at(-1), points);
    return lines.size === 0 ? null
      : chart(metric.slice(root.length), lines, {onzoom: (a, b) => choose({from: a, until: b})});
  }));
  return charts.filter(Boolean);
}

// What all names begin with, up to a dot.
function commonOf(names) {
  if (names.length < 2) return names.length === 0 ? "" : names[0].slice(0, names[0].lastIndexOf(".") + 1);
  const [first, ...rest] = names;
  let length = first.length;
  for (const name of rest) {
    let same = 0;
    while (same < length && first[same] === name[same]) same += 1;
    length = same;
  }
  return first.slice(0, first.lastIndexOf(".", length - 1) + 1);
}

function heldTable(host) {
  return table("Last values", [
    {title: "Series", class: "mono", cell: ([path]) => path},
    {title: "Value", class: "number", cell: ([, one]) => number(one.value, 3)},
    {title: "Window", cell: ([, one]) => ago(one.time)},
  ], Object.entries(host.held), "Nothing yet.");
}


// What several views show: numbers as tiles, why hosts fail, what happened.
import {about} from "./api.js";
import {el} from "./dom.js";
import {ago, clock, count, inUrl, number} from "./format.js";
import {mark} from "./states.js";

// A number with its word, coloured as `state` says while it is not 0; `graph` is drawn beneath.
export function tile(words, value, {state = "", href = null, graph = null} = {}) {
  const inside = [el("span", {class: "number"}, number(value)), el("span", {class: "label"}, words), graph];
  return el("li", {key: words, class: value > 0 ? `tile ${state}` : "tile zero"}, href ? el("a", {href}, inside) : inside);
}

export function hostLink(name) {
  return el("a", {href: `#/host/${inUrl(name)}`}, name);
}

export function clusterLink(name) {
  return el("a", {href: `#/cluster/${inUrl(name)}`}, name);
}

// The folded reasons, and of each the last line as it was said; `failing` hosts fail, known why or not.
export function failureList(failures, failing) {
  if (failures.length === 0) return el("p", {class: "quiet"}, failing > 0 ? unknownWhy(failing) : "No host fails, as far as its lines tell why.");
  return el("ol", {class: "reasons"}, failures.map((one) => el("li", {key: one.text},
    el("div", {class: "hosts"}, el("b", {}, number(one.hosts)), one.hosts === 1 ? " host" : " hosts"),
    el("div", {},
      el("div", {class: "clamp", title: one.text}, one.text),
      el("details", {}, el("summary", {}, `${one.clusters.join(", ")} · said ${count(one.count, "time")} · first `, ago(one.first),
        " · last ", ago(one.last)),
      el("p", {}, "Its last line: ", el("span", {class: "mono"}, one.sample)),
      el("p", {class: "quiet"}, "from ", hostLink(one.host), "; see ",
        one.clusters.map((name, i) => [i > 0 ? ", " : "", clusterLink(name)])))))));
}

// What hosts said before the relay started is not known any more.
export function unknownWhy(hosts, more = "") {
  const runs = about.started ? ` (the relay runs since ${clock(Date.parse(about.started) / 1000)})` : "";
  return `${count(hosts, `${more}host fails`, `${more}hosts fail`)}; why is known with the next run that says it${runs}.`;
}

// Why there is nothing to draw; null where there is a history.
export function noHistory() {
  return about.history ? null
    : el("p", {class: "quiet"}, "This relay keeps no history (", el("code", {}, '"history": false'), " in its configuration), so the page has no numbers of windows and no charts.");
}

// The last error line of each failing host.
export function failingHosts(hosts) {
  return el("ul", {class: "feed tall"}, hosts.map((host) => el("li", {key: host.host},
    el("span", {class: "when"}, ago(host.last_failure.time)), hostLink(host.host),
    el("div", {class: "clamp mono", title: host.last_failure.text}, host.last_failure.text))));
}

// What was told, the newest first; `withHost`: whose word it is is not clear from what stands around.
export function eventList(events, {none = "Nothing has changed since the relay started.", withHost = true} = {}) {
  if (events.length === 0) return el("p", {class: "quiet"}, none);
  return el("ul", {class: withHost ? "feed" : "feed own"}, events.map((one) =>
    el("li", {key: `${one.time} ${one.host} ${one.kind} ${one.text}`},
      el("span", {class: "when"}, ago(one.time)), withHost ? hostLink(one.host) : null,
      el("span", {class: "what"}, one.kind === "event" ? null : [kindOf(one), " "], one.text))));
}

// What a note tells of; red where its text, or the rule that made it, says that this failed.
function kindOf({kind, text, rule}) {
  const hasFailed = /(^|\s)status=(failed|failure|error|aborted)(\s|$)/.test(text) || rule.endsWith("/failed");
  return el("span", {class: `mark ${hasFailed ? "bad" : "quiet"}`}, hasFailed ? `${kind} failed` : kind);
}

// The outcome of a host's last run, and who misses it.
export function standing(host) {
  const missing = Object.entries(host.presences).filter(([, one]) => one.missing).map(([name]) => name);
  const states = Object.values(host.states).map((one) => [mark(one.state), " "]);
  const signs = missing.map((name) => [el("span", {class: "mark bad"}, `missing (${name})`), " "]);
  return states.length + signs.length === 0 ? "–" : [states, signs];
}

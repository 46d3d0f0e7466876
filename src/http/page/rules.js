// Rules: a box to try a line in, what no rule matches, and how often each rule matches.
import {get, post} from "./api.js";
import {el, fill, table} from "./dom.js";
import {ago, count, number} from "./format.js";
import {hostLink} from "./parts.js";

const kPathsShown = 4;
const kMissesShown = 5;
const kShapesShown = 10;
const kShapesMax = 100;

export function rulesView(root, again) {
  const state = {isWhole: false, again};
  // The box keeps what was typed when the tables are asked for again.
  const box = explainBox();
  const lists = el("div");
  const refresh = async () => {
    const [rules, unmatched] = await Promise.all([get("/api/v1/rules", {limit: 1000}), get("/api/v1/unmatched", {limit: state.isWhole ? kShapesMax : kShapesShown})]);
    fill(lists,
      el("h2", {}, "Lines that no rule knows", el("span", {class: "quiet"}, shareOf(unmatched))), unmatchedTable(unmatched),
      moreShapes(unmatched, state),
      el("h2", {}, "Matches by rule"), ruleTables(rules));
    if (!box.isConnected) root.replaceChildren(el("h1", {}, "Rules"), box, lists);
  };
  return {title: "Rules", refresh};
}

function shareOf({lines, total, since}) {
  return lines === 0 ? null : [` ${count(lines, "line")} in ${count(total, "shape")}; counted since `, ago(since)];
}

function exampleLine() {
  return `<29>1 ${new Date().toISOString()} web01 puppet-agent 812 - - Applied catalog in 12.34 seconds`;
}

function explainBox() {
  const text = el("textarea", {id: "lines", rows: 3, spellcheck: "false", placeholder: exampleLine()});
  const result = el("div", {"aria-live": "polite", id: "explained"});
  const submit = async (event) => {
    event.preventDefault();
    if (text.value.trim() === "") text.value = exampleLine();
    try {
      const {messages} = await post("/api/v1/explain", `${text.value}\n`);
      result.replaceChildren(...messages.map(explained));
    } catch (error) {
      result.replaceChildren(el("p", {class: "bad"}, error.message));
    }
  };
  return el("form", {onsubmit: submit, class: "asked"},
    el("h2", {}, el("label", {for: "lines"}, "What would be made of a line?")), text,
    el("p", {}, el("button", {}, "Explain"), el("span", {class: "quiet"}, " paste lines as they come over the wire; nothing is counted or kept")), result);
}

// One message as the relay would take it.
function explained(one) {
  const facts = [["time", one.timestamp], ["host", one.hostname], ["program", one.app_name], ["pid", one.procid],
    ["message", one.message ?? one.path]].filter(([, value]) => value !== null && value !== undefined);
  return el("section", {class: "explained"},
    el("dl", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {class: "mono"}, String(value))])),
    one.valid ? null : el("p", {class: "warn"}, `malformed: ${one.error}; kept, with the fields that can be told`),
    one.matches.length === 0 ? [el("p", {class: "warn"}, "No rule matches."), missesOf(one)] : one.matches.map(matched));
}

function missesOf(one) {
  const misses = [...one.misses ?? []].sort((a, b) => a.rank - b.rank).slice(0, kMissesShown);
  return misses.length === 0 ? null
    : el("ul", {}, misses.map((miss) => el("li", {class: "mono"}, `${miss.rule}: ${miss.detail || miss.failed}`)));
}

function matched(match) {
  return [el("h3", {class: "good"}, `${match.rule} matches`),
    el("ul", {}, match.samples.map((sample) => el("li", {},
      `${sample.metric} = ${typeof sample.value === "number" ? number(sample.value, 3) : sample.value} (${sample.type})`, pathsOf(sample.paths))))];
}

function pathsOf(paths) {
  const lines = (some) => some.map((path) => el("div", {class: "mono quiet"}, path));
  return [lines(paths.slice(0, kPathsShown)), paths.length <= kPathsShown ? null
    : el("details", {}, el("summary", {}, count(paths.length - kPathsShown, "more path")), lines(paths.slice(kPathsShown)))];
}

function unmatchedTable(unmatched) {
  return table("Lines that no rule knows", [
    {title: "Lines", class: "number", cell: (s) => number(s.count)},
    {title: "Program", cell: (s) => s.program || "–"},
    {title: "Shape, and the last such line", class: "text", cell: (s) => [el("div", {class: "mono"}, s.shape),
      el("div", {class: "quiet mono clamp", title: s.sample}, s.sample)]},
    {title: "From", class: "name", cell: (s) => hostLink(s.host)},
    {title: "Last", class: "when", cell: (s) => ago(s.last)},
  ], unmatched.shapes, {none: "Every line so far was matched.", key: (s) => `${s.program} ${s.shape}`});
}

function moreShapes({total, shapes}, state) {
  const rest = Math.min(total, kShapesMax) - kShapesShown;
  if (rest <= 0) return null;
  const words = state.isWhole ? `show ${kShapesShown} alone` : `show ${number(rest)} more`;
  return el("p", {},
    el("button", {type: "button", onclick: () => { state.isWhole = !state.isWhole; state.again(); }}, words),
    state.isWhole && total > shapes.length ? el("span", {class: "quiet"}, ` ${number(total - shapes.length)} are rarer; the API has them all`) : null);
}

function ruleTables({rules, since}) {
  const sorted = [...rules].sort((a, b) => b.matches - a.matches || a.rule.localeCompare(b.rule));
  const idle = sorted.filter((rule) => rule.matches === 0);
  return [
    table("Matches by rule", [
      {title: "Rule", class: "mono", cell: (r) => r.rule},
      {title: "Matches", class: "number", cell: (r) => number(r.matches)},
      {title: "Numbers read", class: "number", cell: (r) => number(r.samples)},
      {title: "Last", class: "when", cell: (r) => ago(r.last)},
    ], sorted.filter((rule) => rule.matches > 0), {none: rules.length === 0 ? "No rules are loaded." : "No rule has matched yet.", key: (r) => r.rule}),
    idle.length === 0 ? null : el("details", {}, el("summary", {}, `${count(idle.length, "rule")} without a match since `, ago(since)),
      el("ul", {class: "names"}, idle.map((rule) => el("li", {class: "mono", key: rule.rule}, rule.rule)))),
  ];
}

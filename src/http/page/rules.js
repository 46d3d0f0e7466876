// Rules: how often each matches, what no rule matches, and a box to try a line in.
import {get, post} from "./api.js";
import {el, fill, table} from "./dom.js";
import {ago, inUrl, number} from "./format.js";

const kExample = "<29>1 2026-11-22T12:00:00Z web01 puppet-agent 812 - - Applied catalog in 12.34 seconds";

export function rulesView(view) {
  // The box keeps what was typed when the tables are asked for again.
  const box = explainBox();
  const lists = el("div");
  const refresh = async () => {
    const [rules, unmatched] = await Promise.all([get("/api/v1/rules", {limit: 1000}), get("/api/v1/unmatched", {limit: 50})]);
    fill(lists,
      el("h2", {}, "Lines that no rule knows"), unmatchedTable(unmatched),
      el("h2", {}, "Matches by rule"), ruleTable(rules.rules));
    if (!box.isConnected) fill(view, el("h1", {}, "Rules"), box, lists);
  };
  return {title: "Rules", refresh};
}

function explainBox() {
  const text = el("textarea", {id: "lines", rows: 3, spellcheck: "false", placeholder: kExample});
  const result = el("div", {"aria-live": "polite", id: "explained"});
  const submit = async (event) => {
    event.preventDefault();
    const lines = text.value.trim() || kExample;
    try {
      const answer = await post("/api/v1/explain", `${lines}\n`);
      fill(result, ...answer.messages.map(explained));
    } catch (error) {
      fill(result, el("p", {class: "bad"}, error.message));
    }
  };
  return el("form", {onsubmit: submit},
    el("h2", {}, el("label", {for: "lines"}, "What would be made of a line?")), text,
    el("p", {}, el("button", {}, "Explain")), result);
}

// One message as the relay would take it.
function explained(one) {
  const facts = [["host", one.host], ["program", one.app_name], ["time", one.time], ["message", one.message ?? one.path]]
    .filter(([, value]) => value !== null && value !== undefined);
  return el("section", {},
    el("p", {class: "mono"}, facts.map(([name, value]) => [el("span", {class: "quiet"}, `${name} `), String(value), el("br")])),
    one.valid ? null : el("p", {class: "warn"}, `malformed: ${one.error}; kept, with the fields that can be told`),
    one.matches.length === 0 ? el("p", {class: "warn"}, "No rule matches.", missesOf(one)) : one.matches.map(matched));
}

function missesOf(one) {
  const misses = (one.misses ?? []).slice(0, 5);
  return misses.length === 0 ? null
    : el("ul", {}, misses.map((miss) => el("li", {class: "mono"}, `${miss.rule}: ${miss.detail || miss.failed}`)));
}

function matched(match) {
  return el("div", {}, el("h3", {class: "good"}, `${match.rule} matches`),
    el("ul", {}, match.samples.map((sample) => el("li", {},
      `${sample.metric} = ${typeof sample.value === "number" ? number(sample.value, 3) : sample.value} (${sample.type})`,
      el("div", {class: "mono quiet"}, sample.paths.slice(0, 12).map((path) => [path, el("br")]))))));
}

function unmatchedTable(unmatched) {
  return table("Lines that no rule knows", [
    {title: "Lines", class: "number", cell: (s) => number(s.count)},
    {title: "Program", cell: (s) => s.program || "–"},
    {title: "Shape", class: "text mono", cell: (s) => [el("div", {}, s.shape), el("div", {class: "quiet"}, s.sample)]},
    {title: "Host", cell: (s) => el("a", {href: `#/host/${inUrl(s.host)}`}, s.host)},
    {title: "Last", cell: (s) => ago(s.last)},
  ], unmatched.shapes, "Every line so far was matched.");
}

function ruleTable(rules) {
  const sorted = [...rules].sort((a, b) => b.matches - a.matches || a.rule.localeCompare(b.rule));
  return table("Matches by rule", [
    {title: "Rule", class: "mono", cell: (r) => r.rule},
    {title: "Matches", class: "number", cell: (r) => number(r.matches)},
    {title: "Samples", class: "number", cell: (r) => number(r.samples)},
    {title: "Last", cell: (r) => ago(r.last)},
  ], sorted, "No rules are loaded.");
}

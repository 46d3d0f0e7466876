// The relay itself: the ledger, its destinations, who sends.
import {get} from "./api.js";
import {el, fill, table} from "./dom.js";
import {bytes, number, seconds} from "./format.js";

export function relayView(view) {
  const refresh = async () => {
    const [health, ledger, senders] = await Promise.all([get("/healthz"), get("/api/v1/ledger"), get("/api/v1/senders")]);
    fill(view,
      el("h1", {}, "The relay"),
      el("p", {class: health.status === "ok" ? "good" : "bad"}, health.status === "ok" ? "It is well." : "It is degraded:"),
      el("ul", {}, health.reasons.map((reason) => el("li", {}, reason))),
      el("h2", {}, "Destinations"), destinationTable(ledger.destinations ?? []),
      el("h2", {}, "Ledger"), el("p", {class: "quiet"}, "Everything received stands in exactly one column."),
      el("div", {class: "two"}, ["messages", "samples", "graphite_lines", "uncounted_loss"].filter((part) => ledger[part]).map((part) =>
        el("section", {}, el("h3", {}, part.replaceAll("_", " ")), columnsOf(ledger[part])))),
      el("h2", {}, "Senders"), senderTable(senders));
  };
  return {title: "Relay", refresh};
}

function flatten(object, prefix = "") {
  return Object.entries(object).flatMap(([key, value]) =>
    value !== null && typeof value === "object" ? flatten(value, `${prefix}${key} `) : [[`${prefix}${key}`.replaceAll("_", " "), value]]);
}

function columnsOf(part) {
  return table("Ledger", [
    {title: "Column", cell: ([key]) => key},
    {title: "Count", class: "number", cell: ([, value]) => number(value)},
  ], flatten(part).filter(([, value]) => typeof value === "number" && value !== 0), "All 0.");
}

function destinationTable(destinations) {
  return table("Destinations", [
    {title: "Name", cell: (d) => d.name},
    {title: "Where", class: "mono", cell: (d) => d.endpoint ?? ""},
    {title: "Acknowledged", class: "number", cell: (d) => number(d.acknowledged)},
    {title: "Waiting", class: "number", cell: (d) => number(d.waiting)},
    {title: "Behind", class: "number", cell: (d) => seconds(d.lag_seconds ?? 0)},
    {title: "New series held", class: "number", cell: (d) => number(d.held_series ?? d.held?.series ?? 0)},
    {title: "Spool", class: "number", cell: (d) => bytes(d.spool_bytes ?? 0)},
    {title: "State", class: "text", cell: (d) => (d.last_error ? el("span", {class: "bad"}, d.last_error) : "well")},
  ], destinations, "None: the history of this page is all there is.");
}

function senderTable(answer) {
  const rows = answer.senders ?? [];
  const columns = rows.length === 0 ? [] : Object.keys(rows[0]);
  return table("Senders", columns.map((key) => ({
    title: key.replaceAll("_", " "), class: typeof rows[0][key] === "number" ? "number" : "",
    cell: (row) => (typeof row[key] === "number" ? number(row[key]) : row[key] === null || typeof row[key] === "object" ? "–" : String(row[key])),
  })), rows.slice(0, 100), "Nobody has sent yet.");
}

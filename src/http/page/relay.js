// The relay itself: the ledger, its destinations, what it does over time, who sends.
import {about, get, series} from "./api.js";
import {heldTime} from "./bar.js";
import {el, table} from "./dom.js";
import {ago, bytes, inUrl, number, seconds} from "./format.js";
import {hostLink, noHistory} from "./parts.js";
import {rangedView} from "./ranged.js";

const kColours = {received: 0, matched: 2, malformed: 1};
// Of the relay's own series. Counters grow from its start on; what is drawn of them is how fast.
const kCharts = [
  {title: "Messages a second", glob: "syslog_messages_{received,matched,malformed}", colours: kColours, isCounter: true},
  {title: "Lines of Graphite a second", glob: "graphite_lines_{received,malformed}", colours: kColours, isCounter: true},
  {title: "Samples dropped a second", glob: "samples_dropped_*", isCounter: true},
  {title: "Datagrams a second that the kernel dropped", glob: "udp_kernel_drops", isCounter: true},
  {title: "Datapoints published a second", glob: "datapoints_published", isCounter: true},
  {title: "Datapoints that wait", glob: "destinations.*.waiting"},
  {title: "Behind", unit: "s", glob: "destinations.*.lag_seconds"},
  {title: "Hosts known", glob: "hosts"},
];
// A bound on rows: the API has them all.
const kSendersShown = 50;
// In the ledger a match is one of a message or of a line of Graphite.
const kColumns = {matched: "matched a rule, lines of Graphite too", unmatched: "matched none, lines of Graphite too"};
const kParts = {messages: "messages", samples: "samples", graphite_lines: "lines of Graphite", uncounted_loss: "uncounted loss"};

export function relayView(root, {query, again}) {
  const ask = async (range) => {
    const [health, ledger, senders, charts] = await Promise.all([
      get("/healthz"), get("/api/v1/ledger"), get("/api/v1/senders", {limit: kSendersShown}), chartsOf(about.path, range)]);
    return {
      above: [
        el("h1", {}, "The relay", el("span", {class: "quiet"}, ` ${ledger.instance}, sluice ${ledger.version}, started `, ago(ledger.started))),
        standing(health),
        ledger.config?.stale ? el("p", {class: "bad"}, "Its configuration was refused: ", ledger.config.error) : null,
        el("h2", {}, "Destinations"), destinationTable(ledger.destinations ?? []), noHistory()],
      charts,
      below: [
        el("h2", {}, "Ledger"),
        el("p", {class: "quiet"}, "Since the start. Everything received stands in exactly one column; columns that are 0 are left out."),
        el("div", {class: "ledger"}, Object.entries(kParts).filter(([part]) => ledger[part]).map(([part, words]) =>
          el("section", {}, el("h3", {}, words), columnsOf(ledger[part], words, ledger.graphite_lines?.received > 0 ? kColumns : {})))),
        el("h2", {}, "Senders"), senderTable(senders),
        el("p", {class: "quiet"}, "As JSON: ", el("a", {href: "/api/v1/ledger"}, "ledger"), ", ", el("a", {href: "/api/v1/senders"}, "senders"),
          ", ", el("a", {href: "/api/v1/attention"}, "who needs attention"), "; for Prometheus: ", el("a", {href: "/metrics"}, "metrics"))],
    };
  };
  return rangedView(root, {title: "Relay", hash: "#/relay", query, again, ask});
}

function standing(health) {
  if (health.status === "ok") return el("p", {class: "good"}, "It is well.");
  return [el("p", {class: "bad"}, "It is degraded:"), el("ul", {}, health.reasons.map((reason) => el("li", {}, reason)))];
}

async function chartsOf(path, range) {
  if (!path) return [];
  const charts = await Promise.all(kCharts.map(async ({glob, isCounter = false, ...more}) => {
    const found = await series(`${path}.${glob}`, range).catch(() => new Map());
    const all = [...found].map(([one, points]) => [nameOf(one, path, glob), isCounter ? rateOf(points) : points]);
    // Of the many reasons to drop something, those that there were.
    const lines = new Map(all.filter(([, points]) => glob !== "samples_dropped_*" || points.some(([, value]) => value > 0)));
    return {...more, lines, href: `#/series?path=${inUrl(`${path}.${glob}`)}`};
  }));
  return charts.filter(({lines}) => lines.size > 0);
}

// A counter that begins anew has no rate there.
function rateOf(points) {
  return points.slice(1).map(([time, value], i) => {
    const [before, was] = points[i];
    return [time, value === null || was === null || value < was ? null : (value - was) / (time - before)];
  });
}

// "received" of "syslog_messages_received", "graphite" of "destinations.graphite.waiting".
function nameOf(path, root, glob) {
  const name = path.slice(root.length + 1);
  const [head, tail] = glob.split(/\{.*\}|\*/);
  return tail === undefined ? name : name.slice(head.length, name.length - tail.length);
}

function flatten(object, prefix = "") {
  return Object.entries(object).flatMap(([key, value]) =>
    value !== null && typeof value === "object" ? flatten(value, `${prefix}${key} `) : [[`${prefix}${key}`.replaceAll("_", " "), value]]);
}

function columnsOf(part, words, names) {
  return table(words, [
    {title: "Column", cell: ([key]) => names[key] ?? key},
    {title: "Count", class: "number", cell: ([, value]) => number(value)},
  ], flatten(part).filter(([, value]) => typeof value === "number" && value !== 0), {none: "All 0.", key: ([key]) => key});
}

function destinationTable(destinations) {
  return table("Destinations", [
    {title: "Name", cell: (d) => d.name},
    {title: "Where", class: "mono where", cell: (d) => d.endpoint ?? ""},
    {title: "State", class: "text", cell: (d) => (d.down ? el("span", {class: "bad"}, d.last_error || "down")
      : el("span", {class: "good"}, d.never_confirms ? "well, but it never acknowledges" : "well"))},
    {title: "Acknowledged", class: "number", cell: (d) => number(d.never_confirms ? d.unconfirmed : d.acknowledged)},
    {title: "Waiting", class: "number", cell: (d) => number(d.waiting + (d.in_flight ?? 0))},
    {title: "Behind", class: "number", cell: (d) => seconds(d.lag_seconds ?? 0)},
    {title: "New series held", class: "number", cell: (d) => (d.held?.series > 0 ? `${number(d.held.series)}, for ${heldTime(d.held)}` : "0")},
    {title: "Dropped", class: "number", cell: (d) => number(Object.values(d.dropped ?? {}).reduce((sum, n) => sum + n, 0))},
    {title: "Spool", class: "number", cell: (d) => bytes(d.spool?.bytes ?? 0)},
  ], destinations, {none: about.history ? "None: the history of this page is all there is." : "None, and no history: the numbers go nowhere.", key: (d) => d.name});
}

function senderTable({senders, known}) {
  return [
    table("Senders", [
      {title: "Host", class: "name", cell: (s) => hostLink(s.host)},
      {title: "Messages", class: "number", cell: (s) => number(s.messages)},
      {title: "Size", class: "number", cell: (s) => bytes(s.octets)},
      {title: "Malformed", class: "number", cell: (s) => marked(s.malformed)},
      {title: "Truncated", class: "number", cell: (s) => marked(s.truncated)},
      {title: "Clock not believed", class: "number", cell: (s) => marked(s.skewed)},
      {title: "Last heard", class: "when", cell: (s) => ago(s.last_received)},
    ], senders, {none: "Nobody has sent yet.", key: (s) => s.host}),
    known > senders.length ? el("p", {class: "quiet"}, `the ${senders.length} that sent most, of ${number(known)}`) : null,
  ];
}

function marked(value) {
  return el("span", {class: value > 0 ? "warn" : "quiet"}, number(value));
}

// The page: what is shown is chosen by the part of the URL behind '#', and asked for again every ten
// seconds while somebody looks; sooner while there are no numbers yet.
import {about, ApiError, askAbout, hasToken, setToken} from "./api.js";
import {el, fill} from "./dom.js";
import {countOn, showBar} from "./bar.js";
import {fromUrl} from "./format.js";
import {fleetView} from "./fleet.js";
import {clusterView} from "./cluster.js";
import {hostView, hostsView} from "./hosts.js";
import {rulesView} from "./rules.js";
import {relayView} from "./relay.js";
import {seriesView} from "./series.js";

const kPollEvery = 10_000;
const kPollFirst = 2_000;
const kPollFirstMax = 20;  // Times; a relay that nobody sends to is not asked that often for ever.
const kThemeKey = "sluice.theme";

const main = document.getElementById("view");
const bar = document.getElementById("bar");
const trouble = document.getElementById("trouble");
let current = null;  // The view that is shown: {title, refresh(), close()}; refresh() may say that it has no numbers yet.
let timer = 0;
let firstAsks = 0;

// Each view has an element of its own, so that an answer that comes late changes nothing that is shown since.
const kRoutes = [
  [/^$/, "fleet", (root) => fleetView(root, refresh)],
  [/^cluster\/([^/]+)$/, "fleet", (root, query, name) => clusterView(root, name, {query, again: refresh})],
  [/^hosts$/, "hosts", (root, query) => hostsView(root, query)],
  [/^host\/([^/]+)$/, "hosts", (root, query, name) => hostView(root, name, {query, again: refresh})],
  [/^series$/, "series", (root, query) => seriesView(root, query, refresh)],
  [/^rules$/, "rules", (root) => rulesView(root, refresh)],
  [/^relay$/, "relay", (root, query) => relayView(root, {query, again: refresh})],
];

function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  for (const [pattern, page, make] of kRoutes) {
    const found = path.match(pattern);
    const name = found && nameIn(found[1]);
    if (!found || name === null) continue;
    const root = el("div");
    open(page, root, make(root, new URLSearchParams(query), name));
    return;
  }
  open("", el("div", {}, el("p", {}, "There is nothing here. ", el("a", {href: "#/"}, "The fleet"))), {title: "Nothing", refresh: async () => {}});
}

// Null: a name that is no name, such as "%".
function nameIn(text) {
  try {
    return text === undefined ? "" : fromUrl(text);
  } catch {
    return null;
  }
}

function open(page, root, shown) {
  current?.close?.();
  current = shown;
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${shown.title} – sluice`;
  if (root.childNodes.length === 0) root.append(el("h1", {}, shown.title), el("p", {class: "asking quiet"}, "Asking the relay…"));
  main.replaceChildren(root);
  fill(trouble);
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  const shown = current;
  let isEmpty = false;
  showBar(bar).then((started) => { if (started !== null && started !== about.started) askAbout(); });
  try {
    isEmpty = (await shown.refresh())?.isEmpty ?? false;
    if (shown === current) fill(trouble);
  } catch (error) {
    if (shown === current) tell(error);
  }
  // Another view, or the same one asked again, has set the next time itself.
  if (shown !== current) return;
  clearTimeout(timer);
  const isSoon = isEmpty && firstAsks < kPollFirstMax;
  if (isSoon) firstAsks += 1;
  timer = setTimeout(() => (document.hidden ? waitForEyes() : refresh()), isSoon ? kPollFirst : kPollEvery);
}

function waitForEyes() {
  document.addEventListener("visibilitychange", refresh, {once: true});
}

// What went wrong, above what was shown before.
function tell(error) {
  main.querySelector(".asking")?.remove();
  if (error instanceof ApiError && error.status === 401) return askForToken();
  fill(trouble, el("p", {class: "bad"}, error instanceof ApiError ? error.message : `this page has a fault: ${error.message}`));
}

function askForToken() {
  const submit = (event) => {
    event.preventDefault();
    setToken(event.target.elements.token.value.trim());
    start();
  };
  fill(trouble, hasToken() ? el("p", {class: "bad"}, "That is not its token, or not any more.") : null,
    el("form", {class: "asked", onsubmit: submit},
      el("label", {for: "token"}, "The relay asks for its token (the content of its token_file)"),
      el("input", {type: "password", id: "token", name: "token", autocomplete: "off"}), el("button", {}, "Use it")));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").setAttribute("aria-pressed", String(theme === "dark"));
}

function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => localStorage.getItem(kThemeKey);
  setTheme(kept() ?? (system.matches ? "dark" : "light"));
  // Charts are drawn in the colours of their theme, so the view begins anew.
  system.addEventListener("change", () => { if (!kept()) { setTheme(system.matches ? "dark" : "light"); route(); } });
  document.getElementById("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem(kThemeKey, theme);
    setTheme(theme);
    route();
  });
}

function start() {
  askAbout().then(route);
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = document.getElementById("search-host").value.trim();
  location.hash = `#/hosts?${new URLSearchParams(words ? {q: words} : {})}`;
});

startTheme();
setInterval(() => countOn(bar, main), 1000);
addEventListener("hashchange", () => { route(); main.focus(); scrollTo(0, 0); });
start();

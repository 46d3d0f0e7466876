// The page: what is shown is chosen by the part of the URL behind '#', and asked for again every ten
// seconds while somebody looks.
import {ApiError, get, setToken} from "./api.js";
import {el} from "./dom.js";
import {showBar} from "./bar.js";
import {fromUrl} from "./format.js";
import {fleetView} from "./fleet.js";
import {clusterView} from "./cluster.js";
import {hostView, hostsView} from "./hosts.js";
import {rulesView} from "./rules.js";
import {relayView} from "./relay.js";

const kPollEvery = 10_000;
const kThemeKey = "sluice.theme";

const view = document.getElementById("view");
let current = null;  // The view that is shown: {title, page, refresh()}.
let about = {version: "", instance: "", links: []};
let timer = 0;

const kRoutes = [
  [/^$/, "fleet", () => fleetView(view)],
  [/^cluster\/([^/]+)$/, "fleet", (name) => clusterView(view, name)],
  [/^hosts(?:\?(.*))?$/, "hosts", (query) => hostsView(view, new URLSearchParams(query ?? ""))],
  [/^host\/([^/]+)$/, "hosts", (name) => hostView(view, name, about.links)],
  [/^rules$/, "rules", () => rulesView(view)],
  [/^relay$/, "relay", () => relayView(view)],
];

function route() {
  const path = location.hash.replace(/^#\/?/, "");
  for (const [pattern, page, make] of kRoutes) {
    const found = path.match(pattern);
    if (!found) continue;
    const name = found[1] === undefined || page === "hosts" && path.startsWith("hosts") ? found[1] : fromUrl(found[1]);
    open(page, make(name));
    return;
  }
  view.replaceChildren(el("p", {}, "There is nothing here. ", el("a", {href: "#/"}, "The fleet")));
}

function open(page, shown) {
  current = shown;
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${shown.title} – sluice`;
  view.replaceChildren(el("h1", {}, shown.title), el("p", {class: "quiet"}, "Asking the relay…"));
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  const shown = current;
  showBar(document.getElementById("bar"), about);
  try {
    if (shown) await shown.refresh();
  } catch (error) {
    if (shown === current) tell(error);
  }
  timer = setTimeout(() => (document.hidden ? waitForEyes() : refresh()), kPollEvery);
}

function waitForEyes() {
  document.addEventListener("visibilitychange", refresh, {once: true});
}

// What went wrong, above what was shown before.
function tell(error) {
  view.querySelector(".trouble")?.remove();
  const words = error instanceof ApiError ? error.message : `this page has a fault: ${error.message}`;
  view.prepend(el("p", {class: "trouble bad", role: "alert"}, words));
  if (error instanceof ApiError && error.status === 401) view.prepend(tokenForm());
}

function tokenForm() {
  const input = el("input", {type: "password", id: "token", autocomplete: "off"});
  return el("form", {onsubmit: (event) => { event.preventDefault(); setToken(input.value); refresh(); }},
    el("label", {for: "token"}, "The relay asks for its token: "), input, " ", el("button", {}, "Use it"));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  button.setAttribute("aria-pressed", String(theme === "dark"));
}

function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  setTheme(localStorage.getItem(kThemeKey) ?? system);
  document.getElementById("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem(kThemeKey, theme);
    setTheme(theme);
    route();
  });
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = document.getElementById("search-host").value.trim();
  location.hash = `#/hosts?${new URLSearchParams(words ? {q: words} : {})}`;
});

startTheme();
addEventListener("hashchange", () => { route(); view.focus(); scrollTo(0, 0); });
get("/api/v1/about").then((answer) => { about = answer; }, () => {}).finally(route);

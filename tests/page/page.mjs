// Drives the page of a running demo in Chromium, as people would, and has it judged.
//
//   node page.mjs URL SYSLOG_PORT FOLDER_FOR_SCREENSHOTS GUARDED_URL TOKEN
//
// GUARDED_URL is that of another relay, which wants TOKEN.
// Ends with 1 and says what was expected when something is not so.
import assert from "node:assert/strict";
import {readFileSync, mkdirSync} from "node:fs";
import {createRequire} from "node:module";
import {connect} from "node:net";
import {availableParallelism, loadavg} from "node:os";
import {chromium} from "playwright-core";

const [url, syslogPort, folder, guardedUrl, token] = process.argv.slice(2);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kChromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const kNobody = "nobody.example.com";
const kBroken = encodeURIComponent("web[");
const kLongName = `${"db-of-a-long-name-".repeat(4)}01.example.com`;
const kHostile = "<img src=x onerror=alert(1)>";

mkdirSync(folder, {recursive: true});
const browser = await chromium.launch({executablePath: kChromium, args: ["--no-sandbox"]});
const faults = [];

// A page of its own for each way through it, so that several go on at the same time.
async function open(options = {}) {
  // axe is put into the page from outside, which its policy would forbid; that the policy holds is tested apart.
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, bypassCSP: true, ...options});
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(`fault in the page: ${error.message}`));
  page.on("console", (message) => {
    const isRefusal = message.location().url.startsWith(guardedUrl) && message.text().includes("401") ||
      message.location().url.includes(kNobody) && message.text().includes("404") ||
      message.location().url.includes(kBroken) && message.text().includes("400");
    if (message.type() === "error" && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => { faults.push(`a dialog opened: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (![url, guardedUrl].some((one) => request.url().startsWith(one))) faults.push(`asked elsewhere: ${request.url()}`); });
  return page;
}

async function judge(page, what) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ["violations"]}));
  const grave = result.violations.filter((one) => one.impact === "serious" || one.impact === "critical" || one.id === "heading-order");
  assert.deepEqual(grave.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`), [],
    `${what}: axe finds nothing serious, and headings in order`);
}

async function fitsItsWidth(page, what) {
  const [scroll, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(scroll <= width, `${what}: ${scroll} px wide on a screen of ${width}`);
}

function send(line) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(syslogPort), "127.0.0.1", () => socket.end(`${line}\n`));
    socket.on("close", resolve);
    socket.on("error", reject);
  });
}

// Returns when the page has asked again by itself and shows the answer. Every answer changes something: how long ago
// things were.
async function askedAgain(page) {
  await page.evaluate(() => {
    globalThis.hasChanged = false;
    new MutationObserver(() => { globalThis.hasChanged = true; })
      .observe(document.querySelector("main"), {subtree: true, childList: true, characterData: true, attributes: true});
  });
  await page.waitForFunction(() => globalThis.hasChanged);
}

async function clustersWithinTwentySeconds(page) {
  const begin = Date.now();
  await page.goto(url);
  await page.locator("main table a[href^='#/cluster/']").first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".tile .number")].some((n) => Number(n.textContent) > 0));
  const seconds = (Date.now() - begin) / 1000;
  // Where others have more to do than there are processors for, everything takes that much longer.
  const crowd = Math.max(1, loadavg()[0] / availableParallelism());
  assert.ok(seconds < 20 * crowd, `clusters with numbers after ${seconds} s`);
  await page.locator("#bar.good, #bar.warn").waitFor();
}

async function drillDown(page) {
  await page.goto(url);
  await page.locator("svg.spark").first().waitFor();
  await page.screenshot({path: `${folder}/fleet.png`});
  await judge(page, "fleet");
  await oneScreenAnswers(page);
  await page.locator("main a[href^='#/cluster/']").first().click();
  await page.locator(".chart canvas").first().waitFor();
  await page.screenshot({path: `${folder}/cluster.png`});
  await judge(page, "cluster");
  // The one that was never heard has nothing to draw.
  await page.locator("main table a[href^='#/host/']:not([href*='db04'])").first().click();
  await page.locator(".crumbs", {hasText: "host"}).waitFor();
  const name = decodeURIComponent(page.url().split("#/host/")[1]);
  assert.equal(await page.getByRole("link", {name: "as JSON"}).getAttribute("href"), `${url}api/v1/hosts/${name}`, "the link of the configuration");
  await page.locator(".chart canvas").first().waitFor();
  await page.screenshot({path: `${folder}/host.png`});
  await judge(page, "host");
}

// The relay, the fleet in numbers, clusters, why, what changed: in this order, all of it begun on the first screen.
async function oneScreenAnswers(page) {
  const tops = await page.evaluate(() => ["#bar", ".tiles", "#clusters", "#why", "#lately"].map((one) =>
    document.querySelector(one).getBoundingClientRect().top));
  assert.ok(tops.every((top) => top < 800), `all on the first screen: ${tops}`);
  assert.ok(tops[0] < tops[1] && tops[1] < tops[2] && tops[2] <= tops[3] && tops[3] < tops[4], `in order: ${tops}`);
  const order = await page.evaluate(() => [...document.querySelectorAll("main h1, main h2")].map((one) => one.firstChild.textContent));
  assert.deepEqual(order, ["Fleet", "Clusters, worst first", "Why hosts fail", "What changed lately"]);
}

async function series(page) {
  await page.locator(".chart h2 a").first().click();
  await page.locator("#series-path").waitFor();
  await page.locator(".chart canvas").first().waitFor();
  await page.screenshot({path: `${folder}/series.png`});
  await judge(page, "series");
  await page.locator("#series-path").fill("sluice.clusters.*.puppet.nodes.failed");
  await page.getByRole("button", {name: "Show"}).click();
  await page.locator("main table").getByText("sluice.clusters.web.puppet.nodes.failed").waitFor();
  await page.goBack();
  await page.goBack();
  await page.locator(".crumbs", {hasText: "host"}).waitFor();
  await page.locator(".chart canvas").first().waitFor();
}

// Buttons do what a mouse does, and what is shown stands in the URL.
async function zoomByKeyboard(page) {
  const before = await page.locator(".ranges .shown").innerText();
  await page.getByRole("button", {name: "Zoom in"}).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((was) => document.querySelector(".ranges .shown").textContent !== was || location.hash.includes("from="), before);
  assert.match(page.url(), /from=\d+&until=\d+/);
  await page.getByRole("button", {name: "Earlier"}).click();
  const asked = page.url();
  await page.reload();
  await page.locator(".ranges").waitFor();
  assert.equal(page.url(), asked, "the range outlives a reload");
  await page.getByRole("button", {name: "3 hours"}).click();
  await page.locator("button[aria-pressed='true']", {hasText: "3 hours"}).waitFor();
  assert.doesNotMatch(page.url(), /from=/);
}

async function zoom(page) {
  const box = await page.locator(".chart .plot").first().boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.98, y, {steps: 8});
  await page.mouse.up();
  await page.waitForFunction(() => location.hash.includes("from=") && !document.querySelector(".ranges [aria-pressed='true']"));
  await page.locator(".chart .plot").first().dblclick({position: {x: 200, y: 40}});
  await page.locator("button[aria-pressed='true']", {hasText: "3 hours"}).waitFor();
  await page.getByRole("button", {name: "1 hour"}).click();
  await page.locator("button[aria-pressed='true']", {hasText: "1 hour"}).waitFor();
}

async function explain(page) {
  await page.goto(url);
  await page.getByRole("link", {name: "Rules"}).click();
  await page.getByLabel("What would be made of a line?").fill(
    `<29>1 ${new Date().toISOString()} web01 puppet-agent 812 - - Applied catalog in 12.34 seconds`);
  await page.getByRole("button", {name: "Explain"}).click();
  await page.getByText("puppet-agent/applied matches").waitFor();
  await page.getByText("puppet.time.catalog_application = 12.34 (timing)").waitFor();
  // What was typed and answered outlives the page's asking again.
  await askedAgain(page);
  assert.ok(await page.getByText("puppet-agent/applied matches").isVisible());
  await page.screenshot({path: `${folder}/rules.png`});
  await judge(page, "rules");
}

async function relay(page) {
  await page.getByRole("link", {name: "Relay", exact: true}).click();
  await page.getByRole("heading", {name: "Ledger"}).first().waitFor();
  await judge(page, "relay");
}

async function darkMode(page) {
  await page.goto(`${url}#/`);
  await page.locator("svg.spark").first().waitFor();
  const was = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.getByRole("button", {name: "Dark"}).click();
  const now = await page.evaluate(() => document.documentElement.dataset.theme);
  assert.notEqual(was, now);
  await page.locator("svg.spark").first().waitFor();
  await page.screenshot({path: `${folder}/fleet-${now}.png`});
  await judge(page, `fleet in ${now}`);
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), now, "the choice is kept");
}

// What somebody has reached, selected or opened is still there when the page has asked again.
async function askingAgainDisturbsNobody(page) {
  await page.goto(`${url}#/`);
  const link = page.locator("main table a[href^='#/cluster/']").first();
  await link.waitFor();
  await page.locator(".reasons summary").first().click();
  await link.focus();
  const href = await link.getAttribute("href");
  await askedAgain(page);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), href, "the focus stays");
  // An answer that comes when something else is shown by now changes nothing.
  await page.route("**/api/v1/fleet", async (route) => { await new Promise((done) => { setTimeout(done, 1500); }); await route.continue(); });
  await page.goto(`${url}#/hosts`);
  await page.locator("main table").first().waitFor();
  const late = page.waitForResponse((answer) => answer.url().includes("/api/v1/series"));  // What the late answer is followed by.
  await page.goto(`${url}#/`);
  await page.goto(`${url}#/rules`);
  await (await late).finished();
  await askedAgain(page);
  assert.equal(await page.locator("main h1").innerText(), "Rules");
  await page.unroute("**/api/v1/fleet");
}

async function telephone(page) {
  for (const [path, awaited] of [["#/", "svg.spark"], ["#/hosts", "main a[href^='#/host/']"], ["#/cluster/web", ".chart canvas"], ["#/series?path=sluice.all.*.*.*", "main .chart canvas"], ["#/rules", "#lines"], ["#/relay", "main table"]]) {
    await page.goto(url + path);
    await page.locator(awaited).first().waitFor();
    await fitsItsWidth(page, path);
    await judge(page, `${path} on a telephone`);
  }
  await page.goto(`${url}#/`);
  await page.locator("svg.spark").first().waitFor();
  await page.screenshot({path: `${folder}/telephone.png`});
}

async function keyboard(page) {
  await page.goto(`${url}#/`);
  await page.reload();  // So that nothing has the focus yet.
  await page.locator("main table a").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the numbers");
  const seen = new Set();
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press("Tab");
    seen.add(await page.evaluate(() => document.activeElement.getAttribute("href") ?? document.activeElement.id));
  }
  assert.ok([...seen].some((href) => href.startsWith("#/cluster/")), "clusters are reached with the Tab key");
  await page.locator("main a[href^='#/cluster/']").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.startsWith("#/cluster/"));
}

// Names and texts that would be markup somewhere else.
async function hostile(page) {
  const stamp = new Date().toISOString();
  await send(`<27>1 ${stamp} ${kHostile.replaceAll(" ", "_")} puppet-agent 9 - - Could not retrieve catalog from remote server: ${kHostile}`);
  // Often enough to be among the shapes that are shown.
  await send(Array(5000).fill(`<27>1 ${stamp} web01 sneaky 9 - - ${kHostile} number 5`).join("\n"));
  await page.goto(`${url}#/hosts?q=${encodeURIComponent("<img")}`);
  await page.locator("main").getByText("<img").first().waitFor();
  await page.goto(`${url}#/rules`);
  await page.locator("main").getByText(kHostile.slice(0, 12)).first().waitFor();
  await page.goto(`${url}#/`);
  await page.locator("main table a").first().waitFor();
  for (const path of ["#/", "#/hosts", "#/rules"]) {
    await page.goto(url + path);
    await page.locator("main table").first().waitFor();
    assert.equal(await page.locator("main img").count(), 0, `${path}: nothing became markup`);
  }
}

// Without the exception for axe: the page's own policy forbids none of its parts.
async function policy(page) {
  await page.goto(url);
  await page.locator("svg.spark").first().waitFor();
  await page.locator("main a[href^='#/cluster/']").first().click();
  await page.locator(".chart canvas").first().waitFor();
}

// The relay's answers, but for what `change` makes of their JSON.
async function altered(page, path, change) {
  await page.route(`**${path}*`, async (route) => {
    // As a browser does for itself: a connection that was idle may be closed while it is asked anew.
    const answer = await route.fetch({maxRetries: 2});
    const json = await answer.json();
    change(json);
    await route.fulfill({response: answer, json});
  });
}

// As after a restart: hosts fail, and nothing is known of why.
async function saysWhatItDoesNotKnow(page) {
  await altered(page, "/api/v1/fleet", (fleet) => { fleet.failures = []; fleet.nodes.failed = 2; fleet.nodes.no_catalog = 1; });
  await altered(page, "/api/v1/hosts", ({hosts}) => {
    for (const host of hosts) { host.last_failure = null; host.states = {}; }
  });
  await page.goto(url);
  const why = page.locator("section.why");
  await why.getByText(/^3 hosts fail; why is known with the next run that says it \(the relay runs since .*\d\d:\d\d\)\.$/).waitFor();
  assert.equal(await why.getByText("No host fails").count(), 0);
  await page.unrouteAll();
}

async function tellsOfNoHistory(page) {
  await altered(page, "/api/v1/about", (about) => { about.history = false; });
  await altered(page, "/api/v1/ledger", (ledger) => { ledger.destinations = []; });
  await page.goto(url);
  await page.locator("#bar", {hasText: "no carbon and no history"}).waitFor();
  const {hosts: [{host}]} = await (await fetch(`${url}api/v1/hosts?cluster=web&limit=1`)).json();
  for (const path of ["#/", "#/cluster/web", `#/host/${host}`, "#/series", "#/relay"]) {
    await page.goto(url + path);
    await page.getByText("This relay keeps no history").waitFor();
    assert.equal(await page.getByText("Asking the relay").count(), 0, path);
    assert.equal(await page.locator("#trouble").innerText(), "", path);
  }
  await page.unrouteAll();
}

// What is not there is said, and nothing is waited for.
async function saysWhatIsUnknown(page) {
  await page.goto(`${url}#/host/${kNobody}`);
  await page.locator("#trouble").getByText("no host of this name is known").waitFor();
  assert.equal(await page.getByText("Asking the relay").count(), 0);
  await page.goto(`${url}#/series?path=${kBroken}`);
  await page.locator("main .bad", {hasText: "a ] is missing"}).waitFor();
  assert.equal(await page.locator("#series-path").inputValue(), "web[", "it can be mended");
}

async function longNamesBreak(page) {
  await altered(page, "/api/v1/events", ({events}) => { for (const one of events) one.host = kLongName; });
  await altered(page, "/api/v1/hosts", ({hosts}) => { for (const one of hosts) one.host = kLongName; });
  for (const width of [1280, 375]) {
    await page.setViewportSize({width, height: 900});
    await page.goto(url);
    await page.locator(".feed").getByText(kLongName).first().waitFor();
    await fitsItsWidth(page, `long names at ${width}`);
    const narrowest = await page.evaluate(() => Math.min(...[...document.querySelectorAll(".feed .what")].map((one) => one.clientWidth)));
    assert.ok(narrowest > 150, `beside long names at ${width}: ${narrowest} px`);
  }
  await page.unrouteAll();
}

async function failedDeploymentIsRed(page) {
  await altered(page, "/api/v1/events", (answer) => {
    answer.events = ["ok", "failed"].map((status) =>
      ({time: answer.time, host: "ops01", cluster: "other", kind: "deploy", rule: "deploy/any", text: `app=shop status=${status}`}));
  });
  await page.goto(url);
  await page.locator(".feed li", {hasText: "status=failed"}).first().locator(".mark.bad", {hasText: "deploy failed"}).waitFor();
  assert.equal(await page.locator(".feed li", {hasText: "status=ok"}).locator(".mark.bad").count(), 0);
  await page.unrouteAll();
}

// Why, and how much waits: once.
async function carbonIsDown(page) {
  const error = "carbon:2003: no connection (refused); is carbon running there?";
  await altered(page, "/api/v1/ledger", (ledger) => {
    ledger.destinations = [{name: "graphite", endpoint: "tcp://carbon:2003", down: true, last_error: error, waiting: 6089, in_flight: 0}];
  });
  await altered(page, "/healthz", (health) => {
    health.status = "degraded";
    health.reasons = [`destination graphite (tcp://carbon:2003) does not take datapoints, 6089 wait: ${error}`, "something else"];
  });
  await page.goto(url);
  await page.locator("#bar", {hasText: "graphite: 6,089 datapoints wait"}).waitFor();
  assert.deepEqual(await page.locator("#bar li").allInnerTexts(), ["graphite takes nothing: carbon:2003: no connection (refused)", "something else"]);
  await page.unrouteAll();
}

// A relay that hangs: what is shown grows old, and the bar says why.
async function silence(page) {
  await page.goto(url);
  await page.locator("h1 time").waitFor();
  await page.route(/\/(api|healthz)/, () => {});
  await page.locator("#bar.bad", {hasText: "No answer"}).waitFor();
  const age = await page.locator("h1 time").innerText();
  await page.waitForFunction((was) => document.querySelector("h1 time").textContent !== was, age);
  await page.unrouteAll();
  await page.locator("#bar.good, #bar.warn").waitFor();
}

// A relay that wants its token is told it once.
async function askedForTheToken(page) {
  await page.goto(guardedUrl);
  const box = page.getByLabel("The relay asks for its token");
  await box.fill("something else");
  await page.getByRole("button", {name: "Use it"}).click();
  await page.getByText("That is not its token").waitFor();
  await page.screenshot({path: `${folder}/token.png`});
  await judge(page, "asked for the token");
  await box.fill(token);
  await page.getByRole("button", {name: "Use it"}).click();
  await page.locator("#bar.good, #bar.warn", {hasText: "The relay is"}).waitFor();
  await page.reload();
  await page.getByRole("heading", {name: "Clusters, worst first"}).waitFor();
  assert.equal(await box.count(), 0, "the token is kept");
}

// Goes through these steps on a page of its own; what fails is told with what the page showed.
async function way(options, ...steps) {
  const page = await open(options);
  for (const step of steps) {
    const begin = Date.now();
    try {
      await step(page);
    } catch (error) {
      await page.screenshot({path: `${folder}/failed-${step.name}.png`});
      const shown = (await page.locator("main").innerText()).slice(0, 1500);
      throw new Error(`${step.name}: ${error.message}\n${page.url()} shows:\n${shown}`);
    }
    console.log(`ok ${step.name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  }
  await page.context().close();
}

const kTelephone = {viewport: {width: 375, height: 740}, hasTouch: true, isMobile: true};
let failures = [];
try {
  await way({}, clustersWithinTwentySeconds);
  const ways = await Promise.allSettled([
    way({}, drillDown, series, zoom, zoomByKeyboard, relay), way({}, explain, darkMode, keyboard),
    way({}, askingAgainDisturbsNobody), way(kTelephone, telephone), way({bypassCSP: false}, policy),
    way({}, askedForTheToken), way({}, silence),
    way({}, saysWhatItDoesNotKnow, tellsOfNoHistory),
    way({}, saysWhatIsUnknown, longNamesBreak, failedDeploymentIsRed, carbonIsDown)]);
  failures = ways.filter(({status}) => status === "rejected").map(({reason}) => reason.message);
  if (failures.length === 0) await way({}, hostile);  // Last: what it sends is shown to all.
} catch (error) {
  failures.push(error.message);
}
await browser.close();
failures.push(...faults);
for (const failure of failures) console.error(failure);
process.exit(failures.length > 0 ? 1 : 0);

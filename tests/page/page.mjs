// Drives the page of a running demo in Chromium, as people would, and has it judged.
//
//   node page.mjs URL SYSLOG_PORT FOLDER_FOR_SCREENSHOTS
//
// Ends with 1 and says what was expected when something is not so.
import assert from "node:assert/strict";
import {readFileSync, mkdirSync} from "node:fs";
import {createRequire} from "node:module";
import {connect} from "node:net";
import {chromium} from "playwright-core";

const [url, syslogPort, folder] = process.argv.slice(2);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kChromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const kHostile = "<img src=x onerror=alert(1)>";

mkdirSync(folder, {recursive: true});
const browser = await chromium.launch({executablePath: kChromium, args: ["--no-sandbox"]});
const faults = [];

async function open(options = {}) {
  // axe is put into the page from outside, which its policy would forbid; that the policy holds is tested apart.
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, bypassCSP: true, ...options});
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(`fault in the page: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") faults.push(`console: ${message.text()}`); });
  page.on("dialog", (dialog) => { faults.push(`a dialog opened: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(url)) faults.push(`asked elsewhere: ${request.url()}`); });
  return page;
}

async function judge(page, what) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ["violations"]}));
  const grave = result.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  assert.deepEqual(grave.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`), [],
    `${what}: axe finds nothing serious`);
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

async function clustersWithinTwentySeconds(page) {
  const begin = Date.now();
  await page.goto(url);
  await page.locator("main table a[href^='#/cluster/']").first().waitFor({timeout: 20_000});
  await page.waitForFunction(() => [...document.querySelectorAll(".tile .number")].some((n) => Number(n.textContent) > 0),
    null, {timeout: 20_000 - (Date.now() - begin)});
  await page.locator("#bar.good, #bar.warn").waitFor({timeout: 5_000});
}

async function drillDown(page) {
  await page.locator("svg.spark").first().waitFor({timeout: 60_000});
  await page.screenshot({path: `${folder}/fleet.png`});
  await judge(page, "fleet");
  await page.locator("main a[href^='#/cluster/']").first().click();
  await page.locator(".chart canvas").first().waitFor({timeout: 60_000});
  await page.screenshot({path: `${folder}/cluster.png`});
  await judge(page, "cluster");
  await page.locator("main a[href^='#/host/']").first().click();
  await page.locator(".crumbs", {hasText: "host"}).waitFor();
  await page.locator(".chart canvas").first().waitFor({timeout: 60_000});
  await page.screenshot({path: `${folder}/host.png`});
  await judge(page, "host");
}

async function zoom(page) {
  const box = await page.locator(".chart .plot").first().boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.98, y, {steps: 8});
  await page.mouse.up();
  await page.locator(".ranges", {hasText: /\d\d:\d\d to \d\d:\d\d/}).waitFor();
  await page.getByRole("button", {name: "1 hour"}).click();
  await page.locator("button[aria-pressed='true']", {hasText: "1 hour"}).waitFor();
}

async function explain(page) {
  await page.getByRole("link", {name: "Rules"}).click();
  await page.getByLabel("What would be made of a line?").fill(
    `<29>1 ${new Date().toISOString()} web01 puppet-agent 812 - - Applied catalog in 12.34 seconds`);
  await page.getByRole("button", {name: "Explain"}).click();
  await page.getByText("puppet-agent/applied matches").waitFor();
  await page.getByText("puppet.time.catalog_application = 12.34 (timing)").waitFor();
  // What was typed and answered outlives the page's asking again.
  await page.waitForTimeout(11_000);
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

async function telephone() {
  const page = await open({viewport: {width: 375, height: 740}, hasTouch: true, isMobile: true});
  for (const [path, awaited] of [["#/", "svg.spark"], ["#/hosts", "main a[href^='#/host/']"], ["#/rules", "#lines"], ["#/relay", "main table"]]) {
    await page.goto(url + path);
    await page.locator(awaited).first().waitFor({timeout: 20_000});
    await fitsItsWidth(page, path);
    await judge(page, `${path} on a telephone`);
  }
  await page.goto(`${url}#/`);
  await page.locator("svg.spark").first().waitFor();
  await page.screenshot({path: `${folder}/telephone.png`});
  await page.context().close();
}

async function keyboard(page) {
  await page.goto(`${url}#/`);
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
  await send(Array(500).fill(`<27>1 ${stamp} web01 sneaky 9 - - ${kHostile} number 5`).join("\n"));
  await page.goto(`${url}#/hosts?q=${encodeURIComponent("<img")}`);
  await page.locator("main").getByText("<img").first().waitFor({timeout: 20_000});
  await page.goto(`${url}#/rules`);
  await page.locator("main").getByText(kHostile.slice(0, 12)).first().waitFor({timeout: 30_000});
  await page.goto(`${url}#/`);
  await page.locator("main table a").first().waitFor();
  for (const path of ["#/", "#/hosts", "#/rules"]) {
    await page.goto(url + path);
    await page.locator("main table").first().waitFor({timeout: 20_000});
    assert.equal(await page.locator("main img").count(), 0, `${path}: nothing became markup`);
  }
}

// Without the exception for axe: the page's own policy forbids none of its parts.
async function policy() {
  const page = await open({bypassCSP: false});
  await page.goto(url);
  await page.locator("svg.spark").first().waitFor({timeout: 20_000});
  await page.locator("main a[href^='#/cluster/']").first().click();
  await page.locator(".chart canvas").first().waitFor({timeout: 20_000});
  await page.context().close();
}

const steps = {clustersWithinTwentySeconds, drillDown, zoom, explain, relay, darkMode, telephone, keyboard, hostile, policy};
let failed = false;
try {
  const page = await open();
  for (const [name, step] of Object.entries(steps)) {
    await step(page);
    assert.deepEqual(faults, [], name);
    console.log(`ok ${name}`);
  }
} catch (error) {
  failed = true;
  console.error(error.message);
  const pages = browser.contexts().flatMap((context) => context.pages());
  if (pages[0]) {
    await pages[0].screenshot({path: `${folder}/failed.png`});
    console.error((await pages[0].locator("main").innerText()).slice(0, 1500));
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);

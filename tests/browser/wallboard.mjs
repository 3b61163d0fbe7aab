// The wallboard in a real browser: numbers move, a killed server is noticed, and the page recovers by itself.
//
//   node wallboard.mjs PATH/TO/callfold [--screenshot FILE] [--theme light|dark] [--port PORT]
//
// Needs Chromium (CHROMIUM, else /usr/bin/chromium) and `npm install` in this directory. Everything stays on loopback.
// Exit status 0 when all checks hold.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshot: { type: "string" }, theme: { type: "string", default: "light" }, port: { type: "string" } },
});
const binary = positionals[0];
if (!binary) {
  console.error("usage: node wallboard.mjs PATH/TO/callfold [--screenshot FILE] [--theme light|dark] [--port PORT]");
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), "callfold-browser-"));
const port = options.port ?? (await freePort());
const origin = `http://127.0.0.1:${port}`;
let passed = 0;
let server;

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function check(holds, what) {
  if (!holds) throw new Error(`does not hold: ${what}`);
  passed += 1;
  console.log(`ok  ${what}`);
}

/** Waits until `probe` gives something true, and returns it; an error names `what` after `seconds`. */
async function until(what, seconds, probe) {
  const begin = Date.now();
  for (;;) {
    const value = await probe();
    if (value) {
      check(true, `${what} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
      return value;
    }
    if (Date.now() - begin > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const serverLog = [];

/** Starts the demo on the port. A fresh data directory each time: what is recovered is the page. */
async function startServer() {
  const data = mkdtempSync(join(scratch, "data-"));
  const args = ["demo", "--listen", `127.0.0.1:${port}`, "--data", data, "--no-open"];
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const keep = (chunk) => serverLog.push(String(chunk)) > 200 && serverLog.shift();
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", (error) => keep(String(error)));
  server = child;
  await until("the server is ready", 60, async () => {
    if (child.exitCode != null) throw new Error(`the server ended with status ${child.exitCode}`);
    return fetch(`${origin}/readyz`).then((answer) => answer.ok, () => false);
  });
}

async function killServer() {
  const gone = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGKILL");
  await gone;
}

/** What the page shows, as texts. */
const read = (page) =>
  page.evaluate(() => {
    const all = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent);
    const visibleRows = [...document.querySelectorAll("#rows .row")].filter((row) => !row.hidden);
    return {
      link: document.documentElement.dataset.link,
      word: document.querySelector("#link-word").textContent,
      banner: document.querySelector("#banner").hidden ? "" : document.querySelector("#banner").textContent,
      waiting: all(".tile .big > div:first-child > b").join(" "),
      strip: all(".strip .cell b").join(" "),
      tiles: document.querySelectorAll(".tile").length,
      rows: visibleRows.length,
      agents: Number(document.querySelector("#table").getAttribute("aria-rowcount")) - 1,
      timers: visibleRows.map((row) => [row.querySelector("b").textContent, row.querySelector(".timer").textContent]),
      longest: all(".tile .big .right b"),
      opacity: Number(getComputedStyle(document.querySelector("main")).opacity),
      marker: globalThis.loadedOnce === true,
    };
  });

/** Seconds of a timer; NaN when it shows none. */
const seconds = (text) => (/:/.test(text ?? "") ? text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) : NaN);

async function numbersMove(page, what) {
  const before = await read(page);
  await until(what, 30, async () => {
    const now = await read(page);
    return now.waiting !== before.waiting && now.strip !== before.strip;
  });
}

async function run(page, faults) {
  await startServer();
  const begin = Date.now();
  await page.goto(origin);
  await until("queues and agents appear", 20, async () => {
    const now = await read(page);
    return now.tiles > 0 && now.rows > 0 && now.link === "live";
  });
  console.log(`    first numbers ${Date.now() - begin} ms after the request`);
  const first = await read(page);
  check(first.rows <= 120, `only rows in sight exist: ${first.rows} of ${first.agents} agents`);
  await numbersMove(page, "numbers move");
  const earlier = new Map((await read(page)).timers);
  await until("timers run", 10, async () => {
    const now = (await read(page)).timers;
    return now.some(([agent, text]) => seconds(text) > seconds(earlier.get(agent)));
  });
  if (options.screenshot) {
    await page.waitForTimeout(5000);
    await page.screenshot({ path: options.screenshot });
  }
  await keys(page);
  await page.evaluate(() => (globalThis.loadedOnce = true));

  check(faults.length === 0, `no console error, no request elsewhere: ${faults.join("; ") || "none"}`);
  await killServer();
  const dead = await until("the page says that it is disconnected", 15, async () => {
    const now = await read(page);
    return now.link === "disconnected" && /disconnected/i.test(now.banner) && now;
  });
  check(dead.opacity <= 0.6, `numbers are dimmed to ${dead.opacity}`);
  check(dead.word === "DISCONNECTED", "the connection says so too");
  // The banner takes its place from the table, which then shows fewer rows.
  await page.waitForTimeout(400);
  const frozen = await read(page);
  await page.waitForTimeout(2500);
  const later = await read(page);
  check(JSON.stringify(frozen.timers) === JSON.stringify(later.timers), "agents' timers stand still");
  check(JSON.stringify(frozen.longest) === JSON.stringify(later.longest), "queues' timers stand still");
  check(/retrying in|trying now/.test(later.banner), `the banner counts down: ${later.banner}`);
  if (options.screenshot) await page.screenshot({ path: options.screenshot.replace(/(\.\w+)?$/, "-disconnected$1") });

  // While nobody listens, the browser itself reports each refused connection; nothing else may be among the faults.
  const other = faults.filter((fault) => !/net::ERR_|Failed to load resource/.test(fault));
  check(other.length === 0, `no fault but refused connections: ${other.join("; ") || "none"}`);
  await startServer();
  await until("the page is live again", 30, async () => {
    const now = await read(page);
    return now.link === "live" && !/disconnected/i.test(now.banner) && now.opacity === 1;
  });
  check((await read(page)).marker, "without having been loaded again");
  faults.length = 0;
  await numbersMove(page, "numbers move again");
  check(faults.length === 0, `no console error after recovery: ${faults.join("; ") || "none"}`);
  // Last, because a page behind another one is painted late.
  await health(page);
}

/** The health page says that all is well, and which source reports. */
async function health(page) {
  const other = await page.context().newPage();
  await other.goto(`${origin}/health`);
  await until("the health page says OK", 10, () => other.evaluate(() => document.querySelector("#state").textContent === "OK"));
  const text = await other.evaluate(() => document.querySelector("#report").textContent);
  check(/Sources/.test(text) && /up/.test(text) && /Invariants found broken0/.test(text), "it lists the sources and no broken invariant");
  if (options.screenshot) await other.screenshot({ path: options.screenshot.replace(/(\.\w+)?$/, "-health$1") });
  await other.close();
}

async function keys(page) {
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await page.keyboard.press("t");
  check((await theme()) !== before, "t changes the theme");
  await page.keyboard.press("/");
  check(await page.evaluate(() => document.activeElement.id === "queue-search"), "/ goes to the search field");
  await page.keyboard.type("no such queue");
  await until("a search without match says so", 5, () => page.evaluate(() => !document.querySelector("#floor-empty").hidden));
  await page.keyboard.press("Escape");
  await until("Esc brings all queues back", 5, async () => (await read(page)).tiles > 0);
  await page.keyboard.press("p");
  const still = await read(page);
  await page.waitForTimeout(1500);
  check((await read(page)).strip === still.strip, "p freezes the picture");
  await page.keyboard.press("p");
  await page.keyboard.press("?");
  check(await page.evaluate(() => document.querySelector("#help-dialog").open), "? opens the help");
  await page.keyboard.press("Escape");
}

const profile = join(scratch, "profile");
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  viewport: { width: 1440, height: 900 },
  colorScheme: options.theme,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
let failed = 0;
try {
  const page = context.pages()[0] ?? (await context.newPage());
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request to ${request.url()}`);
  });
  await run(page, faults);
} catch (error) {
  failed = 1;
  console.error(`not ok  ${error.message}`);
  console.error(serverLog.join("").split("\n").slice(-20).join("\n"));
} finally {
  await context.close();
  if (server && server.exitCode == null && server.signalCode == null) await killServer();
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed);

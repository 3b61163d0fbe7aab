// Puts the page together: the stream feeds the model, the model is painted at most once a frame, timers tick by
// themselves, and keys, buttons and the address choose what is seen.

import { Agents, COLUMN_NAMES } from "/assets/agents.js";
import { Floor, Strip, element, write } from "/assets/floor.js";
import { clockDay, clockTime, count, duration, span, spanShort, zoneName } from "/assets/format.js";
import { Model, STATES } from "/assets/model.js";
import { Stream } from "/assets/stream.js";

const LAG_S = 10;
const SKEW_MS = 2_000;
const PAINT_MS = 90;
const SORT_MS = 1_000;
const ANNOUNCE_MS = 10_000;
const RELOAD_S = 10;

const $ = (id) => document.getElementById(id);
const root = document.documentElement;

const model = new Model();
const floor = new Floor($("tiles"));
const agents = new Agents($("table"), $("table-head"), $("rows"), resort);
const strip = new Strip($("strip"), (word) => showState(agents.state === word ? "" : word));

let pausedAt = null;
let build = null;
let scheduled = false;
let paintedAt = 0;
let announced = "";

// --- painting -------------------------------------------------------------------------------------------------------

const painting = () => pausedAt == null && model.loaded && model.info != null;

/** Paints with the next frame; the first change at once, later ones as often as an eye can follow. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => requestAnimationFrame(() => {
    scheduled = false;
    paintedAt = performance.now();
    paint();
  }), Math.max(0, paintedAt + PAINT_MS - performance.now()));
}

function paint() {
  // A paint that was asked for before the connection broke must not move timers that stand still since.
  if (!painting() || link() === "disconnected") return;
  floor.paint(model);
  agents.paint(model);
  strip.paint(model, agents.state);
  counts();
}

/** Sorts, filters and paints everything: after a choice, a snapshot or a pause. */
function refresh() {
  if (!painting()) return;
  floor.touch(model.queues.values());
  floor.paint(model);
  floor.sort(model, true);
  agents.order(model, true);
  strip.paint(model, agents.state);
  counts();
}

/** Another column was chosen. */
function resort() {
  remember();
  if (painting()) agents.order(model, true);
}

function counts() {
  const queues = model.queues.size;
  write($("queue-count"), floor.shown === queues ? count(queues) : `${count(floor.shown)} of ${count(queues)}`);
  write($("breached-count"), `(${floor.breached.length})`);
  write($("agent-count"), agents.shown === model.agents.size ? count(agents.shown) : `${count(agents.shown)} of ${count(model.agents.size)}`);
  $("queue-held").hidden = !floor.held || link() !== "live";
  $("agent-held").hidden = !agents.held || link() !== "live";
  emptiness($("floor-empty"), queues, floor.shown, "No queue has been seen yet. A queue appears with its first event; check that a feed is attached.");
  emptiness($("agents-empty"), model.agents.size, agents.shown, "No agent has been seen yet. An agent appears with the first login.");
}

function emptiness(node, all, shown, why) {
  node.hidden = shown > 0;
  write(node, all === 0 ? why : `0 of ${count(all)} match. Esc clears the filter.`);
}

/** Once a half second: timers, ages, states of the page. */
function tick() {
  paintLink();
  if (!painting() || link() === "disconnected") return;
  strip.tick(model);
  floor.tick(model);
  agents.tick(model);
  paintClock();
}

/** Event time with its day, when that is not today, and its pace, when it is not that of the wall clock. */
function paintClock() {
  const { rate } = model.clock;
  const now = model.clock.now();
  const pace = rate === 1 ? "" : rate === 0 ? "standing" : `${rate}×`;
  write($("clock"), [clockDay(now), clockTime(now), zoneName(now), pace].filter(Boolean).join(" "));
}

function sortAll() {
  if (!painting() || link() === "disconnected") return;
  floor.sort(model, false);
  agents.order(model, false);
  counts();
}

function announce() {
  if (!painting() || link() !== "live") return;
  const worst = floor.breached.slice(0, 5).map((queue) => queue.id);
  const rest = floor.breached.length - worst.length;
  const text = worst.length ? `Breached: ${worst.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}` : "All queues are within their limits";
  if (text !== announced) write($("announce"), text);
  announced = text;
}

// --- the connection -------------------------------------------------------------------------------------------------

const stream = new Stream({
  hello(message) {
    if (build != null && message.build !== build) replaced();
    build ??= message.build;
    model.hello(message);
    describe();
  },
  snapshot(message) {
    model.snapshot(message);
    refresh();
  },
  delta(message) {
    model.delta(message);
    floor.touch(message.queues ?? []);
    agents.touch(message.agents ?? []);
    schedule();
  },
  heartbeat: (message) => model.heartbeat(message),
  lost() {
    model.clock.freeze();
    // What was still to be painted is painted now: from here on nothing moves.
    paint();
    paintLink();
  },
  back() {
    model.clock.thaw();
    paintLink();
  },
});

/** live, lagging, stale, disconnected or loading. */
function link() {
  const state = stream.state();
  return state === "live" && worstLag() ? "lagging" : state;
}

/** The source whose events arrive too late, if there is one. */
function worstLag() {
  const late = model.sources.filter((source) => source.lag_seconds > LAG_S);
  return late.sort((a, b) => b.lag_seconds - a.lag_seconds)[0];
}

const WORDS = { live: "LIVE", lagging: "LAGGING", stale: "STALE", disconnected: "DISCONNECTED", loading: "LOADING" };

function paintLink() {
  const state = link();
  if (root.dataset.link !== state) root.dataset.link = state;
  $("link").dataset.state = state;
  write($("link-word"), WORDS[state]);
  const age = stream.age() / 1000;
  write($("link-age"), Number.isFinite(age) ? `${age < 10 ? age.toFixed(1) : duration(age)}${age < 10 ? " s" : ""}` : "");
  paintBanner(state);
  paintNotice();
}

function paintBanner(state) {
  const banner = $("banner");
  const { seconds, retry } = stream.outage();
  const down = model.sources.filter((source) => !source.up).map((source) => source.switch);
  let text = "";
  if (state === "disconnected") {
    const next = retry == null ? "trying now" : `retrying in ${Math.ceil(retry)} s`;
    const last = model.clock.now() == null ? "" : ` · last good picture ${clockTime(model.clock.now())}`;
    text = `Disconnected ${duration(seconds)} · ${next}${last}`;
  } else if (state === "stale") {
    text = `No word from the server for ${Math.floor(stream.age() / 1000)} s`;
  } else if (state === "lagging") {
    const late = worstLag();
    text = `Data ${Math.round(late.lag_seconds)} s behind: source ${late.switch}`;
  } else if (down.length) {
    text = `${model.sources.length - down.length} of ${model.sources.length} sources report · silent: ${down.join(", ")}`;
  } else if (state === "loading" && performance.now() > 3000) {
    text = "Waiting for the first picture from the server";
  }
  banner.hidden = text === "";
  banner.dataset.state = state;
  // The text counts seconds; only its first appearance is an alert.
  banner.setAttribute("aria-live", banner.textContent ? "off" : "assertive");
  write(banner, text);
}

let reloadAt = null;

/** The server was replaced by another build: its page is newer than this one. */
function replaced() {
  reloadAt ??= performance.now() + RELOAD_S * 1000;
}

function paintNotice() {
  let text = "";
  if (reloadAt != null) {
    const left = Math.ceil((reloadAt - performance.now()) / 1000);
    if (left <= 0) location.reload();
    text = `The server has been updated; this page reloads in ${Math.max(0, left)} s`;
  } else if (pausedAt != null) {
    text = `Paused ${duration((performance.now() - pausedAt) / 1000)} · the picture is frozen, p resumes`;
  } else if (Math.abs(model.clock.offset) > SKEW_MS) {
    text = `This computer's clock is ${Math.round(Math.abs(model.clock.offset) / 1000)} s ${model.clock.offset > 0 ? "behind" : "ahead of"} the server's; timers use the server's`;
  }
  $("notice").hidden = text === "";
  write($("notice"), text);
}

// --- choices --------------------------------------------------------------------------------------------------------

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  root.dataset.theme = theme;
  write($("theme-word"), theme[0].toUpperCase() + theme.slice(1));
  try {
    localStorage.setItem("callfold.theme", theme);
  } catch {
    // A browser that keeps nothing still gets its theme, until the page is closed.
  }
}

function storedTheme() {
  try {
    return localStorage.getItem("callfold.theme");
  } catch {
    return null;
  }
}

function setView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll("[data-set-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setView === view));
  }
  remember();
  refresh();
}

function showState(word) {
  agents.state = word;
  $("table").scrollTop = 0;
  remember();
  refresh();
}

function setPaused(paused) {
  pausedAt = paused ? performance.now() : null;
  $("pause").setAttribute("aria-pressed", String(paused));
  root.dataset.paused = String(paused);
  paintNotice();
  refresh();
}

function setBreached(only) {
  floor.onlyBreached = only;
  $("breached").checked = only;
  remember();
  refresh();
}

function clearFilters() {
  floor.search = $("queue-search").value = "";
  agents.search = $("agent-search").value = "";
  agents.state = "";
  document.activeElement?.blur();
  setBreached(false);
}

/** Writes the choices into the address, so that a link reproduces the view. */
function remember() {
  const query = new URLSearchParams();
  const view = document.body.dataset.view;
  if (view !== "both") query.set("view", view);
  if (floor.search) query.set("q", floor.search);
  if (floor.onlyBreached) query.set("breached", "1");
  if (agents.search) query.set("agent", agents.search);
  if (agents.state) query.set("state", agents.state);
  if (agents.sort !== "since" || agents.reversed) query.set("sort", (agents.reversed ? "-" : "") + agents.sort);
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

function recall() {
  const query = new URLSearchParams(location.search);
  floor.search = $("queue-search").value = query.get("q") ?? "";
  agents.search = $("agent-search").value = query.get("agent") ?? "";
  agents.state = STATES.some(({ word }) => word === query.get("state")) ? query.get("state") : "";
  const sort = query.get("sort") ?? "since";
  const column = sort.replace(/^-/, "");
  if (COLUMN_NAMES.includes(column)) {
    agents.sort = column;
    agents.reversed = sort.startsWith("-");
  }
  floor.onlyBreached = $("breached").checked = query.get("breached") === "1";
  const theme = query.get("theme") ?? storedTheme();
  setTheme(THEMES.includes(theme) ? theme : "auto");
  setView(["both", "floor", "agents"].includes(query.get("view")) ? query.get("view") : "both");
}

/** Texts that depend on what the server said about itself. */
function describe() {
  const info = model.info;
  const demo = $("demo");
  demo.hidden = !info.demo;
  write(demo, info.recorded ? "RECORDED" : "DEMO");
  demo.title = info.recorded ? "Recorded events, played again" : "Synthetic floor: no real people, no real calls";
  const parts = [`callfold ${info.version}`];
  if (info.data) parts.push(`data in ${info.data}`);
  parts.push(`window ${span(info.window_seconds)}`, `today begins at midnight ${info.timezone}`);
  write($("foot"), parts.join(" · "));
  const window = spanShort(info.window_seconds);
  agents.describe(window);
  const meanings = [
    ["Waiting", "calls in the queue that ring nowhere yet"],
    ["Longest", `wait so far of the call that waits longest; warning from ${duration(info.longest_wait_warn_seconds)}, critical from ${duration(info.longest_wait_crit_seconds)}`],
    [`SL ${window}`, `${info.service_level}: share of calls answered within ${info.sl_threshold_seconds} s, last ${span(info.window_seconds)}; hollow with fewer than ${info.sample_min} calls`],
    [`abd`, `abandoned, of the answered and abandoned, last ${span(info.window_seconds)}`],
    ["Occ.", `ringing, talking, holding and after-call work, of the time logged in and not paused, last ${span(info.window_seconds)}`],
    ["AHT", "average handling time today: talk, hold and after-call work"],
    ["–", "undefined, for instance a ratio of no calls; 0 is a measured zero"],
  ];
  $("meanings").replaceChildren(...meanings.flatMap(([term, text]) => [element("dt", "", term), element("dd", "", text)]));
}

function legend() {
  for (const state of STATES) {
    const item = element("li");
    item.append(element("span", `glyph hue-${state.hue}`, state.glyph), element("b", "", state.short), element("span", "", state.name));
    $("legend").append(item);
  }
}

function searchField() {
  return document.body.dataset.view === "agents" ? $("agent-search") : $("queue-search");
}

let leader = false;

const KEYS = {
  "/": () => searchField().focus(),
  t: () => setTheme(THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]),
  b: () => setBreached(!floor.onlyBreached),
  p: () => setPaused(pausedAt == null),
  "?": () => $("help-dialog").showModal(),
  Escape: clearFilters,
};
const VIEWS = { b: "both", f: "floor", a: "agents" };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help-dialog").open) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
  if (typing && event.key !== "Escape") return;
  const led = leader && VIEWS[event.key];
  leader = !leader && event.key === "g";
  if (led) setView(led);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
}

// --- start ----------------------------------------------------------------------------------------------------------

addEventListener("keydown", onKey);
$("pause").addEventListener("click", () => setPaused(pausedAt == null));
$("theme").addEventListener("click", KEYS.t);
$("help").addEventListener("click", KEYS["?"]);
$("breached").addEventListener("change", (event) => setBreached(event.target.checked));
for (const button of document.querySelectorAll("[data-set-view]")) {
  button.addEventListener("click", () => setView(button.dataset.setView));
}
for (const [id, list] of [["queue-search", floor], ["agent-search", agents]]) {
  $(id).addEventListener("input", (event) => {
    list.search = event.target.value;
    remember();
    refresh();
  });
}
$("table").addEventListener("scroll", () => painting() && agents.place(model), { passive: true });
new ResizeObserver(() => painting() && agents.place(model)).observe($("table"));
recall();
legend();
setInterval(tick, 250);
setInterval(sortAll, SORT_MS);
setInterval(announce, ANNOUNCE_MS);
paintLink();

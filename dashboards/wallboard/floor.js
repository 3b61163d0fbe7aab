// The strip of totals and the tiles of the queues, worst first.

import { STATES, stateOf } from "/assets/model.js";
import { NONE, count, duration, percent, percentFine, spanShort, splitId } from "/assets/format.js";

const SEVERITY = [
  { word: "", glyph: "", name: "ok" },
  { word: "WARN", glyph: "▲", name: "warning" },
  { word: "CRIT", glyph: "⬤", name: "critical" },
];
/** How long a queue has been better before its tile says so; keeps a value at the edge from flickering. */
const CALM_MS = 10_000;
const SVG = "http://www.w3.org/2000/svg";

export function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text != null) node.textContent = text;
  return node;
}

/** Writes only what differs: most texts stay the same from one paint to the next. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

/** A service-level bar with its target; hollow while there are too few calls to judge. */
class LevelBar {
  constructor() {
    this.node = element("div", "level");
    this.fill = element("i");
    this.tick = element("u");
    this.node.append(this.fill, this.tick);
  }

  set(ratio, target, judged) {
    this.fill.style.transform = `scaleX(${ratio ?? 0})`;
    this.tick.style.left = `${target * 100}%`;
    mark(this.node, "judged", String(judged));
    mark(this.node, "met", String(ratio != null && ratio >= target));
  }
}

/** The totals of the whole floor. */
export class Strip {
  #cells = {};
  #chips = new Map();
  #onState;

  /** `onState(word)`: a state's chip was pressed. */
  constructor(root, onState) {
    this.#onState = onState;
    for (const [key, label] of [["waiting", "Waiting"], ["longest", "Longest wait"], ["level", "Service level"], ["lost", "Abandoned"], ["free", "Agents free"]]) {
      const cell = element("div", `cell total-${key}`);
      const value = element("b", "", NONE);
      const mark = element("span", "mark");
      const aside = element("small");
      const name = element("span", "label", label);
      const head = element("div", "head-line");
      head.append(name, mark);
      const line = element("div", "line");
      line.append(value, aside);
      cell.append(head, line);
      this.#cells[key] = { cell, value, mark, aside, name };
      root.append(cell);
    }
    this.#cells.level.bar = new LevelBar();
    this.#cells.level.cell.append(this.#cells.level.bar.node);
    this.#buildStates(root);
  }

  #buildStates(root) {
    const cell = element("div", "cell states");
    const chips = element("div", "chips");
    this.stack = element("div", "stack");
    this.stack.setAttribute("aria-hidden", "true");
    for (const state of STATES) {
      const chip = element("button", "chip");
      chip.type = "button";
      chip.title = `${state.name}: show only these agents`;
      chip.setAttribute("aria-pressed", "false");
      const n = element("b", "", "0");
      const glyph = element("span", `glyph hue-${state.hue}`, state.glyph);
      glyph.setAttribute("aria-hidden", "true");
      chip.append(glyph, n, element("span", "short", state.short));
      chip.addEventListener("click", () => this.#onState(state.word));
      const part = element("i", `hue-${state.hue}`);
      this.stack.append(part);
      chips.append(chip);
      this.#chips.set(state.word, { chip, n, part });
    }
    cell.append(element("span", "label", "Agents by state"), this.stack, chips);
    root.append(cell);
  }

  #judge(key, severity) {
    mark(this.#cells[key].cell, "severity", String(severity));
    write(this.#cells[key].mark, SEVERITY[severity].glyph);
    this.#cells[key].mark.setAttribute("aria-label", severity ? SEVERITY[severity].name : "");
  }

  paint(model, filter) {
    const info = model.info;
    const sum = model.totals();
    const { waiting, longest, level, lost, free } = this.#cells;
    const window = spanShort(info.window_seconds);
    write(waiting.value, count(sum.waiting));
    write(waiting.aside, `+ ${count(sum.alerting)} ringing`);
    write(level.name, `Service level ${window}`);
    write(lost.name, `Abandoned ${window}`);
    const ratio = sum.levelWhole > 0 ? sum.levelPart / sum.levelWhole : null;
    const judged = sum.levelWhole >= info.sample_min;
    write(level.value, percent(ratio));
    write(level.aside, `target ${percent(info.sl_target_ratio)}`);
    level.cell.title = `${sum.levelPart} of ${sum.levelWhole} calls within ${info.sl_threshold_seconds} s (${info.service_level}), last ${window}`;
    level.bar.set(ratio, info.sl_target_ratio, judged);
    this.#judge("level", judged ? model.levelSeverity(ratio) : 0);
    const gone = sum.lostWhole > 0 ? sum.lostPart / sum.lostWhole : null;
    write(lost.value, percentFine(gone));
    write(lost.aside, `limit ${percent(info.abandon_target_ratio)}`);
    lost.cell.title = `${sum.lostPart} of ${sum.lostWhole} calls, last ${window}`;
    const over = sum.lostWhole >= info.sample_min ? gone - info.abandon_target_ratio : 0;
    this.#judge("lost", over > info.abandon_target_ratio ? 2 : over > 0 ? 1 : 0);
    const staffed = model.agents.size - sum.states.get("logged_out") - sum.states.get("unknown");
    write(free.value, count(sum.states.get("ready")));
    write(free.aside, `of ${count(staffed)} staffed`);
    this.#paintLongest(info, sum.longest, longest);
    for (const [word, { chip, n, part }] of this.#chips) {
      const number = sum.states.get(word);
      write(n, count(number));
      mark(chip, "none", String(number === 0));
      if (word === "unknown") chip.hidden = number === 0 && filter !== word;
      part.style.flexGrow = word === "logged_out" ? 0 : number;
      chip.setAttribute("aria-pressed", String(filter === word));
    }
  }

  #paintLongest(info, seconds, { value, aside }) {
    write(value, duration(seconds));
    write(aside, `limit ${duration(info.longest_wait_crit_seconds)}`);
    const bad = seconds >= info.longest_wait_crit_seconds ? 2 : seconds >= info.longest_wait_warn_seconds ? 1 : 0;
    this.#judge("longest", bad);
  }

  tick(model) {
    let longest = null;
    for (const queue of model.queues.values()) {
      const seconds = model.longest(queue);
      if (seconds != null && (longest == null || seconds > longest)) longest = seconds;
    }
    this.#paintLongest(model.info, longest, this.#cells.longest);
  }
}

/** One queue. Built once, written to afterwards. */
class Tile {
  severity = 0;
  #worseAt = 0;
  #sparkStep = -1;
  #label = "";
  #shown = null;

  constructor(queue) {
    const [number, site] = splitId(queue.id);
    this.node = element("article", "tile");
    this.node.tabIndex = 0;
    for (const name of ["pointerenter", "focus"]) {
      this.node.addEventListener(name, () => (this.node.title = this.#describe()));
    }
    const head = element("header");
    const title = element("h3", "", number);
    title.append(element("small", "", site));
    this.word = element("span", "word");
    head.append(title, this.word);
    this.waiting = element("b", "", "0");
    this.trend = element("i", "trend");
    this.longest = element("b", "", NONE);
    const big = element("div", "big");
    const left = element("div");
    const right = element("div", "right");
    left.append(this.waiting, this.trend, element("span", "label", "waiting"));
    right.append(this.longest, element("span", "label", "longest"));
    big.append(left, right);
    this.levelName = element("span", "label");
    this.level = element("b");
    this.target = element("small");
    const line = element("div", "sl");
    line.append(this.levelName, this.level, this.target);
    this.bar = new LevelBar();
    this.spark = document.createElementNS(SVG, "svg");
    this.spark.setAttribute("class", "spark");
    this.spark.setAttribute("preserveAspectRatio", "none");
    this.spark.setAttribute("aria-hidden", "true");
    this.area = document.createElementNS(SVG, "path");
    this.area.setAttribute("class", "area");
    this.curve = document.createElementNS(SVG, "path");
    this.curve.setAttribute("class", "curve");
    this.spark.append(this.area, this.curve);
    this.spark.setAttribute("viewBox", "0 0 60 20");
    this.sparkLabel = element("span", "label span", "60 min");
    const chart = element("div", "chart");
    chart.append(this.spark, this.sparkLabel);
    this.counts = new Map();
    const foot = element("footer");
    for (const word of ["ready", "talking", "acw", "not_ready"]) {
      const state = stateOf(word);
      const item = element("span", "n");
      item.title = state.name;
      const glyph = element("span", `glyph hue-${state.hue}`, state.glyph);
      glyph.setAttribute("aria-hidden", "true");
      const n = element("span", "", "0");
      item.append(glyph, n, element("span", "unseen", ` ${state.name}`));
      foot.append(item);
      this.counts.set(word, n);
    }
    this.staff = element("span", "staff", "no agents logged in");
    this.lost = element("span", "lost");
    foot.append(this.staff, this.lost);
    this.node.append(head, big, line, this.bar.node, chart, foot);
  }

  paint(model, queue) {
    const info = model.info;
    const window = spanShort(info.window_seconds);
    const level = model.serviceLevel(queue.window);
    const judged = level.denominator >= info.sample_min;
    write(this.waiting, count(queue.waiting));
    const trend = model.trend(queue);
    write(this.trend, trend > 0 ? "↑" : trend < 0 ? "↓" : "→");
    mark(this.node, "idle", String(queue.waiting === 0));
    if (model.isEntrance(queue)) {
      write(this.levelName, `entered ${window}`);
      write(this.level, count(queue.window.entered));
      write(this.target, "");
      this.bar.node.hidden = true;
    } else {
      write(this.levelName, `SL ${window}`);
      write(this.level, percent(level.ratio));
      write(this.target, judged ? `/ ${Math.round(info.sl_target_ratio * 100)}` : `n=${level.denominator}`);
      this.bar.node.hidden = false;
      this.bar.set(level.ratio, info.sl_target_ratio, judged);
    }
    this.#paintStaff(model, queue, window);
    this.#shown = [model, queue];
    this.#drawSpark(model, queue);
    this.tick(model, queue);
  }

  /** The last line: agents by what they do, and calls lost. */
  #paintStaff(model, queue, window) {
    const { agents, window: part } = queue;
    const staffed = model.staff(queue) > 0;
    for (const [word, n] of this.counts) {
      const number = word === "talking" ? agents.talking + agents.held + agents.ringing + agents.dialing : agents[word];
      write(n, count(number));
      n.parentNode.hidden = !staffed;
    }
    const entrance = model.isEntrance(queue);
    this.staff.hidden = staffed;
    write(this.staff, queue.kind === "routing_point" ? "routing point" : "no agents logged in");
    write(this.lost, entrance ? `lost ${count(part.abandoned)}` : `abd ${percent(part.abandon_ratio)}`);
    this.lost.title = `abandoned in the last ${window}: ${part.abandon_numerator} of ${entrance ? part.entered : part.abandon_denominator}`;
  }

  /** What the tile stands for, in words: made only when someone points at it. */
  #describe() {
    const [model, queue] = this.#shown;
    const info = model.info;
    const window = spanShort(info.window_seconds);
    const level = model.serviceLevel(queue.window);
    return [
      `${queue.id} (${queue.kind.replaceAll("_", " ")}, tenant ${queue.tenant})`,
      `${info.service_level}, last ${window}: ${level.numerator} of ${level.denominator} within ${info.sl_threshold_seconds} s`,
      `today: ${count(queue.day.entered)} entered, ${count(queue.day.answered)} answered, ${count(queue.day.abandoned)} abandoned`,
      `average wait ${duration(queue.day.asa_seconds)}, p90 ${duration(queue.day.wait_answered_p90_seconds)}, handling ${duration(queue.day.aht_seconds)}`,
    ].join("\n");
  }

  /** Timer and severity: what changes without a message. */
  tick(model, queue) {
    write(this.longest, duration(model.longest(queue)));
    const now = performance.now();
    const severity = model.severity(queue);
    if (severity >= this.severity) this.#worseAt = now;
    if (severity > this.severity || now - this.#worseAt > CALM_MS) this.severity = severity;
    const silent = model.silent(queue);
    const { word, glyph, name } = SEVERITY[this.severity];
    mark(this.node, "severity", silent ? "0" : String(this.severity));
    mark(this.node, "silent", String(silent));
    write(this.word, silent ? "? SILENT" : word ? `${glyph} ${word}` : "");
    const label = `queue ${queue.id}, ${silent ? "source silent" : name}, ${queue.waiting} waiting`;
    if (this.#label !== label) this.node.setAttribute("aria-label", (this.#label = label));
  }

  #drawSpark(model, queue) {
    const step = `${Math.floor(performance.now() / 2000)}`;
    if (this.#sparkStep === step) return;
    this.#sparkStep = step;
    const values = model.spark(queue);
    const top = Math.max(4, ...values);
    let path = "";
    let begin = null;
    values.forEach((value, x) => {
      if (value == null) return;
      const y = (20 - (value / top) * 18 - 1).toFixed(1);
      path += begin == null ? `M${x} ${y}` : `H${x}V${y}`;
      begin ??= x;
    });
    this.curve.setAttribute("d", begin == null ? "" : `${path}H${values.length}`);
    this.area.setAttribute("d", begin == null ? "" : `${path}H${values.length}V20H${begin}Z`);
  }
}

/** All queues that match, worst first. */
export class Floor {
  #root;
  #tiles = new Map();
  #dirty = new Set();
  #order = "";
  #held = false;
  search = "";
  onlyBreached = false;
  /** Shown, all, and breached queues after the last sort. */
  shown = 0;
  breached = [];

  constructor(root) {
    this.#root = root;
    const hold = (held) => () => (this.#held = held);
    root.addEventListener("pointerenter", hold(true));
    root.addEventListener("pointerleave", hold(false));
  }

  /** Whether tiles keep their places because someone points at them. */
  get held() {
    return this.#held || this.#root.contains(document.activeElement);
  }

  touch(queues) {
    for (const queue of queues) this.#dirty.add(queue.key);
  }

  paint(model) {
    let added = false;
    for (const key of this.#dirty) {
      const queue = model.queues.get(key);
      if (!queue) continue;
      let tile = this.#tiles.get(key);
      if (!tile) {
        this.#tiles.set(key, (tile = new Tile(queue)));
        added = true;
      }
      tile.paint(model, queue);
    }
    this.#dirty.clear();
    if (added) this.sort(model, true);
  }

  tick(model) {
    for (const [key, tile] of this.#tiles) {
      const queue = model.queues.get(key);
      if (queue) tile.tick(model, queue);
    }
  }

  /** Puts the tiles into order, unless someone is pointing at one. */
  sort(model, force) {
    const all = [...this.#tiles].map(([key, tile]) => ({ key, tile, queue: model.queues.get(key) }));
    const present = all.filter(({ queue }) => queue);
    this.breached = present.filter(({ tile }) => tile.severity > 0).map(({ queue }) => queue);
    if (!force && this.held) return;
    const needle = this.search.trim().toLowerCase();
    const matches = ({ queue, tile }) =>
      (!this.onlyBreached || tile.severity > 0) && `${queue.id} ${queue.tenant} ${queue.kind}`.toLowerCase().includes(needle);
    const rows = present.filter(matches);
    const wait = ({ queue }) => queue.longestSince ?? Infinity;
    rows.sort(
      (a, b) =>
        b.tile.severity - a.tile.severity ||
        Number(b.tile.severity > 0) * (b.queue.waiting - a.queue.waiting) ||
        (a.tile.severity > 0 ? wait(a) - wait(b) || 0 : 0) ||
        Number(model.isEntrance(a.queue)) - Number(model.isEntrance(b.queue)) ||
        a.queue.id.localeCompare(b.queue.id, "en", { numeric: true }) ||
        (a.key < b.key ? -1 : 1),
    );
    this.shown = rows.length;
    const order = rows.map(({ key }) => key).join("\u0001");
    if (order === this.#order) return;
    this.#order = order;
    this.#root.replaceChildren(...rows.map(({ tile }) => tile.node));
  }
}

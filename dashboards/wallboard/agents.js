// The agents: a table whose rows exist only where it is looked at, with timers that run by themselves.

import { stateOf } from "/assets/model.js";
import { NONE, count, duration, percent, splitId } from "/assets/format.js";
import { element, write } from "/assets/floor.js";

const ROW_PX = 30;
const SPARE_ROWS = 6;

/** Orders: names by their numbers, missing values last, the longest first. */
const numeric = new Intl.Collator("en", { numeric: true });
const missingLast = (a, b) => (a == null ? (b == null ? 0 : 1) : b == null ? -1 : b - a);
const byName = (a, b) => numeric.compare(a.id, b.id) || (a.key < b.key ? -1 : 1);
const away = (agent) => (agent.state === "logged_out" ? 1 : 0);

const COLUMNS = [
  { id: "agent", label: "Agent", sort: byName },
  { id: "state", label: "State", sort: (a, b) => stateOf(a.state).order - stateOf(b.state).order || a.sinceMs - b.sinceMs },
  { id: "since", label: "In state", number: true, sort: (a, b) => away(a) - away(b) || a.sinceMs - b.sinceMs },
  { id: "detail", label: "Reason / queue", sort: (a, b) => numeric.compare(detail(a), detail(b)) },
  { id: "handled", label: "Handled", number: true, note: () => "today", title: "Calls handled today", sort: (a, b) => b.day.handled - a.day.handled },
  { id: "aht", label: "AHT", number: true, note: () => "today", title: "Average handling time today", sort: (a, b) => missingLast(a.day.aht_seconds, b.day.aht_seconds) },
  { id: "occupancy", label: "Occ.", number: true, note: (window) => window, title: "Occupancy: ringing, talking, holding and after-call work, of the time logged in and not paused", sort: (a, b) => missingLast(a.window.occupancy_ratio, b.window.occupancy_ratio) },
  { id: "queues", label: "Logged in to", title: "Queues the agent is logged in to", sort: (a, b) => b.queues.length - a.queues.length },
];

/** Names of the columns, as they stand in the address. */
export const COLUMN_NAMES = COLUMNS.map(({ id }) => id);

/** What the state is about: the queue of the call, or the reason of the pause. */
function detail(agent) {
  if (agent.queue) return splitId(agent.queue)[0];
  if (agent.reason) return agent.reason.code || agent.reason.key;
  if (agent.state === "talking" && agent.call_type && agent.call_type !== "inbound") return agent.call_type;
  return "";
}

/** A row that shows one agent now and another after scrolling. */
class Row {
  agent = null;

  constructor() {
    this.node = element("div", "row");
    this.node.setAttribute("role", "row");
    this.node.addEventListener("pointerenter", () => (this.node.title = this.#describe()));
    this.cells = COLUMNS.map((column) => {
      const cell = element("div", `cell c-${column.id}${column.number ? " num" : ""}`);
      cell.setAttribute("role", "gridcell");
      this.node.append(cell);
      return cell;
    });
    const [name, state, since, about] = this.cells;
    this.name = element("b");
    this.dn = element("small");
    name.append(this.name, this.dn);
    this.glyph = element("span", "glyph");
    this.glyph.setAttribute("aria-hidden", "true");
    this.short = element("span", "short");
    state.append(this.glyph, this.short);
    this.timer = element("span", "timer");
    this.gauge = element("i", "gauge");
    since.append(this.gauge, this.timer);
    this.about = about;
  }

  /** Everything known of the agent, in words: made only when someone points at the row. */
  #describe() {
    const { agent } = this;
    const state = stateOf(agent.state);
    const about = [state.name, agent.call_type, agent.reason && `${agent.reason.key} ${agent.reason.code}`].filter(Boolean);
    return `${agent.id} (${agent.tenant}) at ${agent.dn || NONE}\n${about.join(", ")}\nqueues: ${agent.queues.join(", ") || NONE}`;
  }

  show(agent, index, model) {
    this.agent = agent;
    const state = stateOf(agent.state);
    this.node.style.transform = `translateY(${index * ROW_PX}px)`;
    this.node.setAttribute("aria-rowindex", String(index + 2));
    if (this.node.dataset.state !== state.word) this.node.dataset.state = state.word;
    write(this.name, agent.id);
    write(this.dn, agent.state === "logged_out" ? "" : splitId(agent.dn)[0]);
    write(this.glyph, state.glyph);
    this.glyph.className = `glyph hue-${state.hue}`;
    write(this.short, state.short);
    write(this.about, detail(agent));
    write(this.cells[4], count(agent.day.handled));
    write(this.cells[5], duration(agent.day.aht_seconds));
    write(this.cells[6], percent(agent.window.occupancy_ratio));
    write(this.cells[7], agent.queues.map((id) => splitId(id)[0]).join(", "));
    this.tick(model);
  }

  tick(model) {
    const now = model.clock.now();
    const { bands } = stateOf(this.agent.state);
    if (now == null || this.agent.state === "logged_out") {
      write(this.timer, NONE);
      this.gauge.style.transform = "scaleX(0)";
      this.node.dataset.band = "0";
      return;
    }
    const seconds = (now - this.agent.sinceMs) / 1000;
    write(this.timer, duration(seconds));
    const band = !bands ? 0 : seconds >= bands[1] ? 2 : seconds >= bands[0] ? 1 : 0;
    if (this.node.dataset.band !== String(band)) this.node.dataset.band = String(band);
    this.gauge.style.transform = `scaleX(${bands ? Math.min(1, Math.max(0, seconds / bands[1])).toFixed(3) : 0})`;
  }
}

export class Agents {
  #table;
  #body;
  #rows = [];
  #visible = [];
  #heads = new Map();
  #sorted = [];
  #pointed = false;
  #changed = new Set();
  sort = "since";
  reversed = false;
  search = "";
  /** Word of the only state shown; empty for all. */
  state = "";

  /** `onSort()`: a column was chosen. */
  constructor(table, head, body, onSort) {
    this.#table = table;
    this.#body = body;
    for (const column of COLUMNS) {
      const cell = element("div", `cell c-${column.id}${column.number ? " num" : ""}`);
      cell.setAttribute("role", "columnheader");
      const button = element("button");
      const name = element("span", "", column.label);
      const note = element("small");
      button.append(name, note);
      button.type = "button";
      button.title = column.title ?? `Sort by ${column.label.toLowerCase()}`;
      button.addEventListener("click", () => {
        this.reversed = this.sort === column.id && !this.reversed;
        this.sort = column.id;
        onSort();
      });
      cell.append(button);
      head.append(cell);
      this.#heads.set(column.id, { cell, name, note, column });
    }
    body.addEventListener("pointerenter", () => (this.#pointed = true));
    body.addEventListener("pointerleave", () => (this.#pointed = false));
    table.setAttribute("aria-colcount", String(COLUMNS.length));
  }

  /** Says over what time the numbers are. */
  describe(window) {
    for (const { note, column } of this.#heads.values()) write(note, column.note?.(window) ?? "");
  }

  /** Whether rows keep their places because someone points at them or has marked text. */
  get held() {
    const marked = getSelection();
    return this.#pointed || (!marked.isCollapsed && this.#body.contains(marked.anchorNode));
  }

  get shown() {
    return this.#sorted.length;
  }

  touch(agents) {
    for (const agent of agents) this.#changed.add(agent.key);
  }

  /** Filters and sorts anew, unless someone is pointing at a row. */
  order(model, force) {
    if (!force && this.held) return;
    const column = COLUMNS.find(({ id }) => id === this.sort);
    const needle = this.search.trim().toLowerCase();
    const wanted = (agent) =>
      (!this.state || stateOf(agent.state).word === this.state) &&
      (!needle || `${agent.id} ${agent.site} ${agent.tenant} ${agent.dn} ${detail(agent)} ${agent.queues.join(" ")}`.toLowerCase().includes(needle));
    const rows = [...model.agents.values()].filter(wanted);
    const turn = this.reversed ? -1 : 1;
    rows.sort((a, b) => turn * column.sort(a, b) || byName(a, b));
    this.#sorted = rows.map((agent) => agent.key);
    this.#body.style.height = `${rows.length * ROW_PX}px`;
    this.#table.setAttribute("aria-rowcount", String(rows.length + 1));
    for (const [id, { cell, name, column: { label } }] of this.#heads) {
      const chosen = id === this.sort;
      cell.setAttribute("aria-sort", chosen ? (this.reversed ? "ascending" : "descending") : "none");
      write(name, chosen ? `${label} ${this.reversed ? "▴" : "▾"}` : label);
    }
    this.place(model);
  }

  /** Shows the rows that are in sight, from as few elements as fit. */
  place(model) {
    const from = Math.max(0, Math.floor(this.#table.scrollTop / ROW_PX) - SPARE_ROWS);
    const fits = Math.ceil(this.#table.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    const keys = this.#sorted.slice(from, from + fits);
    while (this.#rows.length < keys.length) {
      const row = new Row();
      this.#rows.push(row);
      this.#body.append(row.node);
    }
    this.#visible = [];
    this.#rows.forEach((row, i) => {
      const agent = i < keys.length ? model.agents.get(keys[i]) : null;
      row.node.hidden = !agent;
      if (!agent) return;
      row.show(agent, from + i, model);
      this.#visible.push({ row, index: from + i });
    });
    this.#changed.clear();
  }

  /** Writes the agents in sight that have changed, where they stand. */
  paint(model) {
    for (const { row, index } of this.#visible) {
      if (this.#changed.has(row.agent.key)) row.show(model.agents.get(row.agent.key), index, model);
    }
    this.#changed.clear();
  }

  tick(model) {
    for (const { row } of this.#visible) row.tick(model);
  }
}

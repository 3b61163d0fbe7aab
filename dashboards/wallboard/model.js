// The floor as the server last described it, and the clock that its timers run on.
//
// Timers count event time: a state's begin is an event's own instant, and a demo or a recorded feed may run at another
// pace than the wall clock. Each message carries the event time at a server time and the rate between the two.

/** States of an agent: word in the API, glyph, short name, name, hue, and whether he is staffed. */
export const STATES = [
  { word: "ready", glyph: "●", short: "RDY", name: "ready", hue: "teal", bands: [60, 300] },
  { word: "ringing", glyph: "◎", short: "RNG", name: "ringing", hue: "sky", bands: [15, 30] },
  { word: "dialing", glyph: "△", short: "DIA", name: "dialling", hue: "sky", bands: [30, 60] },
  { word: "talking", glyph: "▲", short: "TLK", name: "talking", hue: "blue", bands: [300, 600] },
  { word: "held", glyph: "‖", short: "HLD", name: "on hold", hue: "indigo", bands: [60, 180] },
  { word: "acw", glyph: "✎", short: "ACW", name: "after-call work", hue: "violet", bands: [60, 120] },
  { word: "busy", glyph: "◆", short: "BSY", name: "busy elsewhere", hue: "slate", bands: [300, 600] },
  { word: "not_ready", glyph: "■", short: "PAU", name: "paused", hue: "amber", bands: [300, 900] },
  { word: "logged_out", glyph: "○", short: "OFF", name: "logged out", hue: "grey", bands: null },
  { word: "unknown", glyph: "?", short: "UNK", name: "unknown: source silent", hue: "hatch", bands: null },
];
export const STATE = new Map(STATES.map((state, order) => [state.word, { ...state, order }]));
export const stateOf = (word) => STATE.get(word) ?? STATE.get("unknown");

const SPARK_STEP_MS = 60_000;
const SPARK_STEPS = 60;
const TREND_STEPS = 5;

/** Event time now, carried on from the last message; stands still while frozen. Never runs backwards by jitter. */
export class EventClock {
  #event = null;
  #server = 0;
  #rate = 1;
  #offset = 0; // server clock minus this machine's clock, in ms
  #frozen = null;

  /** Takes over the clocks of a message. `fresh`: the server read its own clock just now, so the offset can be told. */
  set(message, fresh) {
    const server = Date.parse(message.server_time);
    const event = Date.parse(message.event_time);
    if (Number.isNaN(server) || Number.isNaN(event)) return;
    if (fresh) this.#offset = server - Date.now();
    const before = this.#event == null ? null : this.#at(this.server());
    const rate = message.clock_rate;
    const next = event + (this.server() - server) * rate;
    const slack = 2000 * Math.max(1, rate);
    // A message that was a little longer on its way must not set timers back: ease towards it instead.
    const kept = before != null && before > next && before - next < slack ? next + (before - next) * 0.9 : next;
    this.#event = kept;
    this.#server = this.server();
    this.#rate = rate;
  }

  #at(server) {
    return this.#event + (server - this.#server) * this.#rate;
  }

  /** The server's clock now, in ms. */
  server() {
    return Date.now() + this.#offset;
  }

  /** How far this machine's clock is off, in ms. */
  get offset() {
    return this.#offset;
  }

  get rate() {
    return this.#rate;
  }

  /** Event time in ms; null before the first message. */
  now() {
    if (this.#frozen != null) return this.#frozen;
    return this.#event == null ? null : this.#at(this.server());
  }

  freeze() {
    this.#frozen ??= this.now();
  }

  thaw() {
    this.#frozen = null;
  }
}

const keyOf = (object) => `${object.tenant}\n${object.id}`;

export class Model {
  clock = new EventClock();
  /** What `hello` said about targets and the program; null before. */
  info = null;
  queues = new Map();
  agents = new Map();
  sources = [];
  watermark = null;
  loaded = false;
  #history = new Map();
  #silent = new Set();

  hello(message) {
    this.info = message.info;
    this.heartbeat(message);
  }

  snapshot(message) {
    this.clock.set(message, false);
    this.queues = new Map();
    this.agents = new Map();
    this.#recall(message);
    this.#put(message);
    this.loaded = true;
  }

  delta(message) {
    this.clock.set(message, false);
    this.#put(message);
  }

  heartbeat(message) {
    this.clock.set(message, true);
    this.sources = message.sources;
    this.watermark = message.watermark;
    this.#silent = new Set(message.sources.filter((source) => !source.up).map((source) => `${source.tenant}\n${source.switch}`));
  }

  /** Whether the switch of a queue or agent says nothing, so that what is shown of it is old. */
  silent(object) {
    return this.#silent.has(`${object.tenant}\n${object.site}`);
  }

  #put(message) {
    for (const queue of message.queues ?? []) {
      queue.key = keyOf(queue);
      queue.longestSince = queue.longest_wait_since ? Date.parse(queue.longest_wait_since) : null;
      this.queues.set(queue.key, queue);
      this.#note(queue);
    }
    for (const agent of message.agents ?? []) {
      agent.key = keyOf(agent);
      agent.sinceMs = Date.parse(agent.since);
      this.agents.set(agent.key, agent);
    }
  }

  /** Takes over how many calls waited before this page was opened. */
  #recall({ queues, waiting_history: history }) {
    this.#history = new Map();
    const last = Math.floor(Date.parse(history.last_step_at) / SPARK_STEP_MS);
    queues.forEach((queue, i) => {
      const peaks = history.peaks[i];
      const series = peaks.map((peak, step) => ({ at: last - peaks.length + 1 + step, peak, end: peak }));
      this.#history.set(keyOf(queue), series);
    });
  }

  #step() {
    return Math.floor((this.clock.now() ?? 0) / SPARK_STEP_MS);
  }

  /** Keeps the highest number of waiting calls of each minute of event time, for the sparkline. */
  #note(queue) {
    const at = this.#step();
    let series = this.#history.get(queue.key);
    if (!series) this.#history.set(queue.key, (series = []));
    const last = series.at(-1);
    if (last && last.at >= at) {
      last.peak = Math.max(last.peak, queue.waiting);
      last.end = queue.waiting;
    } else {
      series.push({ at, peak: queue.waiting, end: queue.waiting });
      if (series.length > SPARK_STEPS) series.shift();
    }
  }

  /** Highest number waiting in each of the last 60 minutes, oldest first; null where nobody looked. */
  spark(queue) {
    const now = this.#step();
    const first = now - SPARK_STEPS + 1;
    const values = new Array(SPARK_STEPS).fill(null);
    let carried = null;
    let next = first;
    for (const { at, peak, end } of this.#history.get(queue.key) ?? []) {
      for (; next < at; next++) values[next - first] = carried;
      if (at >= first) values[at - first] = peak;
      next = Math.max(next, at + 1);
      carried = end;
    }
    for (; next <= now; next++) values[next - first] = carried;
    return values;
  }

  /** -1, 0 or 1: whether fewer or more calls wait than five minutes ago (or than first known). */
  trend(queue) {
    const then = this.#step() - TREND_STEPS;
    const series = this.#history.get(queue.key) ?? [];
    const before = series.findLast((step) => step.at <= then) ?? series[0];
    return before ? Math.sign(queue.waiting - before.end) : 0;
  }

  /** Service level of a figure under the board's own definition, with its parts. */
  serviceLevel(part) {
    const name = this.info.service_level;
    return {
      ratio: part[`${name}_ratio`],
      numerator: part[`${name}_numerator`],
      denominator: part[`${name}_denominator`],
    };
  }

  /** Agents logged in to a queue, whatever they do. */
  staff(queue) {
    return Object.values(queue.agents).reduce((sum, n) => sum + n, 0);
  }

  /** Whether calls only pass through, on their way to a queue: nobody answers here, so there is no level of service. */
  isEntrance(queue) {
    return queue.kind === "routing_point" && queue.day.answered === 0 && this.staff(queue) === 0;
  }

  longest(queue) {
    const now = this.clock.now();
    return queue.longestSince == null || now == null ? null : Math.max(0, (now - queue.longestSince) / 1000);
  }

  /** How bad a service level is: 0 met, 1 missed, 2 critical. */
  levelSeverity(ratio) {
    return ratio < this.info.sl_crit_ratio ? 2 : ratio < this.info.sl_target_ratio ? 1 : 0;
  }

  /** How bad a queue is: 0 ok, 1 warning, 2 critical; a ratio of too few calls does not count. */
  severity(queue) {
    const info = this.info;
    const level = this.serviceLevel(queue.window);
    const longest = this.longest(queue) ?? 0;
    const judged = level.denominator >= info.sample_min && !this.isEntrance(queue);
    const waits = longest >= info.longest_wait_crit_seconds ? 2 : longest >= info.longest_wait_warn_seconds ? 1 : 0;
    return Math.max(waits, judged ? this.levelSeverity(level.ratio) : 0);
  }

  /** Sums over all queues and agents, for the strip. */
  totals() {
    const sum = { waiting: 0, alerting: 0, longest: null, levelPart: 0, levelWhole: 0, lostPart: 0, lostWhole: 0 };
    sum.entered = 0;
    sum.answered = 0;
    for (const queue of this.queues.values()) {
      const level = this.serviceLevel(queue.window);
      sum.waiting += queue.waiting;
      sum.alerting += queue.alerting;
      sum.levelPart += level.numerator;
      sum.levelWhole += level.denominator;
      sum.lostPart += queue.window.abandon_numerator;
      sum.lostWhole += queue.window.abandon_denominator;
      sum.entered += queue.day.entered;
      sum.answered += queue.day.answered;
      const longest = this.longest(queue);
      if (longest != null && (sum.longest == null || longest > sum.longest)) sum.longest = longest;
    }
    sum.states = new Map(STATES.map((state) => [state.word, 0]));
    for (const agent of this.agents.values()) {
      const word = stateOf(agent.state).word;
      sum.states.set(word, sum.states.get(word) + 1);
    }
    return sum;
  }
}

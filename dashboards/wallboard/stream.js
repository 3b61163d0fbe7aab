// The connection to the server: follows the live stream, tells how fresh the page is, and comes back by itself.

const STALE_MS = 5_000;
const LOST_MS = 15_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 20_000;

export class Stream {
  #source = null;
  #lastId = "";
  #lastFrame = null;
  #openedAt = 0;
  #lostAt = null;
  #retryAt = null;
  #attempts = 0;
  #timer = 0;
  #handlers;

  /** `handlers`: hello, snapshot, delta, heartbeat with the parsed message; lost() and back(). */
  constructor(handlers) {
    this.#handlers = handlers;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    addEventListener("pagehide", () => this.#close());
    setInterval(() => this.#watch(), 1000);
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#close();
    this.#retryAt = null;
    this.#openedAt = performance.now();
    const query = this.#lastId ? `?last_event_id=${encodeURIComponent(this.#lastId)}` : "";
    const source = new EventSource(`/api/v1/live/stream${query}`);
    this.#source = source;
    for (const name of ["hello", "snapshot", "delta", "heartbeat"]) {
      source.addEventListener(name, (event) => this.#receive(name, event));
    }
    source.addEventListener("bye", () => this.#lost());
    source.onerror = () => this.#lost();
  }

  #receive(name, event) {
    if (event.target !== this.#source) return;
    this.#lastFrame = performance.now();
    this.#lastId = event.lastEventId;
    const message = JSON.parse(event.data);
    // Going on from where we were needs no snapshot: then the greeting itself says that all is well again.
    if (name === "snapshot" || (name === "hello" && message.resumed)) {
      this.#attempts = 0;
      if (this.#lostAt != null) {
        this.#lostAt = null;
        this.#handlers.back();
      }
    }
    this.#handlers[name](message);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #lost() {
    this.#close();
    this.#lostAt ??= Date.now();
    this.#handlers.lost();
    // Three tenths of jitter either way, so that a hundred boards do not come back in one instant.
    const pause = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#attempts) * (0.7 + Math.random() * 0.6);
    this.#attempts += 1;
    this.#retryAt = Date.now() + pause;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  /** A sign that the network may be back: no reason to wait any longer. */
  #hurry() {
    if (this.#source == null || this.age() > STALE_MS) this.#open();
  }

  #watch() {
    const silence = Math.min(this.age(), performance.now() - this.#openedAt);
    if (this.#source != null && silence > LOST_MS) this.#lost();
  }

  /** ms since the last frame; Infinity before the first. */
  age() {
    return this.#lastFrame == null ? Infinity : performance.now() - this.#lastFrame;
  }

  /** loading, live, stale or disconnected. */
  state() {
    if (this.#lostAt != null) return "disconnected";
    if (this.#lastFrame == null) return "loading";
    return this.age() > STALE_MS ? "stale" : "live";
  }

  /** Seconds since the connection was lost, and until the next try (null while one is under way). */
  outage() {
    return {
      seconds: this.#lostAt == null ? 0 : (Date.now() - this.#lostAt) / 1000,
      retry: this.#retryAt == null ? null : Math.max(0, (this.#retryAt - Date.now()) / 1000),
    };
  }
}

// Numbers as people read them. Undefined is "–", never 0: a zero is a measured zero.

export const NONE = "–";

const percent0 = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const percent1 = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

export const count = (n) => (n == null ? NONE : whole.format(n));

/** A ratio 0-1 as percent; 79.9 % must not read as the 80 % it missed, so whole percents are cut, not rounded. */
export const percent = (ratio) => (ratio == null ? NONE : percent0.format(Math.floor(ratio * 100 + 1e-9) / 100));
export const percentFine = (ratio) => (ratio == null ? NONE : percent1.format(ratio));

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });

const two = (n) => (n < 10 ? "0" + n : String(n));

/** Whole seconds as mm:ss, or h:mm:ss from an hour on. */
export function duration(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return NONE;
  const s = Math.max(0, Math.floor(seconds));
  const h = Math.floor(s / 3600);
  const m = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${two(m)}:${two(s % 60)}`;
}

/** A span for labels: "30 min", "20 s". */
export const span = (seconds) => (seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`);
export const spanShort = (seconds) => (seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`);

/** Wall-clock time of an instant in ms, in the viewer's zone. */
export function clockTime(ms) {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** The day of an instant in ms, in the viewer's zone, unless it is today. */
export function clockDay(ms) {
  const d = new Date(ms);
  return d.toDateString() === new Date().toDateString() ? "" : day.format(d);
}

/** "UTC+1" for the viewer's zone at an instant. */
export function zoneName(ms) {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest ? ":" + two(rest) : ""}`;
}

/** Number and switch of an id like 8001@east. */
export function splitId(id) {
  const at = id.lastIndexOf("@");
  return at > 0 ? [id.slice(0, at), id.slice(at + 1)] : [id, ""];
}

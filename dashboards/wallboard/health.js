// The health page: asks every two seconds how things stand, and says so in tables. When the server does not answer, what is
// shown keeps its age.

const EVERY_MS = 2_000;
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
let seenAt = null;

function cell(tag, value, kind) {
  const node = document.createElement(tag);
  node.textContent = value ?? "–";
  if (kind) node.className = kind;
  return node;
}

/** A table with a title; `note` stands in its place when there is nothing to show. */
function table(title, columns, rows, note) {
  const section = document.createElement("section");
  section.append(cell("h2", title));
  if (rows.length === 0) {
    section.append(cell("p", note, "empty"));
    return section;
  }
  const grid = document.createElement("table");
  const head = document.createElement("tr");
  for (const column of columns) head.append(cell("th", column));
  grid.append(head);
  for (const row of rows) {
    const line = document.createElement("tr");
    for (const value of row) line.append(cell("td", typeof value === "number" ? number.format(value) : value, typeof value === "number" ? "number" : ""));
    grid.append(line);
  }
  section.append(grid);
  return section;
}

const seconds = (value) => (value == null ? "–" : `${value.toFixed(1)} s`);
const clock = (at) => (at == null ? "–" : at.replace("T", " ").replace("Z", " UTC"));

const ROLES = { writes: "written to", stands_by: "another program writes, this one stands by", away: "AWAY" };
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Rows on their way to the database; nothing where there is none. */
function database(data) {
  const { postgres } = data;
  if (!postgres) return [];
  const waiting = `${number.format(postgres.rows_waiting)} (${mebibytes(postgres.bytes_waiting)} of ${mebibytes(postgres.bytes_max)})`;
  return [table("Database", ["What", "Now"], [
    ["State", ROLES[postgres.role] ?? postgres.role], ["In the way", postgres.trouble ?? "nothing"],
    ["Rows waiting on disk", postgres.full ? `${waiting}, FULL` : waiting], ["Rows written", postgres.rows_written],
    ["Batches put aside", postgres.segments_refused], ["Rows up to", clock(postgres.watermark)],
  ], "")];
}

function show({ data }) {
  const { ingest, open, streams } = data;
  const sources = data.sources.map((source) => [
    source.switch, source.up ? "up" : "DOWN", clock(source.last_event_at), seconds(source.lag_seconds), source.events, source.missing,
    source.duplicates, source.out_of_order, seconds(source.clock_skew_seconds),
  ]);
  const shown = [
    table("Sources", ["Switch", "Link", "Last event", "Lag", "Events", "Missing", "Duplicates", "Out of order", "Clock went back"], sources,
      "No switch has spoken yet. Check that a feed is attached."),
    ...database(data),
    table("Repairs and contradictions", ["Kind", "Count", "Meaning"], data.anomalies.map((a) => [a.kind, a.count, a.meaning]),
      "Nothing the switches said contradicted what was known."),
    table("Refused lines", ["Reason", "Count"], ingest.rejected_by.map((r) => [r.kind, r.count]), "No line was refused."),
    table("Names and values not known", ["Value", "Count"], data.unknown_values.map((u) => [u.value, u.count]), "All were known."),
    table("Events by message", ["Message", "Count"], data.events.map((e) => [e.kind, e.count]), "None yet."),
    table("Program", ["What", "Now"], [
      ["Events accepted", ingest.accepted], ["Duplicates dropped", ingest.duplicate], ["Lines refused", ingest.rejected],
      ["Invariants found broken", data.invariant_violations], ["Open calls", open.calls], ["Open parties", open.parties],
      ["Open queue stays", open.stays], ["Agents logged in", open.sessions], ["Boards connected", streams.open],
      ["Boards resynchronised", streams.resyncs], ["Event time", clock(data.watermark)], ["Running since", clock(data.started_at)],
      ["Version", data.build],
    ], ""),
  ];
  $("report").replaceChildren(...shown);
  const down = data.sources.filter((source) => !source.up).map((source) => source.switch);
  const word = data.ok ? "OK" : down.length > 0 ? `link down: ${down.join(", ")}` : data.invariant_violations > 0 ? "invariants broken"
    : data.postgres?.segments_refused > 0 ? "the database refuses rows" : data.postgres?.trouble ? "database away" : "not ready";
  $("state").textContent = word;
  document.body.dataset.ok = data.ok;
}

async function ask() {
  try {
    const response = await fetch("/api/v1/health", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
    seenAt = performance.now();
  } catch (error) {
    $("state").textContent = `no answer (${error.message})`;
    document.body.dataset.ok = false;
  }
  setTimeout(ask, EVERY_MS);
}

setInterval(() => {
  const age = seenAt == null ? null : (performance.now() - seenAt) / 1000;
  $("age").textContent = age == null ? "" : `${age.toFixed(0)} s ago`;
}, 500);
ask();

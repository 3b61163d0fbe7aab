//! The table at the end of a replay: one row a queue, over everything that was folded.
//!
//! Service level is the share of calls answered within the threshold of all that were answered or abandoned, short
//! abandons left out. What is undefined is `–` in the table, empty in CSV and `null` in JSON, never 0.

use serde_json::{Value, json};

use crate::engine::view::QueueSummary;

/// How data is written to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people
    Table,
    /// One JSON document
    Json,
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Ndjson,
}

const COLUMNS: [&str; 9] = ["queue", "entered", "answered", "abandoned", "sl", "asa", "p50", "p90", "aht"];

/// The summary in `format`, ending with a newline.
#[must_use]
pub fn render(queues: &[QueueSummary], format: Format) -> String {
    match format {
        Format::Table => table(queues),
        Format::Csv => csv(queues),
        Format::Json => {
            let rows: Vec<Value> = queues.iter().map(object).collect();
            format!("{:#}\n", json!({ "queues": rows }))
        }
        Format::Ndjson => queues.iter().map(|queue| object(queue).to_string() + "\n").collect(),
    }
}

/// What is derived from a summary: service level's parts, then seconds.
struct Derived {
    within: i64,
    judged: i64,
    sl: Option<f64>,
    asa: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    aht: Option<f64>,
}

fn derive(queue: &QueueSummary) -> Derived {
    let figures = &queue.figures;
    let ratio = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    let secs = |ms: i64| ms as f64 / 1000.0;
    let judged = figures.answered + figures.abandoned - figures.abandoned_short;
    Derived {
        within: figures.answered_within_sl,
        judged,
        sl: ratio(figures.answered_within_sl, judged),
        asa: ratio(figures.wait_answered_ms, figures.answered).map(|ms| ms / 1000.0),
        p50: queue.wait_answered_p50_ms.map(secs),
        p90: queue.wait_answered_p90_ms.map(secs),
        aht: ratio(figures.handle_ms, figures.handled).map(|ms| ms / 1000.0),
    }
}

fn object(queue: &QueueSummary) -> Value {
    let derived = derive(queue);
    json!({
        "abandoned": queue.figures.abandoned,
        "aht_seconds": derived.aht,
        "answered": queue.figures.answered,
        "asa_seconds": derived.asa,
        "entered": queue.figures.entered,
        "handled": queue.figures.handled,
        "kind": queue.kind,
        "queue": queue.id.as_str(),
        "sl_short_excluded_denominator": derived.judged,
        "sl_short_excluded_numerator": derived.within,
        "sl_short_excluded_ratio": derived.sl,
        "tenant": queue.tenant.as_str(),
        "wait_answered_p50_seconds": derived.p50,
        "wait_answered_p90_seconds": derived.p90,
    })
}

fn csv(queues: &[QueueSummary]) -> String {
    let keys = [
        "tenant",
        "queue",
        "kind",
        "entered",
        "answered",
        "abandoned",
        "handled",
        "sl_short_excluded_ratio",
        "asa_seconds",
        "wait_answered_p50_seconds",
        "wait_answered_p90_seconds",
        "aht_seconds",
    ];
    let mut text = keys.join(",") + "\n";
    for queue in queues {
        let object = object(queue);
        let cells = keys.map(|key| match &object[key] {
            Value::Null => String::new(),
            Value::String(cell) if cell.contains([',', '"', '\n', '\r']) => {
                format!("\"{}\"", cell.replace('"', "\"\""))
            }
            Value::String(cell) => cell.clone(),
            cell => cell.to_string(),
        });
        text += &(cells.join(",") + "\n");
    }
    text
}

fn table(queues: &[QueueSummary]) -> String {
    let tenants: std::collections::BTreeSet<_> = queues.iter().map(|queue| &queue.tenant).collect();
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    for queue in queues {
        let derived = derive(queue);
        let name = if tenants.len() > 1 { format!("{}/{}", queue.tenant, queue.id) } else { queue.id.to_string() };
        let figures = &queue.figures;
        let share = derived.sl.map_or_else(undefined, |sl| format!("{:.1} %", sl * 100.0));
        let [entered, answered, abandoned] =
            [figures.entered, figures.answered, figures.abandoned].map(|count| count.to_string());
        let [asa, p50, p90, aht] = [derived.asa, derived.p50, derived.p90, derived.aht].map(seconds);
        rows.push([name, entered, answered, abandoned, share, asa, p50, p90, aht]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let name = format!("{:<width$}", printable(&row[0]), width = widths[0]);
        let cells = (1..COLUMNS.len()).map(|i| format!("  {:>width$}", row[i], width = widths[i]));
        text += &(std::iter::once(name).chain(cells).collect::<String>() + "\n");
    }
    text
}

fn undefined() -> String {
    "–".into()
}

fn seconds(secs: Option<f64>) -> String {
    secs.map_or_else(undefined, |secs| format!("{secs:.1} s"))
}

/// Names come from outside: what a terminal would take as a command is shown as a question mark.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::QueueFigures;

    fn queues() -> Vec<QueueSummary> {
        let figures = QueueFigures {
            entered: 100,
            answered: 80,
            answered_within_sl: 72,
            abandoned: 20,
            abandoned_short: 4,
            wait_answered_ms: 800_000,
            handled: 80,
            handle_ms: 16_000_000,
            ..QueueFigures::default()
        };
        let queue = |id: &str, figures, p50| QueueSummary {
            id: id.into(),
            tenant: "default".into(),
            kind: "acd_queue",
            figures,
            wait_answered_p50_ms: p50,
            wait_answered_p90_ms: None,
        };
        vec![queue("8001@east", figures, Some(8_500)), queue("8,\"2\u{1b}@east", QueueFigures::default(), None)]
    }

    #[test]
    fn the_table_is_aligned_and_shows_what_is_undefined() {
        let text = render(&queues(), Format::Table);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "8001@east       100        80         20  75.0 %  10.0 s  8.5 s    –  200.0 s");
        assert!(lines[2].starts_with("8,\"2?@east ") && lines[2].ends_with("  –        –"), "{text}");
    }

    #[test]
    fn json_has_the_parts_of_every_ratio_and_null_for_undefined() {
        let text = render(&queues(), Format::Json);
        let value: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(value["queues"][0]["sl_short_excluded_denominator"], 96);
        assert_eq!(value["queues"][0]["sl_short_excluded_ratio"], 0.75);
        assert!(value["queues"][1]["asa_seconds"].is_null());
        assert_eq!(render(&queues(), Format::Ndjson).lines().count(), 2);
    }

    #[test]
    fn csv_quotes_what_needs_it_and_leaves_undefined_cells_empty() {
        let text = render(&queues(), Format::Csv);
        let line = text.lines().nth(2).expect("second queue");
        assert_eq!(line, "default,\"8,\"\"2\u{1b}@east\",acd_queue,0,0,0,0,,,,,");
    }
}

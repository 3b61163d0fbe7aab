//! Days that are older than they shall be kept go, and what is left is still right.

use crate::process::{Place, run, stderr, stdout};

/// Dates of a table of the store in `d`.
fn dates(place: &Place, table: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place.path("d/history").join(table).join("tenant=default"));
    let names = entries.into_iter().flatten().map_while(Result::ok).map(|entry| entry.file_name());
    let mut dates: Vec<String> = names.map(|name| name.to_string_lossy()["date=".len()..].to_owned()).collect();
    dates.sort();
    dates
}

#[test]
fn retain_says_what_would_go_removes_it_and_the_rest_is_right() {
    let place = Place::new("retain");
    let retain = |arguments: &[&str]| {
        let output = run(&place, &[&["retain", "--data", "d"], arguments].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    assert_eq!(retain(&[]).0, Some(5), "no store");
    let simulate = ["simulate", "--agents", "5", "--queues", "2", "--for", "72h", "--out", "f.ndjson"];
    assert_eq!(run(&place, &simulate).status.code(), Some(0));
    let replay = ["replay", "f.ndjson", "--data", "d", "--event-log"];
    assert_eq!(run(&place, &replay).status.code(), Some(0));
    let all = dates(&place, "event_log");
    assert!(all.len() >= 3 && all == dates(&place, "call"), "{all:?}");
    let last = all.last().expect("a day").clone();
    place.write("c.toml", "[history.retention]\nevents = \"1 day\"\n");
    let at = ["--config", "c.toml", "--at", &last];
    let (code, table, said) = retain(&[&at[..], &["--dry-run"]].concat());
    assert!(code == Some(0) && table.contains("event_log") && !table.contains("call"), "{table}");
    assert!(said.contains("would go; nothing was changed"), "{said}");
    assert_eq!(dates(&place, "event_log"), all);
    let (code, json, _) = retain(&[&at[..], &["--json"]].concat());
    assert!(code == Some(0) && json.contains("\"dry_run\":false") && json.contains(&all[0]), "{json}");
    assert_eq!(dates(&place, "event_log"), all[all.len() - 2..]);
    assert_eq!(dates(&place, "call"), all);
    assert!(retain(&at).2.contains("0 partitions"), "once is enough");
    let check = run(&place, &["check", "data", "--data", "d"]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    place.write("c.toml", "[history.retention]\nevents = \"soon\"\n");
    assert_eq!(retain(&["--config", "c.toml"]).0, Some(3));
}

#[test]
fn what_is_left_is_right_whatever_class_went() {
    let place = Place::new("retain-classes");
    let simulate = ["simulate", "--agents", "6", "--queues", "2", "--for", "120h", "--out", "f.ndjson"];
    assert_eq!(run(&place, &simulate).status.code(), Some(0));
    for class in ["states", "detail", "agents", "intervals"] {
        let replay = ["replay", "f.ndjson", "--data", class];
        assert_eq!(run(&place, &replay).status.code(), Some(0));
        let table = if class == "intervals" { "queue_interval" } else { "call" };
        let last = std::fs::read_dir(place.path(class).join("history").join(table).join("tenant=default"));
        let last = last.expect("a table").map_while(Result::ok).map(|e| e.file_name()).max().expect("a day");
        let last = last.to_string_lossy()["date=".len()..].to_owned();
        place.write("c.toml", &format!("[history.retention]\n{class} = \"3 days\"\n"));
        let retain = run(&place, &["retain", "--data", class, "--config", "c.toml", "--at", &last, "--json"]);
        assert!(retain.status.success() && stdout(&retain).contains("\"rows\":"), "{class}: {}", stderr(&retain));
        let check = run(&place, &["check", "data", "--strict", "--data", class]);
        assert_eq!(check.status.code(), Some(0), "{class}: {}", stdout(&check));
        // What is missing without anybody having removed it for its age is still found.
        std::fs::remove_dir_all(place.path(class).join(format!("history/agent_session/tenant=default/date={last}")))
            .expect("a day");
        assert_eq!(run(&place, &["check", "data", "--data", class]).status.code(), Some(6), "{class}");
    }
}

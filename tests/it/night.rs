//! The self-check inside `serve`: it finds nothing where nothing is wrong, and what somebody takes away it reports until it is back.

use std::fs;
use std::net::SocketAddr;

use serde_json::Value;

use crate::postgres::wait;
use crate::process::{Place, Running, http, run, stderr, stdout};

/// A server that checks itself every second, fed with an evening and the night behind it.
pub fn server(place: &Place, more: &[&str]) -> (Running, SocketAddr) {
    let feed = place.path("night.ndjson").to_string_lossy().into_owned();
    let simulated =
        ["simulate", "--out", &feed, "--agents", "6", "--queues", "2", "--for", "4h", "--seed", "3", "--quiet"];
    let output = run(place, &[&simulated[..], &["--start", "2026-11-27T22:30:00Z"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    place.write("callfold.toml", "[check]\nevery = \"1s\"\nkeep = 2\n");
    let feed = format!("file:{feed}");
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--config", "callfold.toml", "--feed", &feed, "--user-data", "*"];
    let mut server = Running::start(place, &[&arguments[..], more].concat());
    let address = server.address("listens on");
    (server, address)
}

/// A figure of `/metrics`.
pub fn figure(address: SocketAddr, name: &str) -> Option<f64> {
    let (_, page) = http(address, "GET /metrics", &[], b"");
    let line = page.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// How often a law that is certain was broken.
pub const FINDINGS: &str = "callfold_check_findings{kind=\"certain\"}";

/// The exit code and the last report of a self-check.
pub fn last(place: &Place) -> (Option<i32>, Value) {
    let output = run(place, &["check", "data", "--last", "--json"]);
    (output.status.code(), serde_json::from_str(&stdout(&output)).unwrap_or_default())
}

#[test]
fn a_row_that_is_taken_away_is_reported_every_night_until_it_is_back() {
    let place = Place::in_memory("night");
    assert_eq!(last(&place).0, Some(5), "there is no report yet");
    let (server, address) = server(&place, &[]);
    let is_right = || figure(address, "callfold_check_days") >= Some(1.0) && figure(address, FINDINGS) == Some(0.0);
    wait(is_right, || format!("{:?}", last(&place)));
    assert_eq!(figure(address, "callfold_check_failed"), Some(0.0));
    let (code, report) = last(&place);
    assert_eq!((code, &report["broken"]), (Some(0), &Value::from(0)), "{report}");
    assert_eq!(report["days"], serde_json::json!(["files default 2026-11-27"]));
    assert!(report["rows"].as_u64() > Some(100) && report["trouble"].is_null(), "{report}");
    // The file of an interval goes, and nothing says that it was ever there.
    let day = "agent_interval/tenant=default/date=2026-11-27";
    let (manifest, dir) =
        (place.path(&format!("data/manifest/{day}.json")), place.path(&format!("data/history/{day}")));
    let whole = fs::read_to_string(&manifest).expect("a manifest");
    let mut less: Value = serde_json::from_str(&whole).expect("json");
    let gone = less["files"].as_array_mut().expect("files").remove(2);
    let path = dir.join(gone["name"].as_str().expect("a name"));
    let kept = fs::read(&path).expect("a file");
    fs::write(&manifest, less.to_string()).expect("written");
    fs::remove_file(&path).expect("removed");
    wait(|| figure(address, FINDINGS) >= Some(1.0), || format!("{:?}", last(&place)));
    let (code, report) = last(&place);
    assert_eq!(code, Some(6));
    let law = |name: &str| {
        let laws = report["laws"].as_array().expect("laws").iter();
        laws.clone().find(|law| law["law"] == name).expect("a law")["broken"].as_u64()
    };
    assert!(law("files_listed") == Some(0) && law("agent_from_states") >= Some(1), "{report}");
    let text = stdout(&run(&place, &["check", "data", "--last"]));
    assert!(text.contains("agent_interval"), "{text}");
    fs::write(&path, kept).expect("written");
    fs::write(&manifest, whole).expect("written");
    wait(|| figure(address, FINDINGS) == Some(0.0), || format!("{:?}", last(&place)));
    let kept = fs::read_dir(place.path("data/check")).expect("reports").count();
    assert!(kept <= 3, "{kept} files: two reports, and the days that are right");
    assert_eq!(server.signal("TERM"), Some(0));
}

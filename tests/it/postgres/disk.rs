//! Disks that are full, for real: file systems of a few mebibytes, mounted for the test where somebody may.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::cells::{self, assert_equal};
use super::cluster::{Cluster, Database, mount, resize, unmount};
use super::delivery::files;
use super::floor::{Way, batches, wait};
use super::program::simulate;
use crate::process::{Place, Running, http};

/// Mebibytes of the server's disk: a new cluster takes about sixty.
const DISK: u32 = 160;

/// Takes all the room that is left.
fn fill(path: &Path) {
    let block = vec![b'x'; 64 << 10];
    let mut file = fs::File::create(path).expect("a file");
    // First in large pieces, then to the last byte.
    for size in [block.len(), 512, 1] {
        while std::io::Write::write_all(&mut file, &block[..size]).is_ok() {}
    }
}

#[test]
fn a_server_without_room_is_waited_for_and_has_everything_once_when_there_is_some() {
    let Some(mut cluster) = Cluster::start_on_disk(DISK, "-c min_wal_size=32MB -c max_wal_size=48MB") else { return };
    let place = Place::in_memory("pg-disk-full");
    let batches = batches(19, 40);
    let url = cluster.database("full_disk").url();
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    way.carry().expect("a database");
    let (begin, rest) = batches.split_at(15);
    way.deliver(begin);
    way.wait_until_empty();
    let filler = cluster.dir().join("filler");
    fill(&filler);
    way.deliver(rest);
    // The server says that it has no room, or gives up because its log has none.
    wait(
        || {
            way.backlog
                .trouble()
                .is_some_and(|text| text.contains("make room on the server") || text.contains("cannot connect"))
        },
        || format!("{:?}", way.backlog),
    );
    assert!(way.backlog.rows.load(Ordering::Relaxed) > 0, "the rows wait here");
    fs::remove_file(&filler).expect("removed");
    if cluster.try_query("full_disk", "SELECT 1").is_err() {
        cluster.kill();
        cluster.resume();
    }
    way.wait_until_empty();
    assert!(way.backlog.trouble().is_none() && way.backlog.segments_refused.load(Ordering::Relaxed) == 0);
    way.stop();
    let database = Database { cluster: &cluster, name: "full_disk".into() };
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

/// A file system at a directory for as long as this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn new(dir: &Path, mebibytes: u32) -> Option<Self> {
        fs::create_dir_all(dir).expect("a directory");
        mount(dir, mebibytes).then(|| Self(dir.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

#[test]
fn a_full_disk_of_our_own_holds_up_neither_the_files_nor_the_feed_and_the_database_gets_everything_later() {
    let Some(mut cluster) = Cluster::start("") else { return };
    let place = Place::new("pg-spool-full");
    let spool = place.path("data/postgres");
    let Some(_mounted) = Mounted::new(&spool, 1) else { return };
    let database = cluster.database("spool_full");
    let url = database.url();
    let feed = simulate(&place, "day.ndjson", &["--agents", "60", "--queues", "6", "--for", "90m", "--seed", "21"]);
    // The database is away, so that everything has to wait here.
    cluster.kill();
    let source = format!("file:{feed}");
    let mut server = Running::start(
        &place,
        &["serve", "--listen", "127.0.0.1:0", "--data", "data", "--postgres", &url, "--feed", &source],
    );
    let address = server.address("listens on");
    let said = server.wait_for("find no room");
    assert!(said.contains("No space left on device") && said.contains("data/postgres"), "{said}");
    let health = || {
        let (_, page) = http(address, "GET /api/v1/health", &[], b"");
        serde_json::from_str::<serde_json::Value>(&page).expect("json")["data"].clone()
    };
    let waits = || health()["postgres"].clone();
    wait(|| waits()["full"] == true, || waits().to_string());
    // The feed is taken to its end, and its calls are in the files.
    let lines = fs::read_to_string(&feed).expect("readable").lines().count();
    wait(|| health()["ingest"]["accepted"] == lines, || health()["ingest"].to_string());
    wait(|| place.path("data/history/call").exists(), String::new);
    resize(&spool, 64);
    cluster.resume();
    let database = Database { cluster: &cluster, name: "spool_full".into() };
    wait(|| waits()["full"] == false && waits()["trouble"].is_null(), || waits().to_string());
    server.wait_for("have room on disk again");
    assert_eq!(server.signal("TERM"), Some(0));
    assert_equal(&cells::of_files(&place.path("data")), &cells::of_database(&database, ""));
}

//! Two programs on one feed and one database: one writes, the other is ready.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use callfold::handoff::backlog::Role;

use super::cells::{self, assert_equal};
use super::cluster::Cluster;
use super::floor::{Way, batches, wait};
use crate::process::Place;

#[test]
fn the_second_program_stands_by_with_a_short_spool_and_takes_over_when_the_first_is_gone() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-takeover"), cluster.database("takeover"));
    let batches = batches(8, 60);
    let open = |name: &str| Way::open(&place.path(name), &database.url(), "callfold", 1 << 30);
    let (mut first, mut second) = (open("first"), open("second"));
    first.carry().expect("a database");
    wait(|| first.backlog.role() == Role::Writes, || format!("{:?}", first.backlog));
    second.carry().expect("a database");
    let (begin, end) = batches.split_at(40);
    second.deliver(begin);
    wait(|| second.backlog.role() == Role::StandsBy, || format!("{:?}", second.backlog));
    let waiting = second.backlog.segments.load(Ordering::Relaxed);
    let begun = Instant::now();
    first.deliver(begin);
    first.wait_until_empty();
    // What the first has surely written, the second drops, but not before the server had time to write it to its disk; what was just
    // written may wait a little.
    let dropped = || second.backlog.segments.load(Ordering::Relaxed) < waiting;
    wait(dropped, || format!("{:?}", second.backlog));
    assert!(begun.elapsed() >= Duration::from_secs(5), "{:?}", begun.elapsed());
    wait(|| second.backlog.segments.load(Ordering::Relaxed) <= 1, || format!("{:?}", second.backlog));
    assert_eq!(second.backlog.role(), Role::StandsBy);
    assert_eq!(second.backlog.rows_written.load(Ordering::Relaxed), 0);
    first.stop();
    second.deliver(end);
    wait(|| second.backlog.role() == Role::Writes, || format!("{:?}", second.backlog));
    second.wait_until_empty();
    // The first comes back with everything it missed, and must wait its turn.
    let mut first = open("first");
    first.deliver(end);
    first.carry().expect("a database");
    wait(|| first.backlog.segments.load(Ordering::Relaxed) <= 1, || format!("{:?}", first.backlog));
    let files = {
        let mut store = callfold::sink::Store::open(&place.path("files"), callfold::sink::Mode::Live).expect("a store");
        batches.iter().for_each(|batch| store.deliver(batch).expect("the disk takes it"));
        store.finish().expect("published");
        cells::of_files(&place.path("files"))
    };
    assert_equal(&files, &cells::of_database(&database, ""));
}

#[test]
fn a_program_that_hears_other_switches_under_the_same_name_keeps_its_rows_and_says_why() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::in_memory("pg-foreign"), cluster.database("foreign_switch"));
    let east = batches(9, 5);
    let west = super::floor::batches_of(
        callfold::simulate::Scenario {
            agents: 10,
            queues: 2,
            seed: 9,
            start: super::floor::START,
            ..Default::default()
        },
        5,
        |lines| String::from_utf8(lines).expect("text").replace("\"Switch\":\"", "\"Switch\":\"far-").into_bytes(),
    );
    let mut first = Way::open(&place.path("first"), &database.url(), "callfold", 1 << 30);
    first.carry().expect("a database");
    first.deliver(&east);
    first.wait_until_empty();
    let mut second = Way::open(&place.path("second"), &database.url(), "callfold", 1 << 30);
    second.deliver(&west);
    let waiting = second.backlog.segments.load(Ordering::Relaxed);
    second.carry().expect("a database");
    wait(
        || second.backlog.trouble().is_some_and(|text| text.contains("postgres.writer")),
        || format!("{:?}", second.backlog),
    );
    assert_eq!(second.backlog.segments.load(Ordering::Relaxed), waiting, "nothing was dropped");
    drop(second);
    // Under a name of its own it writes beside the other.
    let mut second = Way::open(&place.path("second"), &database.url(), "west", 1 << 30);
    second.carry().expect("a database");
    second.wait_until_empty();
    assert_eq!(database.cell("SELECT count(DISTINCT site_id) FROM callfold.delivery_source"), "2");
}

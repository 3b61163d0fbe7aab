//! Other major versions of the server: the same rows arrive, and a database that is brought to a later one goes on.

use super::cells::{self, assert_equal};
use super::cluster::{Cluster, Database, editions};
use super::delivery::{files, live_rows_arrive_once};
use super::floor::{Way, batches, wait};
use super::{program, schema};
use crate::process::Place;

#[test]
fn on_every_major_version_there_is_tables_rows_rights_and_replays_are_the_same() {
    for edition in editions() {
        let cluster = Cluster::start_edition(&edition, "");
        let said = cluster.query("postgres", "SELECT current_setting('server_version_num')::int / 10000").concat();
        assert_eq!(said, [edition.major.to_string()]);
        let name = format!("edition_{}", edition.major);
        schema::a_migrated_database_is_whole(&cluster, &format!("{name}_migrated"));
        live_rows_arrive_once(&cluster, &format!("{name}_live"));
        program::a_replay_is_written_once(&cluster, &format!("{name}_replay"));
    }
}

#[test]
fn a_database_that_is_brought_to_a_later_major_version_meanwhile_has_everything_once() {
    let editions = editions();
    let [first, .., last] = editions.as_slice() else { return };
    let mut cluster = Cluster::start_edition(first, "");
    let place = Place::in_memory("pg-upgraded");
    let batches = batches(17, 40);
    let url = cluster.database("upgraded").url();
    let mut way = Way::open(&place.path("data"), &url, "callfold", 1 << 30);
    way.carry().expect("a database");
    let (begin, rest) = batches.split_at(20);
    let (meanwhile, after) = rest.split_at(10);
    way.deliver(begin);
    way.wait_until_empty();
    cluster.upgrade(last);
    way.deliver(meanwhile);
    wait(|| way.backlog.trouble().is_some(), || format!("{:?}", way.backlog));
    cluster.resume();
    let version = "SELECT current_setting('server_version_num')::int / 10000";
    assert_eq!(cluster.query("upgraded", version).concat(), [last.major.to_string()]);
    way.deliver(after);
    way.wait_until_empty();
    way.stop();
    let database = Database { cluster: &cluster, name: "upgraded".into() };
    assert_equal(&files(&place.path("files"), &batches), &cells::of_database(&database, ""));
}

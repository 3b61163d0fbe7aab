//! The program with `--postgres`, from outside.

use std::fs;
use std::process::Command;

use super::cells::{self, assert_equal};
use super::cluster::Cluster;
use super::floor::wait;
use crate::process::{Place, Running, callfold, http, run, stderr};

pub fn simulate(place: &Place, name: &str, arguments: &[&str]) -> String {
    let path = place.path(name).to_string_lossy().into_owned();
    let output = run(place, &[&["simulate", "--out", &path, "--quiet"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    path
}

#[test]
fn a_replay_writes_every_cell_that_is_in_the_files_and_replaying_again_rewrites_none() {
    let Some(cluster) = Cluster::shared() else { return };
    a_replay_is_written_once(cluster, "replayed");
}

/// A replay into a new database of a server, twice, and one that is refused.
pub fn a_replay_is_written_once(cluster: &Cluster, name: &str) {
    let (place, database) = (Place::in_memory(&format!("pg-{name}")), cluster.database(name));
    let feed = simulate(&place, "day.ndjson", &["--agents", "40", "--queues", "6", "--for", "75m", "--seed", "11"]);
    let replay =
        |data: &str| run(&place, &["replay", &feed, "--data", data, "--postgres", &database.url(), "--user-data", "*"]);
    let output = replay("first");
    assert!(output.status.success(), "{}", stderr(&output));
    let files = cells::of_files(&place.path("first"));
    assert!(files.len() >= 14, "too few tables have rows: {:?}", files.keys());
    assert_equal(&files, &cells::of_database(&database, ""));
    let said = stderr(&output);
    let rows: usize = files.values().map(Vec::len).sum();
    let all = said.replace(',', "");
    assert!(
        all.contains(&format!("; {rows} rows in ")) && all.contains(&format!("; {rows} rows in the database")),
        "{said}"
    );
    let versions = cells::versions(&database);
    assert!(replay("second").status.success());
    assert_eq!(cells::versions(&database), versions, "nothing was rewritten");
    // Where the files are refused, the database has nothing of it either.
    database.query("DELETE FROM callfold.call");
    let other = simulate(&place, "other.ndjson", &["--agents", "40", "--queues", "6", "--for", "20m", "--seed", "11"]);
    let output = run(&place, &["replay", &other, "--data", "first", "--postgres", &database.url()]);
    assert_eq!(output.status.code(), Some(9), "{}", stderr(&output));
    assert_eq!(database.cell("SELECT count(*) FROM callfold.call"), "0");
}

#[test]
fn a_server_writes_to_the_database_shows_what_waits_and_a_wrong_password_ends_it_at_once() {
    let Some(cluster) = Cluster::start("") else { return };
    let (place, database) = (Place::in_memory("pg-serve"), cluster.database("served"));
    let feed = simulate(&place, "day.ndjson", &["--agents", "20", "--queues", "3", "--for", "40m", "--seed", "12"]);
    database
        .query("CREATE ROLE keeper LOGIN PASSWORD 'open sesame' CREATEROLE; GRANT CREATE ON DATABASE served TO keeper");
    let hba = "local all postgres trust\nlocal all all scram-sha-256\n";
    fs::write(cluster.dir().join("data/pg_hba.conf"), hba).expect("written");
    database.query("SELECT pg_reload_conf()");
    let url = cluster.url_for("keeper", "served");
    let password = place.write("password", "open sesame\n").to_string_lossy().into_owned();
    let config =
        place.write("callfold.toml", &format!("[postgres]\nurl = \"{url}\"\npassword_file = \"{password}\"\n"));
    let config = config.to_string_lossy().into_owned();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["db", "status"], &["replay", &feed]] {
        let mut program = callfold(&place.path(""), &[command, &["--postgres", &url]].concat());
        let output = program.env("CALLFOLD_POSTGRES__PASSWORD", "open barley").output().expect("runs");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{command:?}: {said}");
        assert!(said.contains("password authentication failed") && !said.contains("barley"), "{said}");
    }
    let mut server = Running::start(
        &place,
        &["serve", "--listen", "127.0.0.1:0", "--data", "data", "--config", &config, "--feed", &format!("file:{feed}")],
    );
    let address = server.address("listens on");
    wait(
        || {
            database.query("SELECT to_regclass('callfold.call')") != [["∅"]]
                && database.cell("SELECT count(*) FROM callfold.call") != "0"
        },
        String::new,
    );
    let (status, metrics) = http(address, "GET /metrics", &[], b"");
    assert_eq!(status, 200);
    assert!(metrics.contains("callfold_postgres_role{role=\"writes\"} 1"), "{metrics}");
    let (_, health) = http(address, "GET /api/v1/health", &[], b"");
    let health: serde_json::Value = serde_json::from_str(&health).expect("json");
    let health = &health["data"];
    assert_eq!(
        (health["postgres"]["role"].as_str(), health["postgres"]["trouble"].as_str()),
        (Some("writes"), None),
        "{health}"
    );
    assert!(!health.to_string().contains("sesame"), "{health}");
    assert_eq!(server.signal("TERM"), Some(0));
    assert_equal(&cells::of_files(&place.path("data")), &cells::of_database(&database, ""));
    let status =
        callfold(&place.path(""), &["db", "status", "--config", &config, "--data", "data"]).output().expect("runs");
    let page = String::from_utf8(status.stdout).expect("text");
    assert!(page.contains("data/postgres: nothing waits") && page.contains("agent_interval"), "{page}");
}

#[test]
fn a_certificate_is_verified_and_a_wrong_one_is_told_with_what_to_do() {
    let have = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !have {
        assert!(std::env::var_os("CALLFOLD_REQUIRE_POSTGRES").is_none(), "openssl is missing");
        return;
    }
    let place = Place::in_memory("pg-tls");
    let dir = place.path("");
    let make = |text: &str| {
        let output = Command::new("sh").current_dir(&dir).args(["-c", text]).output().expect("a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    make(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE
         openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
         printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext
         openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem
         chmod 644 server.key server.pem; chmod 711 .",
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    let Some(mut cluster) = Cluster::start_on(port, "") else { return };
    let data = cluster.dir().join("data");
    for name in ["server.key", "server.pem"] {
        fs::copy(dir.join(name), data.join(name)).expect("copied");
    }
    make(&format!(
        "chmod 600 {0}/server.key; ! [ $(id -u) = 0 ] || chown postgres {0}/server.key {0}/server.pem",
        data.display()
    ));
    cluster.kill();
    cluster
        .set_options("-c ssl=on -c ssl_cert_file=server.pem -c ssl_key_file=server.key -c listen_addresses=127.0.0.1");
    cluster.resume();
    let url = format!("postgres://postgres@localhost:{port}/postgres?sslmode=verify-full");
    let migrate = |ca_file: &str| {
        let mut program = callfold(&dir, &["db", "migrate", "--postgres", &url]);
        let output = program.env("CALLFOLD_POSTGRES__CA_FILE", ca_file).output().expect("runs");
        (output.status.code(), stderr(&output))
    };
    let (code, said) = migrate("");
    assert!(code == Some(3) && said.contains("UnknownIssuer") && said.contains("postgres.ca_file"), "{said}");
    let (code, said) = migrate("server.key");
    assert!(code == Some(3) && said.contains("holds no certificate"), "{said}");
    let (code, said) = migrate("ca.pem");
    assert_eq!(code, Some(0), "{said}");
}

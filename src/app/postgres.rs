//! The section `[postgres]`: which database, under which name we write there, how much may wait.
//!
//! In: what was written. Out: a [`Postgres`], or all problems. The password is read here and shown nowhere.

use super::config::{self, Config, Problem};
use crate::sink::postgres::Target;

/// How much may wait on disk when nobody says, as written.
pub const SPOOL_MAX_DEFAULT: &str = "4 GiB";

/// Under which name we write when nobody says.
pub const WRITER_DEFAULT: &str = "callfold";

/// Longest name of a writer.
const WRITER_BYTES_MAX: usize = 48;

/// A database that rows go to.
#[derive(Clone, Debug, PartialEq)]
pub struct Postgres {
    /// Where it is.
    pub target: Target,
    /// Under which name we write; of two programs with one name, one writes at a time.
    pub writer: String,
    /// Most bytes of rows that wait on disk.
    pub spool_max: u64,
}

/// Checks what was written about the database; `None` when no URL was.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<Option<Postgres>, Vec<Problem>> {
    let mut problems = Vec::new();
    let written = &config.postgres;
    let mut note = |place: &str, what: String| problems.push(Problem { place: format!("postgres.{place}"), what });
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut file = |key: &str, path: &Option<String>| {
        let path = text(path)?;
        let read = std::fs::read_to_string(&path);
        read.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| note(key, format!("failed to read {path}: {error}")))
            .ok()
    };
    let from_file = file("url_file", &written.url_file);
    let password = file("password_file", &written.password_file);
    let hidden = |hidden: &Option<config::Hidden>| hidden.clone().map(|text| text.0).filter(|text| !text.is_empty());
    let password = password.or_else(|| hidden(&written.password));
    let writer = text(&written.writer).unwrap_or_else(|| WRITER_DEFAULT.to_owned());
    if writer.len() > WRITER_BYTES_MAX || writer.chars().any(char::is_control) {
        note("writer", format!("a name has at most {WRITER_BYTES_MAX} bytes and no control characters"));
    }
    let spool_max = size(text(&written.spool_max).as_deref().unwrap_or(SPOOL_MAX_DEFAULT));
    let spool_max = spool_max.map_err(|what| note("spool_max", what)).unwrap_or_default();
    let target = hidden(&written.url).or(from_file).and_then(|url| {
        let target = Target::new(&url, password.as_deref(), text(&written.ca_file).map(Into::into));
        target.map_err(|error| note("url", error.to_string())).ok()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(target.map(|target| Postgres { target, writer, spool_max }))
}

/// A number of bytes as people write it: `512 MiB`, `4GiB`.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size, as \"512 MiB\" or \"4 GiB\"");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let bytes = number.checked_mul(1 << shift).ok_or_else(wrong)?;
    if bytes == 0 { Err(format!("`{text}` leaves no room")) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Option<Postgres>, String> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn without_a_url_there_is_no_database() {
        assert_eq!(checked(""), Ok(None));
        assert_eq!(checked("[postgres]\nurl = \"\"\nwriter = \"b\"\n"), Ok(None));
    }

    #[test]
    fn the_password_comes_from_a_file_and_is_never_shown() {
        let path = std::env::temp_dir().join(format!("callfold-password-{}", std::process::id()));
        std::fs::write(&path, "s3cret\n").unwrap();
        let text = format!("[postgres]\nurl = \"postgres://a@h/b\"\npassword_file = \"{}\"\n", path.display());
        let found = checked(&text).expect("right").expect("a database");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(found.target, Target::new("postgres://a@h/b", Some("s3cret"), None).unwrap());
        assert!(!format!("{found:?}").contains("s3cret"));
        let config = config::read("c.toml", "[postgres]\nurl = \"postgres://a:s3cret@h/b\"\n", []).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn every_problem_is_named() {
        let text = "[postgres]\nurl = \"postgres://h/b\"\npassword_file = \"/nowhere/at/all\"\nspool_max = \"lots\"\n";
        let problems = checked(text).expect_err("wrong");
        for place in
            ["postgres.url: ", "postgres.password_file: failed to read", "postgres.spool_max: `lots` is no size"]
        {
            assert!(problems.contains(place), "{problems}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!([size("512 MiB"), size("4GiB")], [Ok(512 << 20), Ok(4 << 30)]);
        assert!(size("4").is_err() && size("0 MiB").is_err() && size("99999999999 TiB").is_err());
    }
}

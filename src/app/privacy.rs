//! The policies of attached data and of callers' numbers, from what was written to what the engine uses.
//!
//! In: the sections `[privacy]` and `[[user_data]]`. Out: a [`Privacy`], or all problems. The secret of hashes is read here
//! and shown nowhere.

use super::config::{self, Config, Problem};
use crate::fold::privacy::{List, Policy, Privacy, Rule, SECRET_BYTES_MIN, SHOWN_DEFAULT, Secret};

/// Checks what was written about privacy.
///
/// # Errors
/// Every problem.
pub fn check(config: &Config) -> Result<Privacy, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut problem = |place: String, what: String| problems.push(Problem { place, what });
    let mut policy = |place: &str, text: Option<&str>| {
        let read = policy(text.unwrap_or("keep"));
        read.map_err(|what| problem(place.into(), what)).unwrap_or_default()
    };
    let ani = policy("privacy.ani", config.privacy.ani.as_deref());
    let dnis = policy("privacy.dnis", config.privacy.dnis.as_deref());
    let policies: Vec<Policy> =
        config.user_data.iter().map(|rule| policy("user_data.policy", rule.policy.as_deref())).collect();
    let mut rules: Vec<Rule> = Vec::new();
    for (rule, policy) in config.user_data.iter().zip(policies) {
        let list = match list(rule.list.as_deref().unwrap_or("user_data")) {
            Ok(list) => list,
            Err(what) => {
                problem("user_data.list".into(), what);
                continue;
            }
        };
        if rule.key.is_empty() {
            problem("user_data.key".into(), "an empty key".into());
        } else if rules.iter().any(|r| r.key == rule.key && r.list == list) {
            problem("user_data.key".into(), format!("`{}` is there twice", rule.key));
        } else {
            rules.push(Rule { key: rule.key.as_str().into(), list, policy });
        }
    }
    let secret = secret(&config.privacy).unwrap_or_else(|error| {
        problems.push(error);
        None
    });
    let privacy = Privacy { rules, ani, dnis, secret, is_applied: false };
    let hashes = [privacy.ani, privacy.dnis].into_iter().chain(privacy.rules.iter().map(|rule| rule.policy));
    if hashes.into_iter().any(|policy| policy == Policy::Hash) && privacy.secret.is_none() && problems.is_empty() {
        let what = "hashes need a secret: privacy.hash_key_file, --hash-key-file or CALLFOLD_PRIVACY__HASH_KEY";
        problems.push(Problem { place: "privacy.hash_key".into(), what: what.into() });
    }
    if problems.is_empty() { Ok(privacy) } else { Err(problems) }
}

fn policy(text: &str) -> Result<Policy, String> {
    match (text, text.strip_prefix("mask:").and_then(|shown| shown.parse().ok())) {
        ("keep", _) => Ok(Policy::Keep),
        ("mask", _) => Ok(Policy::Mask { shown: SHOWN_DEFAULT }),
        (_, Some(shown)) => Ok(Policy::Mask { shown }),
        ("hash", _) => Ok(Policy::Hash),
        ("drop", _) => Ok(Policy::Drop),
        _ => Err(format!("`{text}` is no policy; known are keep, mask, mask:N, hash and drop")),
    }
}

fn list(text: &str) -> Result<List, String> {
    let known = [List::UserData, List::Reasons, List::Extensions];
    let found = known.into_iter().find(|list| list.word() == text);
    found.ok_or_else(|| format!("`{text}` is no list; known are user_data, reasons and extensions"))
}

/// The secret, from wherever it is; the file wins. White space at its ends does not belong to it.
fn secret(written: &config::Privacy) -> Result<Option<Secret>, Problem> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (place, bytes) = match (text(&written.hash_key_file), &written.hash_key) {
        (Some(path), _) => {
            let bytes = std::fs::read(&path).map_err(|error| Problem {
                place: "privacy.hash_key_file".into(),
                what: format!("failed to read {path}: {error}"),
            })?;
            ("privacy.hash_key_file", bytes)
        }
        (None, Some(key)) if !key.0.is_empty() => ("privacy.hash_key", key.0.clone().into_bytes()),
        _ => return Ok(None),
    };
    let short = || format!("a secret has at least {SECRET_BYTES_MIN} bytes");
    Secret::new(bytes.trim_ascii()).map(Some).ok_or_else(|| Problem { place: place.into(), what: short() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Privacy, Vec<String>> {
        let config = config::read("c.toml", text, []).expect("known keys");
        check(&config).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn policies_are_read_as_people_write_them() {
        let text = "[privacy]\nani = \"hash\"\ndnis = \"mask:2\"\nhash_key = \"0123456789abcdef\"\n\
                    [[user_data]]\nkey = \"Segment\"\n[[user_data]]\nkey = \"RTR\"\nlist = \"reasons\"\npolicy = \"mask\"\n";
        let privacy = read(text).expect("right");
        assert_eq!((privacy.ani, privacy.dnis), (Policy::Hash, Policy::Mask { shown: 2 }));
        assert_eq!(privacy.policy(List::UserData, "Segment"), Policy::Keep);
        assert_eq!(privacy.policy(List::Reasons, "RTR"), Policy::Mask { shown: SHOWN_DEFAULT });
        assert_eq!(read("").expect("right"), Privacy::default());
    }

    #[test]
    fn what_is_wrong_is_said_and_a_secret_never() {
        let text = "[privacy]\nani = \"burn\"\nhash_key = \"tooshort\"\n[[user_data]]\nkey = \"\"\nlist = \"notes\"\n\
                    [[user_data]]\nkey = \"a\"\n[[user_data]]\nkey = \"a\"\n";
        let problems = read(text).expect_err("wrong");
        assert_eq!(
            problems,
            [
                "privacy.ani: `burn` is no policy; known are keep, mask, mask:N, hash and drop",
                "user_data.list: `notes` is no list; known are user_data, reasons and extensions",
                "user_data.key: `a` is there twice",
                "privacy.hash_key: a secret has at least 16 bytes",
            ]
        );
        assert!(read("[privacy]\ndnis = \"hash\"\n").expect_err("wrong")[0].contains("hashes need a secret"));
        let config = config::read("c.toml", "[privacy]\nhash_key = \"tooshort\"\n", []).expect("known keys");
        assert!(!format!("{config:?}").contains("tooshort"));
    }
}

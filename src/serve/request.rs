//! What a request says beside its path: query parameters, of which unknown ones are errors, and its id.

use std::sync::atomic::Ordering;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri};

use super::board::Board;
use super::problem::Problem;

/// Longest request id taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Query parameters, each of which is one of those the route knows.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters of `uri`; an error names the first that is not among `known`, or stands there twice.
    pub fn parse(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", format!("query: {error}")))?;
        let pairs = query.0;
        for (i, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let names = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::parameter(name, format!("parameter {name:?} is unknown here; known: {names}")));
            }
            if pairs[..i].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::parameter(name, format!("parameter {name:?} is given twice")));
            }
        }
        Ok(Self(pairs))
    }

    /// Value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is given, with any value but `false` and `0`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value, "false" | "0"))
    }
}

/// The id of a request: the client's `x-request-id` if it is short and plain, else the next of this run.
pub(super) fn request_id(board: &Board, headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok()).filter(|id| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    });
    match given {
        Some(id) => id.to_owned(),
        None => format!("{}-r{}", board.epoch(), board.counts.requests.fetch_add(1, Ordering::Relaxed)),
    }
}

/// The known name nearest to `name`, if one is near: for "did you mean".
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = name.chars().count().div_ceil(3).clamp(1, 4);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near || candidate.split('@').next() == Some(name))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace) from `a` to `b`; both cut at 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let known = ["8001@east", "8002@east", "sales@west"];
        assert_eq!(nearest("8001", known.into_iter()), Some("8001@east"));
        assert_eq!(nearest("8002@eats", known.into_iter()), Some("8002@east"));
        assert_eq!(nearest("billing@north", known.into_iter()), None);
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        let parse = |uri: &str| Parameters::parse(&uri.parse().unwrap(), &["limit"]);
        assert_eq!(parse("/x?limit=5").unwrap().get("limit"), Some("5"));
        assert!(parse("/x?limits=5").is_err());
        assert!(parse("/x?limit=5&limit=6").is_err());
    }
}

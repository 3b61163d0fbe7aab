//! Pages of a list: a number of objects after a cursor, in the order of their keys.
//!
//! A cursor is the key of the last object of the page before, written so that nobody reads it. Objects are never
//! removed, so going through all pages meets each object that was there at the begin exactly once.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::board::Key;
use super::problem::Problem;
use super::request::Parameters;

/// Most objects of a page.
const LIMIT_MAX: usize = 10_000;
/// Objects of a page unless the request says otherwise.
const LIMIT_DEFAULT: usize = 1000;

/// Which page of a list, and of which tenant and site.
#[derive(Debug)]
pub(super) struct Page {
    limit: usize,
    after: Option<Key>,
    tenant: Option<String>,
    site: Option<String>,
}

impl Page {
    /// Parameters that choose a page.
    pub const PARAMETERS: [&'static str; 4] = ["limit", "cursor", "tenant", "site"];

    /// The page that `parameters` choose.
    pub fn parse(parameters: &Parameters) -> Result<Self, Problem> {
        let limit = match parameters.get("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
                Problem::parameter("limit", format!("limit {text:?} is not a whole number from 1 to {LIMIT_MAX}"))
            })?,
        };
        let after = match parameters.get("cursor") {
            None => None,
            Some(text) => Some(decode_cursor(text).ok_or_else(|| {
                Problem::parameter("cursor", "cursor is not one that an earlier answer gave as next_cursor")
            })?),
        };
        let owned = |name| parameters.get(name).map(str::to_owned);
        Ok(Self { limit, after, tenant: owned("tenant"), site: owned("site") })
    }

    /// The objects of this page, made by `object`, and the cursor of the next one. `place` gives tenant and site.
    pub fn of<E, T>(
        &self,
        entries: &BTreeMap<Key, E>,
        place: impl Fn(&E) -> (&str, &str),
        object: impl Fn(&E) -> T,
    ) -> (Vec<T>, Option<String>) {
        let from = self.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = |entry: &E| {
            let (tenant, site) = place(entry);
            self.tenant.as_deref().is_none_or(|t| t == tenant) && self.site.as_deref().is_none_or(|s| s == site)
        };
        let mut matching = entries.range((from, Bound::Unbounded)).filter(|(_, entry)| wanted(entry)).peekable();
        let mut objects = Vec::new();
        let mut last = None;
        while objects.len() < self.limit {
            let Some((key, entry)) = matching.next() else { break };
            objects.push(object(entry));
            last = Some(key);
        }
        let next = last.filter(|_| matching.peek().is_some()).map(encode_cursor);
        (objects, next)
    }
}

fn encode_cursor((id, tenant): &Key) -> String {
    format!("{id}\n{tenant}").bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_cursor(text: &str) -> Option<Key> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes =
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect::<Option<_>>()?;
    let key = String::from_utf8(bytes).ok()?;
    let (id, tenant) = key.rsplit_once('\n')?;
    Some((id.into(), tenant.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_through_all_pages_once() {
        let keys = ["a", "b", "c", "d", "e"].map(|id| (id.into(), "default".into()));
        let entries: BTreeMap<Key, &str> = keys.into_iter().zip(["a", "b", "c", "d", "e"]).collect();
        let mut page = Page { limit: 2, after: None, tenant: None, site: None };
        let mut seen = Vec::new();
        loop {
            let (objects, next) = page.of(&entries, |_| ("default", "east"), |id| *id);
            seen.extend(objects);
            let Some(next) = next else { break };
            page.after = Some(decode_cursor(&next).unwrap());
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_cursor_of_ones_own_making_is_refused() {
        assert!(decode_cursor("zz").is_none());
        assert!(decode_cursor("616").is_none());
        assert!(decode_cursor("61").is_none());
    }
}

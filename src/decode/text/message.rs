//! One message on its way to a line of the feed.
//!
//! Attributes are written as they come, so that nothing of a message is kept but its JSON so far. A text may go on over
//! line breaks: strings are printed without escapes, so that only the lines that follow show where one ends, and a string
//! that was written can be opened again. Refuses to know what an attribute means.

use super::clock::Clock;
use super::json;

/// Most bytes of a message as JSON; a larger one is left without its end, so that it is refused.
const JSON_BYTES_MAX: usize = 1 << 20;
/// Most lists inside one another; the feed's decoder refuses far fewer.
const LISTS_MAX: usize = 200;

/// A list whose pairs are being written.
#[derive(Clone, Copy, Debug)]
struct List {
    /// Indentation of the line that opened it; its pairs stand deeper.
    indent: usize,
    /// Where its key begins in the JSON.
    start: usize,
    /// How many pairs the line promised, if it did.
    promised: Option<u32>,
    pairs: u32,
}

/// A string that was written last, and may go on.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// Where its content ends in the JSON; zero when what was written last is no string.
    end: usize,
    /// Whether its closing quote has been seen.
    is_closed: bool,
    /// Whether lines were added to it, and where the last closing quote was, if there was one.
    added: bool,
    closed_at: Option<usize>,
}

/// A message being written; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Message {
    json: Vec<u8>,
    lists: Vec<List>,
    open: Open,
    /// The quote around strings.
    quote: u8,
    has_time: bool,
    /// Nothing fits any more; what is there never becomes JSON.
    is_full: bool,
    /// Lists that show fewer pairs than they have.
    pub(super) lists_cut: u64,
}

impl Message {
    /// Begins a message called `name`; `envelope` are pairs that every message of the log has.
    pub(super) fn begin(&mut self, name: &[u8], envelope: &[u8], quote: u8) {
        self.json.clear();
        self.lists.clear();
        self.open = Open::default();
        self.quote = quote;
        self.has_time = false;
        self.is_full = false;
        self.json.extend_from_slice(b"{\"Event\":\"");
        self.json.extend_from_slice(name);
        self.json.extend_from_slice(b"\",");
        self.json.extend_from_slice(envelope);
    }

    /// Notes that the message carries its own time.
    pub(super) fn timed(&mut self) {
        self.has_time = true;
    }

    /// Whether a string waits for its closing quote.
    pub(super) fn is_inside_string(&self) -> bool {
        self.open.end > 0 && !self.open.is_closed
    }

    /// Ends whatever came before a line that says something about the message itself.
    #[inline]
    pub(super) fn end_value(&mut self) {
        self.settle();
        self.close_lists(0);
    }

    /// Writes a key of the message itself and returns where it begins.
    #[inline]
    pub(super) fn attribute(&mut self, key: &[u8], is_plain: bool) -> usize {
        self.end_value();
        self.key(key, is_plain)
    }

    /// Writes a key of the list that holds what is indented by `indent`; false when there is no such list.
    #[inline]
    pub(super) fn pair(&mut self, indent: usize, key: &[u8], is_plain: bool) -> bool {
        self.settle();
        self.close_lists(indent);
        let Some(list) = self.lists.last_mut() else { return false };
        list.pairs += 1;
        self.key(key, is_plain);
        true
    }

    #[inline]
    fn key(&mut self, key: &[u8], is_plain: bool) -> usize {
        if self.json.len() > JSON_BYTES_MAX {
            self.is_full = true;
            self.json.truncate(JSON_BYTES_MAX);
        }
        let start = self.json.len();
        self.json.push(b'"');
        if is_plain {
            self.json.extend_from_slice(key);
        } else {
            json::inside(&mut self.json, key);
        }
        self.json.extend_from_slice(b"\":");
        start
    }

    /// Writes the text after a quote as the value of the key just written.
    #[inline]
    pub(super) fn text(&mut self, quoted: &[u8]) {
        let (inside, is_closed) = match quoted.split_last() {
            Some((last, inside)) if *last == self.quote => (inside, true),
            _ => (quoted, false),
        };
        self.json.push(b'"');
        json::inside(&mut self.json, inside);
        self.open = Open { end: self.json.len(), is_closed, added: false, closed_at: None };
        self.json.extend_from_slice(b"\",");
    }

    /// Opens a list, whose line is indented by `indent`, as the value of the key just written, which began at `start`.
    pub(super) fn list(&mut self, indent: usize, start: usize, promised: Option<u32>) {
        if self.lists.len() < LISTS_MAX {
            self.lists.push(List { indent, start, promised, pairs: 0 });
            self.json.push(b'{');
        } else {
            self.json.extend_from_slice(b"{},");
        }
    }

    /// Takes back what was written since `start`.
    pub(super) fn take_back(&mut self, start: usize) {
        self.json.truncate(start);
    }

    /// The JSON written so far.
    pub(super) fn json(&mut self) -> &mut Vec<u8> {
        &mut self.json
    }

    /// Takes a line that may belong to the last string: after an open one it does; after a closed one it does if a line
    /// that ends with a quote follows. Returns false when there is no string.
    pub(super) fn go_on(&mut self, line: &[u8]) -> bool {
        if self.open.end == 0 {
            return false;
        }
        if self.json.len() > JSON_BYTES_MAX {
            return true;
        }
        if !self.open.added {
            self.json.truncate(self.open.end);
            self.open.added = true;
            self.open.closed_at = self.open.is_closed.then_some(self.open.end);
        }
        if self.open.is_closed {
            json::inside(&mut self.json, &[self.quote]);
        }
        self.json.extend_from_slice(b"\\n");
        self.open.is_closed = line.last() == Some(&self.quote);
        json::inside(&mut self.json, &line[..line.len() - usize::from(self.open.is_closed)]);
        if self.open.is_closed {
            self.open.closed_at = Some(self.json.len());
        }
        true
    }

    /// Ends the last string.
    #[inline]
    fn settle(&mut self) {
        if self.open.added {
            self.end_string();
        }
        self.open.end = 0;
    }

    #[cold]
    fn end_string(&mut self) {
        if let Some(end) = self.open.closed_at {
            self.json.truncate(end);
        }
        self.json.extend_from_slice(b"\",");
        self.open = Open::default();
    }

    /// Closes the lists that do not hold what is indented by `indent`; 0 closes all.
    #[inline]
    fn close_lists(&mut self, indent: usize) {
        while let Some(list) = self.lists.last().copied()
            && list.indent >= indent
        {
            self.close_list(list);
        }
    }

    fn close_list(&mut self, list: List) {
        self.lists.pop();
        if let Some(promised) = list.promised
            && promised > list.pairs
        {
            self.lists_cut += 1;
            if list.pairs == 0 {
                // A list that is there but not shown: unknown, which is not the same as empty.
                return self.json.truncate(list.start);
            }
        }
        self.close_brace();
        self.json.push(b',');
    }

    fn close_brace(&mut self) {
        match self.json.last_mut() {
            Some(last) if *last == b',' => *last = b'}',
            _ => self.json.push(b'}'),
        }
    }

    /// Ends the message and appends it to `out`, without a newline. One without a time of its own gets that of its line.
    pub(super) fn finish(&mut self, clock: &Clock, out: &mut Vec<u8>) {
        self.settle();
        self.close_lists(0);
        if !self.has_time
            && let Some(now) = clock.now()
            && let Ok(secs) = u64::try_from(now.div_euclid(1_000_000))
        {
            self.json.extend_from_slice(b"\"TimeinSecs\":");
            json::number(&mut self.json, secs);
            self.json.extend_from_slice(b",\"TimeinuSecs\":");
            json::number(&mut self.json, now.rem_euclid(1_000_000) as u64);
            self.json.push(b',');
        }
        if !self.is_full {
            self.close_brace();
        }
        out.extend_from_slice(&self.json);
    }
}

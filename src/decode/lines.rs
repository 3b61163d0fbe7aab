//! Bytes as they arrive to whole lines, whatever the pieces.
//!
//! A source pushes what it read; whole lines come out, the begun line waits for its rest. A line beyond the limit keeps
//! one byte more than the limit, so that the decoder refuses it under its own number, and loses what follows. What
//! comes out, taken together, does not depend on how the bytes were cut. This module refuses to know what is on a line.

/// Cuts a stream of bytes at its newlines.
#[derive(Debug)]
pub struct Lines {
    line_bytes_max: usize,
    /// The begun line: at most one byte more than the limit.
    begun: Vec<u8>,
    lines_cut: u64,
    bytes_cut: u64,
}

impl Lines {
    /// Lines of at most `line_bytes_max` bytes, newline not counted.
    #[must_use]
    pub fn new(line_bytes_max: usize) -> Self {
        Self { line_bytes_max, begun: Vec::new(), lines_cut: 0, bytes_cut: 0 }
    }

    /// Lines that were longer than the limit.
    #[must_use]
    pub const fn lines_cut(&self) -> u64 {
        self.lines_cut
    }

    /// Bytes of such lines that were thrown away: what has to be added to find a place in the source again.
    #[must_use]
    pub const fn bytes_cut(&self) -> u64 {
        self.bytes_cut
    }

    /// Bytes of a begun line that wait for their rest.
    #[must_use]
    pub fn begun_bytes(&self) -> usize {
        self.begun.len()
    }

    /// Takes the next `bytes` of the stream and appends the lines that they complete to `whole`.
    pub fn push(&mut self, bytes: &[u8], whole: &mut Vec<u8>) {
        let mut rest = bytes;
        if !self.begun.is_empty() {
            let Some(newline) = memchr::memchr(b'\n', rest) else { return self.begin(rest) };
            self.begin(&rest[..newline]);
            whole.append(&mut self.begun);
            whole.push(b'\n');
            rest = &rest[newline + 1..];
        }
        // Every line that ends within the next limit's worth of bytes is short enough; they need not be looked at.
        while !rest.is_empty() {
            let near = &rest[..rest.len().min(self.line_bytes_max + 1)];
            if let Some(newline) = memchr::memrchr(b'\n', near) {
                whole.extend_from_slice(&rest[..=newline]);
                rest = &rest[newline + 1..];
            } else if let Some(newline) = memchr::memchr(b'\n', rest) {
                self.begin(&rest[..newline]);
                whole.append(&mut self.begun);
                whole.push(b'\n');
                rest = &rest[newline + 1..];
            } else {
                return self.begin(rest);
            }
        }
    }

    /// Ends the stream: a begun line counts as whole.
    pub fn finish(&mut self, whole: &mut Vec<u8>) {
        whole.append(&mut self.begun);
    }

    /// Adds to the begun line as much as may be kept.
    fn begin(&mut self, bytes: &[u8]) {
        let room = self.line_bytes_max + 1 - self.begun.len();
        let (kept, cut) = bytes.split_at(bytes.len().min(room));
        let was_whole = self.begun.len() <= self.line_bytes_max;
        self.begun.extend_from_slice(kept);
        self.lines_cut += u64::from(was_whole && self.begun.len() > self.line_bytes_max);
        self.bytes_cut += cut.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(bytes: &[u8], pieces: &[usize]) -> (Vec<u8>, u64, u64) {
        let (mut lines, mut whole, mut rest) = (Lines::new(10), Vec::new(), bytes);
        for &piece in pieces {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            lines.push(now, &mut whole);
            assert!(lines.begun_bytes() <= 11);
            rest = later;
        }
        lines.push(rest, &mut whole);
        lines.finish(&mut whole);
        (whole, lines.lines_cut(), lines.bytes_cut())
    }

    proptest! {
        #[test]
        fn the_cutting_of_the_bytes_does_not_matter(
            bytes in proptest::collection::vec(prop_oneof![3 => Just(b'x'), 1 => Just(b'\n')], 0..200),
            long in 0..200_usize, run in 0..60_usize,
            pieces in proptest::collection::vec(0..40_usize, 0..20),
        ) {
            let mut bytes = bytes;
            let at = long.min(bytes.len());
            bytes.splice(at..at, std::iter::repeat_n(b'y', run));
            let want: Vec<Vec<u8>> = bytes.split(|&b| b == b'\n').map(|l| l[..l.len().min(11)].to_vec()).collect();
            let cut_lines = bytes.split(|&b| b == b'\n').filter(|l| l.len() > 10).count() as u64;
            let (whole, lines, lost) = cut(&bytes, &pieces);
            prop_assert_eq!(&whole, &want.join(&b'\n'));
            prop_assert_eq!((lines, lost), (cut_lines, (bytes.len() - whole.len()) as u64));
        }
    }
}

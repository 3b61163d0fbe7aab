//! Where lines end, and which of them need a closer look; found with vectors, a block at a time.

use crate::decode::simd::{Isa, Kernel, Lanes};

/// The end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End(u32);

impl End {
    /// Where its newline stands.
    #[inline(always)]
    pub(super) const fn at(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether all of it is ASCII without quotes, backslashes and control characters, TABs aside.
    #[inline(always)]
    pub(super) const fn is_plain(self) -> bool {
        self.0 & 1 == 0
    }
}

/// Most bytes that are looked through at a time.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 24;

/// Writes the ends of the lines of `text`, at most [`TEXT_BYTES_MAX`] long, to `ends`.
pub(super) fn find(isa: Isa, text: &[u8], ends: &mut Vec<End>) {
    ends.clear();
    isa.run(Find { text, ends });
}

struct Find<'a> {
    text: &'a [u8],
    ends: &'a mut Vec<End>,
}

impl Kernel for Find<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (blocks, rest) = self.text.as_chunks::<64>();
        let mut odd = 0;
        for (i, block) in blocks.iter().enumerate() {
            look(lanes, block, i as u32 * 64, &mut odd, self.ends);
        }
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        look(lanes, &last, blocks.len() as u32 * 64, &mut odd, self.ends);
    }
}

/// Looks through one block; `odd` is 1 when the line that is open at its edge needs a closer look.
#[inline(always)]
fn look<L: Lanes>(lanes: L, block: &[u8; 64], base: u32, odd: &mut u32, ends: &mut Vec<End>) {
    let (unusual, wide) = lanes.unusual(block);
    let newlines = lanes.matching(block, b'\n');
    let strange = unusual & !newlines & !lanes.matching(block, b'\t') | wide | lanes.matching(block, b'"');
    let (mut rest, mut strange) = (newlines, strange);
    while rest != 0 {
        let at = rest.trailing_zeros();
        // The bits of this line, up to its newline.
        let line = rest ^ (rest - 1);
        *odd |= u32::from(strange & line != 0);
        ends.push(End((base + at) << 1 | *odd));
        *odd = 0;
        strange &= !line;
        rest &= rest - 1;
    }
    *odd |= u32::from(strange != 0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_instruction_set_finds_every_end(text in proptest::collection::vec(
            prop_oneof![12 => b'a'..b'f', 3 => Just(b'\n'), 1 => Just(b'\t'), 1 => any::<u8>()], 0..400)) {
            let mut want = Vec::new();
            for line in text.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n")) {
                let strange = |b: &u8| *b != b'\n' && *b != b'\t' && (!(0x20..0x7f).contains(b) || matches!(b, b'"' | b'\\'));
                want.push(line.iter().any(strange));
            }
            for isa in Isa::available() {
                let mut ends = Vec::new();
                find(isa, &text, &mut ends);
                let at: Vec<_> = ends.iter().map(|end| end.at()).collect();
                prop_assert_eq!(at, memchr::memchr_iter(b'\n', &text).collect::<Vec<_>>());
                // To be careful with a line that is plain does no harm.
                for (end, is_strange) in ends.iter().zip(&want) {
                    prop_assert!(!is_strange || !end.is_plain() || text.contains(&0x7f));
                }
            }
        }
    }
}

//! Values to bytes in the encodings of Parquet: bit packing, run lengths, deltas, shared prefixes.
//!
//! In: slices of plain integers or byte strings. Out: bytes appended to a buffer that the caller reuses. Knows nothing of
//! pages, files or rows. These encodings are the reason that most columns need no general compression at all: a count
//! that is zero in a whole block costs five bytes per 128 values.

/// Values in a block of [`delta_i64`], and in each of its four miniblocks.
const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// Appends an unsigned LEB128 integer.
pub(super) fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

const fn zigzag(v: i64) -> u64 {
    (v.wrapping_shl(1) ^ (v >> 63)) as u64
}

/// Bits needed for the values `0..=max`.
pub(super) const fn width_of(max: u64) -> u32 {
    64 - max.leading_zeros()
}

/// Appends `values`, each of at most `width` (1 to 32) bits, padded with zeros to a multiple of eight values.
fn pack_u32(out: &mut Vec<u8>, values: &[u32], width: u32) {
    debug_assert!((1..=32).contains(&width), "bit width {width}");
    debug_assert!(values.iter().all(|v| u64::from(*v) >> width == 0), "values of at most {width} bits");
    let (whole, rest) = values.as_chunks::<MINIBLOCK>();
    for block in whole {
        pack_miniblock(out, &block.map(u64::from), width);
    }
    if !rest.is_empty() {
        let mut block = [0; MINIBLOCK];
        block.iter_mut().zip(rest).for_each(|(to, v)| *to = u64::from(*v));
        let end = out.len() + rest.len().div_ceil(8) * width as usize;
        pack_miniblock(out, &block, width);
        out.truncate(end);
    }
}

/// Values in a group: runs and literals begin and end between groups.
const GROUP: usize = 8;

/// Appends `values` as runs of equal values and bit-packed stretches, each value of at most `width` bits.
pub(super) fn hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let value_bytes = width.div_ceil(8) as usize;
    // A run ends a stretch of literals, whose next header costs as much as two narrow groups.
    let groups_min = if width <= 2 { 4 } else { 1 };
    let (groups, _) = values.as_chunks::<GROUP>();
    let same = |group: &[u32; GROUP], v: u32| group.iter().fold(0, |all, w| all | (w ^ v)) == 0;
    let (mut at, mut literal) = (0, 0);
    while at < groups.len() {
        let v = groups[at][0];
        let run = groups[at..].iter().take_while(|group| same(group, v)).count();
        if run < groups_min {
            at += run.max(1);
            continue;
        }
        let start = at * GROUP;
        literals(out, &values[literal..start], width);
        at += run;
        let mut end = at * GROUP;
        if at == groups.len() {
            // The last run takes what is left over, if it goes on with it.
            end += if values[end..].iter().all(|w| *w == v) { values.len() - end } else { 0 };
        }
        varint(out, ((end - start) as u64) << 1);
        out.extend_from_slice(&v.to_le_bytes()[..value_bytes]);
        literal = end;
    }
    literals(out, &values[literal..], width);
}

/// The lowest bit of each byte: multiplying gathers them in the highest byte.
#[inline]
const fn lowest_bits(group: &[u8; GROUP]) -> u8 {
    (u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// Appends levels of a column that may be null, one of 0 and 1 a byte, as [`hybrid`] would with a width of 1.
pub(super) fn levels(out: &mut Vec<u8>, levels: &[u8]) {
    let (groups, rest) = levels.as_chunks::<GROUP>();
    let literals = |out: &mut Vec<u8>, groups: &[[u8; GROUP]]| {
        if !groups.is_empty() {
            varint(out, (groups.len() as u64) << 1 | 1);
            out.extend(groups.iter().map(lowest_bits));
        }
    };
    let (mut at, mut literal) = (0, 0);
    while at < groups.len() {
        let first = groups[at];
        let is_run = first == [0; GROUP] || first == [1; GROUP];
        let run = if is_run { groups[at..].iter().take_while(|group| **group == first).count() } else { 1 };
        if is_run && run >= 4 {
            literals(out, &groups[literal..at]);
            let more = if at + run == groups.len() && rest.iter().all(|l| *l == first[0]) { rest.len() } else { 0 };
            varint(out, ((run * GROUP + more) as u64) << 1);
            out.push(first[0]);
            literal = at + run;
            if more > 0 {
                return;
            }
        }
        at += run;
    }
    literals(out, &groups[literal..]);
    if !rest.is_empty() {
        let mut last = [0; GROUP];
        last[..rest.len()].copy_from_slice(rest);
        literals(out, &[last]);
    }
}

fn literals(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if values.is_empty() {
        return;
    }
    varint(out, (values.len().div_ceil(8) as u64) << 1 | 1);
    if width > 0 {
        pack_u32(out, values, width);
    }
}

/// Packs 32 values of `W` bits; every shift is known at compile time.
#[inline(always)]
fn pack_fixed<const W: usize>(out: &mut Vec<u8>, values: &[u64; MINIBLOCK]) {
    let mut words = [0_u64; MINIBLOCK];
    for (i, &v) in values.iter().enumerate() {
        let (word, shift) = (i * W / 64, i * W % 64);
        words[word] |= v << shift;
        if shift + W > 64 {
            words[word + 1] |= v >> (64 - shift);
        }
    }
    let bytes = words.map(u64::to_le_bytes);
    // 32 values of W bits are 4 W bytes.
    out.extend_from_slice(&bytes.as_flattened()[..4 * W]);
}

/// Appends one miniblock of 32 values of at most `width` bits each.
fn pack_miniblock(out: &mut Vec<u8>, values: &[u64; MINIBLOCK], width: u32) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                0 => {}
                $($w => pack_fixed::<$w>(out, values),)*
                _ => pack_fixed::<64>(out, values),
            }
        };
    }
    by_width!(
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    );
}

/// Appends `DELTA_BINARY_PACKED` data: the first value, then blocks of differences above the least difference.
///
/// `subtract` must wrap within the width of the column, so that a difference never needs more bits than a value.
#[inline]
fn delta<T: Copy + Into<i64>>(out: &mut Vec<u8>, values: &[T], subtract: impl Fn(T, T) -> i64, mask: u64) {
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINIBLOCK) as u64);
    varint(out, values.len() as u64);
    varint(out, zigzag(values.first().map_or(0, |v| (*v).into())));
    let mut deltas = [0_i64; BLOCK];
    for at in (0..values.len().saturating_sub(1)).step_by(BLOCK) {
        let n = (values.len() - 1 - at).min(BLOCK);
        let (before, after) = (&values[at..at + n], &values[at + 1..at + 1 + n]);
        for ((slot, &a), &b) in deltas[..n].iter_mut().zip(after).zip(before) {
            *slot = subtract(a, b);
        }
        let least = deltas[..n].iter().copied().fold(i64::MAX, i64::min);
        // What is beyond the last value is packed as zero.
        deltas[n..].fill(least);
        varint(out, zigzag(least));
        let mut above = [[0_u64; MINIBLOCK]; BLOCK / MINIBLOCK];
        let mut widths = [0; BLOCK / MINIBLOCK];
        for ((block, chunk), width) in above.iter_mut().zip(deltas.as_chunks::<MINIBLOCK>().0).zip(&mut widths) {
            let mut all = 0;
            for (slot, d) in block.iter_mut().zip(chunk) {
                *slot = d.wrapping_sub(least) as u64 & mask;
                all |= *slot;
            }
            *width = width_of(all);
        }
        out.extend(widths.map(|w| w as u8));
        for (block, width) in above.iter().zip(widths).take(n.div_ceil(MINIBLOCK)) {
            pack_miniblock(out, block, width);
        }
    }
}

/// Appends `n` times the same value as `DELTA_BINARY_PACKED`: no difference takes a bit.
pub(super) fn delta_constant(out: &mut Vec<u8>, value: i64, n: usize) {
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINIBLOCK) as u64);
    varint(out, n as u64);
    varint(out, zigzag(if n == 0 { 0 } else { value }));
    let blocks = n.saturating_sub(1).div_ceil(BLOCK);
    out.resize(out.len() + blocks * (1 + BLOCK / MINIBLOCK), 0);
}

/// Appends 64-bit values as `DELTA_BINARY_PACKED`.
pub(super) fn delta_i64(out: &mut Vec<u8>, values: &[i64]) {
    delta(out, values, i64::wrapping_sub, u64::MAX);
}

/// Appends 32-bit values as `DELTA_BINARY_PACKED`.
pub(super) fn delta_i32(out: &mut Vec<u8>, values: &[i32]) {
    delta(out, values, |a, b| i64::from(a.wrapping_sub(b)), u64::from(u32::MAX));
}

/// Length of the longest common prefix.
#[inline]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let n = a.len().min(b.len());
    let mut at = 0;
    for (x, y) in a[..n].as_chunks().0.iter().zip(b[..n].as_chunks().0) {
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + a[at..n].iter().zip(&b[at..n]).take_while(|(x, y)| x == y).count()
}

/// Appends byte strings as `DELTA_BYTE_ARRAY`: what each shares with the one before it, and its rest.
pub(super) fn delta_bytes<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a [u8]>, scratch: &mut PrefixScratch) {
    scratch.prefixes.clear();
    scratch.lengths.clear();
    scratch.suffixes.clear();
    let mut last: &[u8] = &[];
    for v in values {
        let shared = common_prefix(last, v);
        scratch.prefixes.push(shared as i32);
        scratch.lengths.push((v.len() - shared) as i32);
        scratch.suffixes.extend_from_slice(&v[shared..]);
        last = v;
    }
    delta_i32(out, &scratch.prefixes);
    delta_i32(out, &scratch.lengths);
    out.extend_from_slice(&scratch.suffixes);
}

/// Buffers of [`delta_bytes`], kept between calls.
#[derive(Debug, Default)]
pub(super) struct PrefixScratch {
    prefixes: Vec<i32>,
    lengths: Vec<i32>,
    suffixes: Vec<u8>,
}

/// Appends flags, one bit each; every byte of `values` is 0 or 1.
pub(super) fn flags(out: &mut Vec<u8>, values: &[u8]) {
    let (groups, rest) = values.as_chunks::<GROUP>();
    out.extend(groups.iter().map(lowest_bits));
    if !rest.is_empty() {
        let mut last = [0; GROUP];
        last[..rest.len()].copy_from_slice(rest);
        out.push(lowest_bits(&last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes what [`hybrid`] wrote.
    fn read_hybrid(bytes: &[u8], width: u32, n: usize) -> Vec<u32> {
        let (mut out, mut at) = (Vec::new(), 0);
        while out.len() < n {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                let b = bytes[at];
                at += 1;
                header |= u64::from(b & 0x7f) << shift;
                shift += 7;
                if b < 0x80 {
                    break;
                }
            }
            let count = (header >> 1) as usize;
            if header & 1 == 0 {
                let mut v = 0;
                for i in 0..width.div_ceil(8) {
                    v |= u32::from(bytes[at]) << (8 * i);
                    at += 1;
                }
                out.extend(std::iter::repeat_n(v, count));
            } else {
                for i in 0..count * 8 {
                    let mut v = 0;
                    for b in 0..width as usize {
                        let bit = i * width as usize + b;
                        v |= u32::from(bytes[at + bit / 8] >> (bit % 8) & 1) << b;
                    }
                    out.push(v);
                }
                at += count * width as usize;
            }
        }
        out.truncate(n);
        assert_eq!(at, bytes.len(), "everything was read");
        out
    }

    #[test]
    fn runs_and_literals_of_any_length_and_width_read_back() {
        let mut seed = 7_u64;
        for width in 1..=20 {
            for n in [0, 1, 7, 8, 9, 15, 16, 17, 100, 1000] {
                let mut values = Vec::new();
                while values.len() < n {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let v = (seed >> 33) as u32 & ((1 << width) - 1);
                    let run = if seed >> 62 == 0 { (seed >> 20) as usize % 40 } else { 1 };
                    values.extend(std::iter::repeat_n(v, run));
                }
                values.truncate(n);
                let mut out = Vec::new();
                hybrid(&mut out, &values, width);
                assert_eq!(read_hybrid(&out, width, n), values, "width {width}, {n} values");
                let bits: Vec<u8> = values.iter().map(|v| u8::from(v % 3 == 0)).collect();
                out.clear();
                levels(&mut out, &bits);
                let read: Vec<u8> = read_hybrid(&out, 1, n).iter().map(|v| *v as u8).collect();
                assert_eq!(read, bits, "{n} levels");
                out.clear();
                flags(&mut out, &bits);
                let read: Vec<u8> = (0..n).map(|i| out[i / 8] >> (i % 8) & 1).collect();
                assert_eq!(read, bits, "{n} flags");
            }
        }
    }

    #[test]
    fn a_constant_column_takes_almost_no_space() {
        let mut out = Vec::new();
        delta_i32(&mut out, &[0; 1280]);
        assert!(out.len() < 60, "{} bytes", out.len());
        for n in [0, 1, 2, 128, 129, 130, 1000] {
            for value in [0, -3, i32::MAX] {
                let (mut short, mut long) = (Vec::new(), Vec::new());
                delta_constant(&mut short, value.into(), n);
                delta_i32(&mut long, &vec![value; n]);
                assert_eq!(short, long, "{n} times {value}");
            }
        }
        out.clear();
        hybrid(&mut out, &[3; 100_000], 2);
        assert!(out.len() < 8, "{} bytes", out.len());
    }
}

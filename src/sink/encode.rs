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
    let groups = values.len().div_ceil(8);
    let size = groups * width as usize;
    out.reserve(size + 8);
    let end = out.len() + size;
    let (mut acc, mut bits) = (0_u64, 0_u32);
    for &v in values {
        debug_assert!(u64::from(v) >> width == 0, "{v} needs more than {width} bits");
        acc |= u64::from(v) << bits;
        bits += width;
        if bits >= 32 {
            out.extend_from_slice(&(acc as u32).to_le_bytes());
            acc >>= 32;
            bits -= 32;
        }
    }
    out.extend_from_slice(&acc.to_le_bytes());
    out.resize(end, 0);
}

/// Appends `values` as runs of equal values and bit-packed stretches, each value of at most `width` bits.
pub(super) fn hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let value_bytes = width.div_ceil(8) as usize;
    let (mut at, mut literal) = (0, 0);
    while at < values.len() {
        let v = values[at];
        let mut end = at + 1;
        while end < values.len() && values[end] == v {
            end += 1;
        }
        // A stretch of literals must be whole groups of eight, so it borrows from the run that follows.
        let borrowed = (at - literal).wrapping_neg() % 8;
        if end - at >= borrowed + 8 {
            literals(out, &values[literal..at + borrowed], width);
            varint(out, ((end - at - borrowed) as u64) << 1);
            out.extend_from_slice(&v.to_le_bytes()[..value_bytes]);
            literal = end;
        }
        at = end;
    }
    literals(out, &values[literal..], width);
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

/// Appends one miniblock of 32 values of at most `width` bits each.
fn pack_miniblock(out: &mut Vec<u8>, values: &[u64; MINIBLOCK], width: u32) {
    match width {
        0 => {}
        1..=32 => {
            let (mut acc, mut bits) = (0_u64, 0_u32);
            let mut bytes = [0_u8; MINIBLOCK * 4];
            let mut at = 0;
            for &v in values {
                acc |= v << bits;
                bits += width;
                if bits >= 32 {
                    bytes[at..at + 4].copy_from_slice(&(acc as u32).to_le_bytes());
                    at += 4;
                    acc >>= 32;
                    bits -= 32;
                }
            }
            debug_assert_eq!(bits, 0, "32 values of {width} bits fill whole words");
            out.extend_from_slice(&bytes[..at]);
        }
        _ => {
            let (mut acc, mut bits) = (0_u128, 0_u32);
            for &v in values {
                acc |= u128::from(v) << bits;
                bits += width;
                while bits >= 32 {
                    out.extend_from_slice(&(acc as u32).to_le_bytes());
                    acc >>= 32;
                    bits -= 32;
                }
            }
        }
    }
}

/// Appends `DELTA_BINARY_PACKED` data: the first value, then blocks of differences above the least difference.
///
/// `subtract` must wrap within the width of the column, so that a difference never needs more bits than a value.
fn delta(out: &mut Vec<u8>, len: usize, value: impl Fn(usize) -> i64, subtract: impl Fn(i64, i64) -> i64, mask: u64) {
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINIBLOCK) as u64);
    varint(out, len as u64);
    let first = if len == 0 { 0 } else { value(0) };
    varint(out, zigzag(first));
    let mut last = first;
    let mut at = 1;
    let mut deltas = [0_i64; BLOCK];
    while at < len {
        let n = (len - at).min(BLOCK);
        let mut least = i64::MAX;
        for (i, slot) in deltas[..n].iter_mut().enumerate() {
            let v = value(at + i);
            *slot = subtract(v, last);
            least = least.min(*slot);
            last = v;
        }
        at += n;
        varint(out, zigzag(least));
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
        for (m, chunk) in deltas[..n].chunks(MINIBLOCK).enumerate() {
            let mut above = [0_u64; MINIBLOCK];
            let mut all = 0;
            for (slot, &d) in above.iter_mut().zip(chunk) {
                *slot = (d.wrapping_sub(least)) as u64 & mask;
                all |= *slot;
            }
            let width = width_of(all);
            out[widths + m] = width as u8;
            pack_miniblock(out, &above, width);
        }
    }
}

/// Appends 64-bit values as `DELTA_BINARY_PACKED`.
pub(super) fn delta_i64(out: &mut Vec<u8>, values: &[i64]) {
    delta(out, values.len(), |i| values[i], i64::wrapping_sub, u64::MAX);
}

/// Appends 32-bit values as `DELTA_BINARY_PACKED`.
pub(super) fn delta_i32(out: &mut Vec<u8>, values: &[i32]) {
    let subtract = |a: i64, b: i64| i64::from((a as i32).wrapping_sub(b as i32));
    delta(out, values.len(), |i| i64::from(values[i]), subtract, u64::from(u32::MAX));
}

/// Length of the longest common prefix.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let n = a.len().min(b.len());
    let mut at = 0;
    while at + 8 <= n {
        let (x, y) = (&a[at..at + 8], &b[at..at + 8]);
        if x != y {
            break;
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

/// Appends flags, one bit each.
pub(super) fn flags(out: &mut Vec<u8>, values: impl Iterator<Item = bool>) {
    let (mut byte, mut bit) = (0_u8, 0);
    for v in values {
        byte |= u8::from(v) << bit;
        bit += 1;
        if bit == 8 {
            out.push(byte);
            (byte, bit) = (0, 0);
        }
    }
    if bit > 0 {
        out.push(byte);
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
            }
        }
    }

    #[test]
    fn a_constant_column_takes_almost_no_space() {
        let mut out = Vec::new();
        delta_i32(&mut out, &[0; 1280]);
        assert!(out.len() < 60, "{} bytes", out.len());
        out.clear();
        hybrid(&mut out, &[3; 100_000], 2);
        assert!(out.len() < 8, "{} bytes", out.len());
    }
}

//! Numbers to digits, appended to a buffer without the formatting machinery: ids and keys are written by the million.
//!
//! In: integers. Out: the same bytes that `{}` and `{:x}` would give. Refuses to know what the numbers mean.

/// The decimal digits of 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// The hexadecimal digits of every byte.
const BYTES: [[u8; 2]; 256] = {
    let digits = *b"0123456789abcdef";
    let mut bytes = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        bytes[n] = [digits[n >> 4], digits[n & 15]];
        n += 1;
    }
    bytes
};

/// Appends `v` in decimal digits.
#[inline]
pub fn decimal(out: &mut Vec<u8>, mut v: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    while v >= 100 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(v % 100) as usize]);
        v /= 100;
    }
    let last = PAIRS[v as usize];
    if v >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&last);
    } else {
        at -= 1;
        digits[at] = last[1];
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `v` in decimal digits, after a minus sign when it is negative.
#[inline]
pub fn signed(out: &mut Vec<u8>, v: i64) {
    if v < 0 {
        out.push(b'-');
    }
    decimal(out, v.unsigned_abs());
}

/// The 16 hexadecimal digits of `v`.
#[inline]
#[must_use]
pub fn hex(v: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (to, byte) in digits.as_chunks_mut().0.iter_mut().zip(v.to_be_bytes()) {
        *to = BYTES[byte as usize];
    }
    digits
}

/// The 36 characters of a UUID.
#[inline]
#[must_use]
pub fn uuid(v: u128) -> [u8; 36] {
    let (high, low) = (hex((v >> 64) as u64), hex(v as u64));
    let mut text = [b'-'; 36];
    text[..8].copy_from_slice(&high[..8]);
    text[9..13].copy_from_slice(&high[8..12]);
    text[14..18].copy_from_slice(&high[12..]);
    text[19..23].copy_from_slice(&low[..4]);
    text[24..].copy_from_slice(&low[4..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::Uuid;

    #[test]
    fn digits_are_those_of_the_formatter() {
        let numbers = (0..1000).chain((0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit])).chain([u64::MAX]);
        for v in numbers.chain((1..20).flat_map(|n| [10_u64.pow(n) - 1, 10_u64.pow(n)])) {
            let mut out = Vec::new();
            decimal(&mut out, v);
            assert_eq!(out, v.to_string().into_bytes());
            out.clear();
            signed(&mut out, v as i64);
            assert_eq!(out, (v as i64).to_string().into_bytes());
            assert_eq!(hex(v).as_slice(), format!("{v:016x}").as_bytes());
            let wide = u128::from(v) << 64 | u128::from(v.reverse_bits());
            assert_eq!(uuid(wide).as_slice(), Uuid(wide).to_string().as_bytes());
        }
    }
}

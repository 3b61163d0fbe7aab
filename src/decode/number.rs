//! Numbers from their text: decimal and hexadecimal, eight characters at a time.

/// The number behind the last `len` of sixteen characters, at least one, which are digits.
#[inline(always)]
pub(super) const fn last_digits(text: &[u8; 16], len: usize) -> u64 {
    // Characters before the number become zeros.
    let digits = u128::from_le_bytes(*text) & (u128::MAX << (128 - 8 * len)) & (u128::MAX / 0xff * 0x0f);
    value_of_eight(digits as u64) * 100_000_000 + value_of_eight((digits >> 64) as u64)
}

/// The decimal number that `text`, nothing but digits, stands for; `None` when empty, above `u64::MAX` or not digits.
#[inline(always)]
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    match text.len() {
        1..=8 => eight_digits(last_eight(text)),
        9..=16 => {
            let (high, low) = text.split_at(text.len() - 8);
            Some(eight_digits(last_eight(high))? * 100_000_000 + eight_digits(last_eight(low))?)
        }
        _ => long_decimal(text),
    }
}

#[cold]
fn long_decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |n, &b| {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 { None } else { n.checked_mul(10)?.checked_add(u64::from(digit)) }
    })
}

/// The last up to eight characters, filled up with zeros from the left.
#[inline(always)]
fn last_eight(text: &[u8]) -> u64 {
    if let Some(all) = text.first_chunk::<8>() {
        return u64::from_le_bytes(*all);
    }
    let len = text.len();
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let low = if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << (8 * (len - 4))
    } else {
        text.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b))
    };
    if len == 0 { ZEROS } else { low << (64 - 8 * len) | ZEROS >> (8 * len) }
}

/// The number behind eight digits, first digit in the lowest byte.
#[inline(always)]
fn eight_digits(text: u64) -> Option<u64> {
    let digits = text ^ 0x3030_3030_3030_3030;
    // A byte above nine carries into its high half when six is added, or has one already.
    if (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    Some(value_of_eight(digits))
}

/// The number of eight digits as bytes from 0 to 9, the first in the lowest byte.
#[inline(always)]
const fn value_of_eight(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// The number behind one to sixteen hexadecimal digits of either case.
#[inline(always)]
pub(super) fn hexadecimal(text: &[u8]) -> Option<u64> {
    if let Some((high, low)) = text.split_first_chunk::<8>()
        && let Ok(low) = <&[u8; 8]>::try_from(low)
    {
        let (high, low) = (eight_hex(u64::from_le_bytes(*high))?, eight_hex(u64::from_le_bytes(*low))?);
        return Some(u64::from(high) << 32 | u64::from(low));
    }
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    text.iter().try_fold(0_u64, |n, &b| Some(n << 4 | u64::from((b as char).to_digit(16)?)))
}

/// The number behind eight hexadecimal digits, first digit in the lowest byte.
#[inline(always)]
fn eight_hex(text: u64) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x80 * ONES;
    // Sets the high bit of every byte that is at least `least`; bytes are below 0x80, so nothing carries over.
    let at_least = |bytes: u64, least: u64| (bytes + (0x80 - least) * ONES) & HIGHS;
    if text & HIGHS != 0 {
        return None;
    }
    let digit = at_least(text, 0x30) & !at_least(text, 0x3a);
    let folded = text | (0x20 * ONES);
    let letter = at_least(folded, 0x61) & !at_least(folded, 0x67);
    if digit | letter != HIGHS {
        return None;
    }
    let nibbles = (text & (0x0f * ONES)) + 9 * (letter >> 7);
    let bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    Some(((pairs | pairs >> 16) as u32).swap_bytes())
}

/// The whole part of any JSON number that is not negative; `None` beyond `u64`.
pub(super) fn whole(text: &str) -> Option<u64> {
    if let Some(n) = decimal(text.as_bytes()) {
        return Some(n);
    }
    // A plain fraction is cut by its text, so that no digit of the whole part is lost to rounding.
    if let Some((whole, fraction)) = text.split_once('.')
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && let Some(n) = decimal(whole.as_bytes())
    {
        return Some(n);
    }
    let n: f64 = text.parse().ok()?;
    (0.0..9.0e18).contains(&n).then_some(n as u64)
}

/// The value of any JSON number without a fraction that is not negative.
pub(super) fn integer(text: &str) -> Option<u64> {
    decimal(text.as_bytes()).or_else(|| {
        let n: f64 = text.parse().ok()?;
        ((0.0..9.0e15).contains(&n) && n.fract() == 0.0).then_some(n as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_numbers_read_as_people_read_them() {
        assert_eq!(decimal(b"00000000000000000000000042"), Some(42));
        assert_eq!((decimal(b""), decimal(b"18446744073709551616"), decimal(b"1 2")), (None, None, None));
        assert_eq!(
            (whole("933455410.25"), whole("9.33455410e8"), whole("-1"), whole("-0")),
            (Some(933_455_410), Some(933_455_410), None, Some(0))
        );
        assert_eq!((integer("60.0"), integer("2.7"), integer("6e1")), (Some(60), None, Some(60)));
        assert_eq!((hexadecimal(b""), hexadecimal(b"00000000000000000"), hexadecimal(b"\x10")), (None, None, None));
        assert_eq!(hexadecimal(b"00650290AA1b3001"), Some(0x0065_0290_aa1b_3001));
    }

    proptest! {
        #[test]
        fn digits_read_as_the_standard_library_reads_them(text in "[0-9]{1,22}", junk in "[ -~]{1,18}", hex in "[0-9a-fA-F]{1,17}") {
            prop_assert_eq!(decimal(text.as_bytes()), text.parse().ok());
            let plain = junk.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(decimal(junk.as_bytes()), plain.then(|| junk.parse().unwrap()));
            let want = (hex.len() <= 16).then(|| u64::from_str_radix(&hex, 16).unwrap());
            prop_assert_eq!(hexadecimal(hex.as_bytes()), want);
            let valid = junk.len() <= 16 && junk.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert_eq!(hexadecimal(junk.as_bytes()).is_some(), valid);
        }
    }
}

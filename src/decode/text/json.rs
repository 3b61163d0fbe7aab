//! Pieces of JSON appended to a buffer, without allocating once it has grown.

/// Whether no byte must be escaped in a JSON string, and all are ASCII. Eight at a time: texts are short.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let middle = text.as_chunks::<8>().0.iter().fold(0, |odd, eight| odd | unusual(u64::from_le_bytes(*eight)));
        return middle | unusual(u64::from_le_bytes(*first)) | unusual(u64::from_le_bytes(*last)) == 0;
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let eight = u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
        return unusual(eight) == 0;
    }
    text.iter().all(|&b| (0x20..0x80).contains(&b) && b != b'"' && b != b'\\')
}

/// Not zero if any of eight bytes is a control character, a quote, a backslash or beyond ASCII.
#[inline(always)]
fn unusual(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Sets the high bit of bytes that are below `n` (for bytes of ASCII; others have theirs anyway).
    let below = |x: u64, n: u64| x.wrapping_sub(ONES * n) & !x;
    let quote = eight ^ (ONES * b'"' as u64);
    let backslash = eight ^ (ONES * b'\\' as u64);
    (eight | below(eight, 0x20) | below(quote, 1) | below(backslash, 1)) & (ONES * 0x80)
}

/// Where in `text` the first TAB stands.
#[inline(always)]
pub(super) fn tab(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (eights, rest) = text.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        let x = u64::from_le_bytes(*eight) ^ (ONES * b'\t' as u64);
        // The lowest bit set is right even where a borrow has set a higher one.
        let found = x.wrapping_sub(ONES) & !x & (ONES * 0x80);
        if found != 0 {
            return Some(i * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|b| *b == b'\t').map(|at| text.len() - rest.len() + at)
}

/// Appends `text` as the inside of a JSON string. What is not UTF-8 is taken for Latin-1.
#[inline(always)]
pub(super) fn inside(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        escaped(out, text);
    }
}

#[cold]
fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    let is_utf8 = std::str::from_utf8(text).is_ok();
    for &b in text {
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                let digit = |n: u8| b"0123456789abcdef"[usize::from(n & 15)];
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(b >> 4), digit(b)]);
            }
            0x80.. if !is_utf8 => out.extend_from_slice(&[0xc0 | b >> 6, 0x80 | b & 0x3f]),
            _ => out.push(b),
        }
    }
}

/// Appends a whole JSON string.
#[inline(always)]
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    inside(out, text);
    out.push(b'"');
}

/// Appends a number.
pub(super) fn number(out: &mut Vec<u8>, n: u64) {
    let (mut digits, mut at, mut rest) = ([0; 20], 20, n);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Whether `text` is a whole number as JSON writes it.
#[inline(always)]
pub(super) fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let zero_first = digits.len() > 1 && digits[0] == b'0';
    !digits.is_empty() && digits.len() <= 20 && !zero_first && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_becomes_text_that_json_allows() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        string(&mut out, &all);
        let read: String = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(read, all.iter().map(|&b| char::from(b)).collect::<String>());
        out.clear();
        string(&mut out, "ü\u{1f600}".as_bytes());
        assert_eq!(out, "\"ü\u{1f600}\"".as_bytes());
    }

    #[test]
    fn any_byte_anywhere_is_noticed() {
        for len in 1..40 {
            for at in 0..len {
                for b in 0..=255 {
                    let mut text = vec![b'x'; len];
                    text[at] = b;
                    let plain = (0x20..0x80).contains(&b) && b != b'"' && b != b'\\';
                    assert_eq!(
                        (is_plain(&text), tab(&text)),
                        (plain, (b == b'\t').then_some(at)),
                        "{b} at {at} of {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn numbers_are_written_and_known() {
        for n in [0, 9, 10, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, n);
            assert_eq!(out, n.to_string().as_bytes());
            assert!(is_number(&out));
        }
        assert!(is_number(b"-1") && !is_number(b"-") && !is_number(b"01") && !is_number(b"1a") && !is_number(b""));
    }
}

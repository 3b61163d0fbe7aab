//! Pieces of JSON appended to a buffer, without allocating once it has grown.

/// Whether any byte must be escaped in a JSON string, or lies beyond ASCII.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    // Without a branch per byte, so that it becomes vector code.
    text.iter().fold(true, |plain, &b| plain & (b >= 0x20) & (b != b'"') & (b != b'\\') & (b < 0x80))
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

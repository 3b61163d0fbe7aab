//! Every instruction set against the others and against the standard library.

use super::*;
use proptest::prelude::*;

struct All<'a>(&'a [u8; 192]);

impl Kernel for All<'_> {
    type Output = (u32, usize, usize, Option<u64>, bool, u64, (u64, u64), Option<String>);

    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let (head, block) = (self.0.first_chunk().unwrap(), self.0.first_chunk().unwrap());
        let text = Padded::new(self.0).prefix(lanes, 40).map(str::to_owned);
        (
            lanes.differing(head, self.0.last_chunk().unwrap()),
            lanes.digits(head),
            lanes.plain(head),
            lanes.hexadecimal(self.0.last_chunk().unwrap()),
            lanes.ascii(self.0.as_chunks().0),
            lanes.matching(block, b'\n'),
            lanes.unusual(block),
            text,
        )
    }
}

struct Numbers<'a>(&'a [u8; 16], usize);

impl Kernel for Numbers<'_> {
    type Output = (u64, Option<u64>);

    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        (lanes.decimal(self.0, self.1), lanes.hexadecimal(self.0))
    }
}

struct Prefix<'a>(&'a str, usize);

impl Kernel for Prefix<'_> {
    type Output = Option<String>;

    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        Padded::new(self.0.as_bytes()).prefix(lanes, self.1).map(str::to_owned)
    }
}

proptest! {
    #[test]
    fn every_instruction_set_sees_the_same(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\n'), b'0'..=b'9', Just(b'x')], 192)
    ) {
        let bytes: [u8; 192] = bytes.try_into().unwrap();
        let seen: Vec<_> = Isa::available().map(|isa| isa.run(All(&bytes))).collect();
        for other in &seen {
            prop_assert_eq!(other, &seen[0]);
        }
    }

    #[test]
    fn numbers_read_as_the_standard_library_reads_them(text in "[ -~]{0,15}[0-9]{1,16}", hex in "[0-9a-fA-F]{16}") {
        let len = text.bytes().rev().take_while(u8::is_ascii_digit).count().min(16);
        let mut padded = [b'8'; 32];
        padded[32 - text.len()..].copy_from_slice(text.as_bytes());
        for isa in Isa::available() {
            for len in 1..=len {
                let want: u64 = text[text.len() - len..].parse().unwrap();
                prop_assert_eq!(isa.run(Numbers(padded.last_chunk().unwrap(), len)).0, want, "{:?}", isa);
            }
            let text: &[u8; 16] = hex.as_bytes().try_into().unwrap();
            prop_assert_eq!(isa.run(Numbers(text, 1)).1, u64::from_str_radix(&hex, 16).ok());
        }
    }

    #[test]
    fn a_prefix_is_text_where_it_is_utf8(text in "[a-z]{0,70}[a-zü€]{0,40}", len in 0..110_usize) {
        let padded = text.clone() + &" ".repeat(WINDOW);
        for isa in Isa::available() {
            let want = padded.get(..len).map(str::to_owned);
            prop_assert_eq!(isa.run(Prefix(&padded, len)), want, "{:?}", isa);
        }
    }
}

#[test]
fn a_window_ends_with_the_text_at_the_latest() {
    let text = vec![7; WINDOW + 3];
    let windows: Vec<bool> = (0..8).map(|at| Padded::new(&text).window(at).is_some()).collect();
    assert_eq!(windows, [true, true, true, true, false, false, false, false]);
    assert!(Padded::new(&text).window(usize::MAX).is_none() && Padded::new(&text[..100]).window(0).is_none());
}

#[test]
fn a_part_of_a_text_begins_and_ends_between_characters() {
    let text = "aü€b";
    for (start, end) in (0..10).flat_map(|start| (0..10).map(move |end| (start, end))) {
        assert_eq!(part(text, start, end), text.get(start..end).unwrap_or(""), "{start} {end}");
    }
}

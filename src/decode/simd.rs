//! The vector instructions behind the scanner, chosen at run time; the only place of the decoder with `unsafe`.
//!
//! Code that wants vectors is a [`Kernel`], generic over [`Lanes`]; [`Isa::run`] compiles it once per instruction set
//! and enters the copy that this processor has. A value of [`Isa`] or [`Lanes`] exists only where its instructions do,
//! which is what makes the rest of the decoder safe code. This module refuses to know JSON beyond what a quote is.

#![expect(unsafe_code, reason = "vector intrinsics, and text that they have proven to be ASCII")]

/// A computation to be compiled for every instruction set.
pub(super) trait Kernel {
    /// What it results in.
    type Output;

    /// The computation; to be marked `#[inline(always)]`, like everything it calls that uses `lanes`.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// What the scanner asks of vectors. Bit `i` of a mask speaks of byte `i` of the block.
pub(super) trait Lanes: Copy {
    /// Which bytes of the two blocks are equal.
    fn equal(self, a: &[u8; 32], b: &[u8; 32]) -> u32;

    /// Which bytes are decimal digits.
    fn digits(self, block: &[u8; 32]) -> u32;

    /// Which bytes equal `byte`.
    fn matching(self, block: &[u8; 64], byte: u8) -> u64;

    /// Which bytes are control characters or backslashes, and which are not ASCII.
    fn unusual(self, block: &[u8; 64]) -> (u64, u64);

    /// Writes `base` plus the number of every set bit of `mask` to the front of `places`; what follows is overwritten.
    #[inline(always)]
    fn places(self, mask: u64, base: u16, places: &mut [u16; 64]) {
        // Eight at a time whether there are as many or not: lines differ, and a loop by count would be mispredicted.
        let (mut rest, count) = (mask, mask.count_ones());
        for (i, eight) in places.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            for place in eight {
                *place = base.wrapping_add(rest.trailing_zeros() as u16);
                rest &= rest.wrapping_sub(1);
            }
            if count <= 8 * (i as u32 + 1) {
                break;
            }
        }
    }
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Isa(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    Portable,
}

impl Isa {
    /// No vectors at all: what every processor has.
    pub(super) const PORTABLE: Self = Self(Level::Portable);

    /// Every instruction set that this processor has, best first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = {
            let bits = is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt");
            let avx2 = bits && is_x86_feature_detected!("avx2");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vbmi2");
            [avx512.then_some(Level::Avx512), avx2.then_some(Level::Avx2), Some(Level::Sse2)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [None; 0];
        vectors.into_iter().flatten().chain([Level::Portable]).map(Self)
    }

    /// The best instruction set that this processor has.
    pub(super) fn best() -> Self {
        Self::available().next().unwrap_or(Self::PORTABLE)
    }

    /// Runs the copy of `kernel` that is compiled for this instruction set.
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: `available` makes this value only where the processor has the features `avx512` is compiled with.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::avx512(kernel) },
            // SAFETY: as above, for `avx2`.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => x86::sse2(kernel),
            Level::Portable => kernel.run(Portable(())),
        }
    }
}

/// The places of the quotes on one line, relative to its begin.
#[derive(Clone, Debug)]
pub(super) struct Quotes {
    places: Box<[u16; QUOTES]>,
    count: usize,
}

/// Room for the quotes of one line: as many as are kept, and a block more.
const QUOTES: usize = 4096;

impl Quotes {
    pub(super) fn new() -> Self {
        Self { places: Box::new([0; QUOTES]), count: 0 }
    }

    /// Notes the quotes of the block `distance` bytes into the line; `None` when line or quotes are too many.
    #[inline(always)]
    fn note<L: Lanes>(&mut self, lanes: L, mask: u64, distance: usize) -> Option<()> {
        let base = u16::try_from(distance).ok().filter(|&base| base <= u16::MAX - 64)?;
        let places = self.places.get_mut(self.count..)?.first_chunk_mut()?;
        lanes.places(mask, base, places);
        self.count += mask.count_ones() as usize;
        Some(())
    }

    /// Ends the list: whoever asks for more quotes finds them at `end`.
    #[inline(always)]
    pub(super) fn close(&mut self, end: usize) {
        if let Some(places) = self.places.get_mut(self.count..).and_then(|places| places.first_chunk_mut::<4>()) {
            *places = [end as u16; 4];
        }
    }

    /// The quote numbered `i` and the three after it.
    #[inline(always)]
    pub(super) fn four(&self, i: usize) -> Option<[usize; 4]> {
        let [a, b, c, d] = *self.places.get(i..)?.first_chunk::<4>()?;
        Some([a.into(), b.into(), c.into(), d.into()])
    }
}

/// One line, found and looked over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept<'t> {
    /// Where its newline stands.
    pub(super) end: usize,
    /// Its text; `None` when it is not UTF-8.
    pub(super) line: Option<&'t str>,
    /// Whether it has neither a backslash nor a control character, so that every quote begins or ends a string.
    pub(super) plain: bool,
    /// Whether all its quotes are noted.
    pub(super) noted: bool,
}

/// Looks over the line that starts at `from` and notes its quotes. `None` when its newline is not followed by a block's
/// worth of bytes.
#[inline(always)]
pub(super) fn sweep<'t, L: Lanes>(lanes: L, text: &'t [u8], from: usize, quotes: &mut Quotes) -> Option<Swept<'t>> {
    let (mut at, mut wide, mut plain, mut noted) = (from, 0, true, true);
    quotes.count = 0;
    loop {
        let block = text.get(at..)?.first_chunk::<64>()?;
        let (unusual, beyond_ascii) = lanes.unusual(block);
        let quoted = lanes.matching(block, b'"');
        if unusual == 0 {
            wide |= beyond_ascii;
            noted = noted && quotes.note(lanes, quoted, at - from).is_some();
            at += 64;
            continue;
        }
        let newlines = lanes.matching(block, b'\n');
        // All bits below the first newline; all bits when there is none.
        let before = (newlines & newlines.wrapping_neg()).wrapping_sub(1);
        plain &= unusual & before == 0;
        wide |= beyond_ascii & before;
        noted = noted && quotes.note(lanes, quoted & before, at - from).is_some();
        if newlines == 0 {
            at += 64;
            continue;
        }
        let end = at + newlines.trailing_zeros() as usize;
        let bytes = text.get(from..end)?;
        let line = if wide == 0 {
            // SAFETY: `wide` has gathered the high bits of all bytes from `from` to `end`: they are ASCII.
            Some(unsafe { std::str::from_utf8_unchecked(bytes) })
        } else {
            std::str::from_utf8(bytes).ok()
        };
        return Some(Swept { end, line, plain, noted });
    }
}

/// The part of `text` from `start` to `end`; empty where it has no such part. Like `str::get`, which is not inlined.
#[inline(always)]
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    if start <= end && text.is_char_boundary(start) && text.is_char_boundary(end) {
        // SAFETY: both ends are boundaries between characters of `text`, in order.
        unsafe { text.get_unchecked(start..end) }
    } else {
        ""
    }
}

/// Blocks byte by byte, for processors whose vectors we do not know.
#[derive(Clone, Copy)]
pub(super) struct Portable(());

#[inline(always)]
fn mask_of(block: &[u8], is: impl Fn(u8) -> bool) -> u64 {
    block.iter().rev().fold(0, |mask, &b| mask << 1 | u64::from(is(b)))
}

impl Lanes for Portable {
    #[inline(always)]
    fn equal(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
        a.iter().zip(b).rev().fold(0, |mask, (a, b)| mask << 1 | u32::from(a == b))
    }

    #[inline(always)]
    fn digits(self, block: &[u8; 32]) -> u32 {
        mask_of(block, |b| b.is_ascii_digit()) as u32
    }

    #[inline(always)]
    fn matching(self, block: &[u8; 64], byte: u8) -> u64 {
        mask_of(block, |b| b == byte)
    }

    #[inline(always)]
    fn unusual(self, block: &[u8; 64]) -> (u64, u64) {
        (mask_of(block, |b| b < 0x20 || b == b'\\'), mask_of(block, |b| b >= 0x80))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, Lanes};
    use std::arch::x86_64::*;

    /// Compiles `kernel` for AVX-512.
    ///
    /// # Safety
    /// The processor must have the enabled features.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx512(()))
    }

    /// Compiles `kernel` for AVX2.
    ///
    /// # Safety
    /// The processor must have the enabled features.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx2(()))
    }

    /// Compiles `kernel` for SSE2, which every processor of this architecture has.
    pub(super) fn sse2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Sse2(()))
    }

    /// The numbers 0 to 63.
    static NUMBERS: [u8; 64] = {
        let (mut numbers, mut i) = ([0; 64], 0);
        while i < 64 {
            numbers[i] = i as u8;
            i += 1;
        }
        numbers
    };

    /// Exists only inside [`avx512`].
    #[derive(Clone, Copy)]
    pub(super) struct Avx512(());

    // SAFETY of every block below: a value of the type exists only inside the function above that is compiled with the
    // features, so the processor has them; loads are unaligned and stay inside the arrays they are given.
    impl Lanes for Avx512 {
        #[inline(always)]
        fn equal(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let (a, b) = (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()));
                _mm256_cmpeq_epi8_mask(a, b)
            }
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                _mm256_cmplt_epu8_mask(_mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8)), _mm256_set1_epi8(10))
            }
        }

        #[inline(always)]
        fn matching(self, block: &[u8; 64], byte: u8) -> u64 {
            // SAFETY: see above.
            unsafe { _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(block.as_ptr().cast()), _mm512_set1_epi8(byte as i8)) }
        }

        #[inline(always)]
        fn unusual(self, block: &[u8; 64]) -> (u64, u64) {
            // SAFETY: see above.
            unsafe {
                let bytes = _mm512_loadu_si512(block.as_ptr().cast());
                let control = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
                let escape = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8));
                (control | escape, _mm512_movepi8_mask(bytes))
            }
        }

        #[inline(always)]
        fn places(self, mask: u64, base: u16, places: &mut [u16; 64]) {
            // SAFETY: see above; the two stores fill the array's two halves.
            unsafe {
                let bytes = _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(NUMBERS.as_ptr().cast()));
                let base = _mm512_set1_epi16(base as i16);
                let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(bytes));
                _mm512_storeu_si512(places.as_mut_ptr().cast(), _mm512_add_epi16(low, base));
                if mask.count_ones() > 32 {
                    let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(bytes));
                    _mm512_storeu_si512(places[32..].as_mut_ptr().cast(), _mm512_add_epi16(high, base));
                }
            }
        }
    }

    /// Exists only inside [`avx2`].
    #[derive(Clone, Copy)]
    pub(super) struct Avx2(());

    /// The two halves of a block.
    #[inline(always)]
    fn halves(block: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
        let (low, high) = block.as_chunks::<32>().0.split_at(1);
        (&low[0], &high[0])
    }

    /// One mask of two.
    #[inline(always)]
    fn joined(low: u32, high: u32) -> u64 {
        u64::from(low) | u64::from(high) << 32
    }

    impl Avx2 {
        #[inline(always)]
        fn unusual_half(self, half: &[u8; 32]) -> (u32, u32) {
            // SAFETY: see above.
            unsafe {
                let bytes = _mm256_loadu_si256(half.as_ptr().cast());
                let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
                let escape = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'\\' as i8));
                let unusual = _mm256_movemask_epi8(_mm256_or_si256(control, escape)) as u32;
                (unusual, _mm256_movemask_epi8(bytes) as u32)
            }
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn equal(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let (a, b) = (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()));
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b)) as u32
            }
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                let value = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8));
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value)) as u32
            }
        }

        #[inline(always)]
        fn matching(self, block: &[u8; 64], byte: u8) -> u64 {
            let (low, high) = halves(block);
            joined(self.equal(low, &[byte; 32]), self.equal(high, &[byte; 32]))
        }

        #[inline(always)]
        fn unusual(self, block: &[u8; 64]) -> (u64, u64) {
            let (low, high) = halves(block);
            let (low, high) = (self.unusual_half(low), self.unusual_half(high));
            (joined(low.0, high.0), joined(low.1, high.1))
        }
    }

    /// Sixteen bytes at a time.
    #[derive(Clone, Copy)]
    pub(super) struct Sse2(());

    impl Sse2 {
        #[inline(always)]
        fn masks(self, block: &[u8], test: impl Fn(__m128i) -> __m128i) -> u64 {
            block.as_chunks::<16>().0.iter().rev().fold(0, |mask, chunk| {
                // SAFETY: SSE2 is part of the architecture; the load stays inside `chunk`.
                let bits = unsafe { _mm_movemask_epi8(test(_mm_loadu_si128(chunk.as_ptr().cast()))) };
                mask << 16 | u64::from(bits as u16)
            })
        }
    }

    impl Lanes for Sse2 {
        #[inline(always)]
        fn equal(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            let part = |i: usize| {
                // SAFETY: as above; `i` is 0 or 16.
                unsafe {
                    let (a, b) = (_mm_loadu_si128(a[i..].as_ptr().cast()), _mm_loadu_si128(b[i..].as_ptr().cast()));
                    _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) as u32
                }
            };
            part(0) | part(16) << 16
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> u32 {
            // SAFETY: as above.
            self.masks(block, |bytes| unsafe {
                let value = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0' as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value)
            }) as u32
        }

        #[inline(always)]
        fn matching(self, block: &[u8; 64], byte: u8) -> u64 {
            // SAFETY: as above.
            self.masks(block, |bytes| unsafe { _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8)) })
        }

        #[inline(always)]
        fn unusual(self, block: &[u8; 64]) -> (u64, u64) {
            // SAFETY: as above.
            let unusual = self.masks(block, |bytes| unsafe {
                let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
                _mm_or_si128(control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8)))
            });
            (unusual, self.masks(block, |bytes| bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct All<'a>(&'a [u8; 96]);

    impl Kernel for All<'_> {
        type Output = (u32, u32, u64, (u64, u64), Vec<u16>, Option<(usize, Option<String>, bool)>);

        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            let (head, block) = (self.0.first_chunk().unwrap(), self.0.first_chunk().unwrap());
            let mut quotes = Quotes::new();
            let swept = sweep(lanes, self.0, 3, &mut quotes).map(|s| (s.end, s.line.map(str::to_owned), s.plain));
            let quotes = quotes.places[..quotes.count].to_vec();
            let tail = self.0.last_chunk().unwrap();
            (
                lanes.equal(head, tail),
                lanes.digits(head),
                lanes.matching(block, b'\n'),
                lanes.unusual(block),
                quotes,
                swept,
            )
        }
    }

    proptest! {
        #[test]
        fn every_instruction_set_sees_the_same(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\n'), b'0'..=b'9', Just(b'x')], 96)
        ) {
            let bytes: [u8; 96] = bytes.try_into().unwrap();
            let seen: Vec<_> = Isa::available().map(|isa| isa.run(All(&bytes))).collect();
            for other in &seen {
                prop_assert_eq!(other, &seen[0]);
            }
        }
    }
}

//! The vector instructions behind the scanner, chosen at run time; the only place of the decoder with `unsafe`.
//!
//! Code that wants vectors is a [`Kernel`], generic over [`Lanes`]; [`Isa::run`] compiles it once per instruction set
//! and enters the copy that this processor has. A value of [`Isa`] or [`Lanes`] exists only where its instructions do,
//! which is what makes the rest of the decoder safe code. This module refuses to know JSON beyond what a quote is.

#![expect(unsafe_code, reason = "vector intrinsics, and text that they have proven to be ASCII")]

use super::number;

/// A computation to be compiled for every instruction set.
pub(super) trait Kernel {
    /// What it results in.
    type Output;

    /// The computation; to be marked `#[inline(always)]`, like everything it calls that uses `lanes`.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// What decoding asks of vectors. Bit `i` of a mask speaks of byte `i` of the block.
pub(super) trait Lanes: Copy {
    /// Runs a kernel as a function of its own: one that big ones contain and that needs the registers for itself.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// Which bytes of the two blocks differ.
    fn differing(self, a: &[u8; 32], b: &[u8; 32]) -> u32;

    /// How many decimal digits the block begins with.
    fn digits(self, block: &[u8; 32]) -> usize;

    /// How many bytes the block begins with that are no quote, no backslash and no control character.
    fn plain(self, block: &[u8; 32]) -> usize;

    /// The number behind the last `len` of sixteen characters, 1 to 16, which are decimal digits.
    #[inline(always)]
    fn decimal(self, text: &[u8; 16], len: usize) -> u64 {
        number::last_digits(text, len)
    }

    /// The number behind sixteen hexadecimal digits of either case.
    #[inline(always)]
    fn hexadecimal(self, text: &[u8; 16]) -> Option<u64> {
        number::hexadecimal(text)
    }

    /// Whether all bytes of the blocks are ASCII.
    fn ascii(self, blocks: &[[u8; 32]]) -> bool;

    /// Which bytes equal `byte`.
    fn matching(self, block: &[u8; 64], byte: u8) -> u64;

    /// Which bytes are control characters or backslashes, and which are not ASCII.
    fn unusual(self, block: &[u8; 64]) -> (u64, u64);
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
            // The last is not used: it tells processors that do not slow down for wide vectors from older ones.
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
            Level::Portable => portable(kernel),
        }
    }
}

/// Bytes of a [`Padded::window`].
pub(super) const WINDOW: usize = 128;

/// A text of which whole windows are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padded<'t> {
    text: &'t [u8],
    /// How many windows it has: one begins at each place below this.
    windows: usize,
}

impl<'t> Padded<'t> {
    #[inline(always)]
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, windows: (text.len() + 1).saturating_sub(WINDOW) }
    }

    /// The bytes from `at` on; `None` where fewer than a window's are left. Like slicing, with one comparison.
    #[inline(always)]
    pub(super) fn window(&self, at: usize) -> Option<&'t [u8; WINDOW]> {
        if at >= self.windows {
            return None;
        }
        // SAFETY: `at < windows` and `windows + WINDOW <= text.len() + 1`, so that a window's bytes follow `at`.
        Some(unsafe { &*self.text.as_ptr().add(at).cast::<[u8; WINDOW]>() })
    }

    /// The first `len` bytes as text; `None` when they are not UTF-8, or not followed by a window's worth of bytes.
    #[inline(always)]
    pub(super) fn prefix<L: Lanes>(&self, lanes: L, len: usize) -> Option<&'t str> {
        let bytes = self.text.get(..len)?;
        let blocks = self.text.as_chunks::<32>().0.get(..len.div_ceil(32))?;
        if lanes.ascii(blocks) {
            // SAFETY: the blocks cover all of `bytes`, and all bytes of the blocks are ASCII.
            return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
        }
        std::str::from_utf8(bytes).ok()
    }
}

/// The bytes of `window` from `skip` on, which is in its first half; at most half of them.
#[inline(always)]
pub(super) fn first<const N: usize>(window: &[u8; WINDOW], skip: usize) -> &[u8; N] {
    const { assert!(N <= WINDOW / 2) };
    window[skip % (WINDOW / 2)..].first_chunk().unwrap_or(&[0; N])
}

/// The part of `text` from `start` to `end`; empty where it has no such part. Like `str::get`, which is not inlined.
#[inline(always)]
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    let bytes = text.as_bytes();
    // Bytes from 0x80 to 0xbf are inside a character; the end of a text is no byte.
    let begins = |at: usize| at == bytes.len() || at < bytes.len() && bytes[at] as i8 >= -0x40;
    if start <= end && begins(end) && begins(start) {
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

/// Runs `kernel` without vectors.
#[inline(never)]
fn portable<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Portable(()))
}

impl Lanes for Portable {
    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        portable(kernel)
    }

    #[inline(always)]
    fn differing(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
        a.iter().zip(b).rev().fold(0, |mask, (a, b)| mask << 1 | u32::from(a != b))
    }

    #[inline(always)]
    fn digits(self, block: &[u8; 32]) -> usize {
        block.iter().position(|b| !b.is_ascii_digit()).unwrap_or(block.len())
    }

    #[inline(always)]
    fn plain(self, block: &[u8; 32]) -> usize {
        block.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(block.len())
    }

    #[inline(always)]
    fn ascii(self, blocks: &[[u8; 32]]) -> bool {
        blocks.as_flattened().is_ascii()
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
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx512(()))
    }

    /// Compiles `kernel` for AVX2.
    ///
    /// # Safety
    /// The processor must have the enabled features.
    #[inline(never)]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx2(()))
    }

    /// Compiles `kernel` for SSE2, which every processor of this architecture has.
    #[inline(never)]
    pub(super) fn sse2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Sse2(()))
    }

    /// Sixteen bytes without a bit and sixteen with all bits.
    static LAST: [u8; 32] = {
        let (mut last, mut i) = ([0; 32], 16);
        while i < 32 {
            last[i] = 0xff;
            i += 1;
        }
        last
    };

    /// The number behind the last `len` of sixteen characters, which are digits.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    unsafe fn decimal(text: &[u8; 16], len: usize) -> u64 {
        let last: &[u8; 16] = LAST[len % 17..].first_chunk().unwrap_or(&[0; 16]);
        // SAFETY: the caller has the instructions; the loads stay inside `text` and `last`.
        let both = unsafe {
            let digits = _mm_sub_epi8(_mm_loadu_si128(text.as_ptr().cast()), _mm_set1_epi8(b'0' as i8));
            let digits = _mm_and_si128(digits, _mm_loadu_si128(last.as_ptr().cast()));
            let pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
            let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x0001_0064));
            let eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x0001_2710));
            _mm_cvtsi128_si64(eights) as u64
        };
        (both & 0xffff_ffff) * 100_000_000 + (both >> 32)
    }

    /// The number behind sixteen hexadecimal digits.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    unsafe fn hexadecimal(text: &[u8; 16]) -> Option<u64> {
        // SAFETY: the caller has the instructions; the load stays inside `text`.
        unsafe {
            let bytes = _mm_loadu_si128(text.as_ptr().cast());
            let digit = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0' as i8));
            let is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
            let letter = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8(b'a' as i8));
            let is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
            if _mm_movemask_epi8(_mm_or_si128(is_digit, is_letter)) != 0xffff {
                return None;
            }
            let values = _mm_blendv_epi8(_mm_add_epi8(letter, _mm_set1_epi8(10)), digit, is_digit);
            // Two digits a word, then two words' bytes side by side, the first digits in the lowest byte.
            let pairs = _mm_maddubs_epi16(values, _mm_set1_epi16(0x0110));
            Some((_mm_cvtsi128_si64(_mm_packus_epi16(pairs, pairs)) as u64).swap_bytes())
        }
    }

    /// Exists only inside [`avx512`].
    #[derive(Clone, Copy)]
    pub(super) struct Avx512(());

    // SAFETY of every block below: a value of the type exists only inside the function above that is compiled with the
    // features, so the processor has them; loads are unaligned and stay inside the arrays they are given.
    impl Lanes for Avx512 {
        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) -> K::Output {
            // SAFETY: see above.
            unsafe { avx512(kernel) }
        }

        #[inline(always)]
        fn differing(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let (a, b) = (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()));
                _mm256_cmpneq_epi8_mask(a, b)
            }
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> usize {
            // SAFETY: see above.
            let others = unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                _mm256_cmpge_epu8_mask(_mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8)), _mm256_set1_epi8(10))
            };
            others.trailing_zeros() as usize
        }

        #[inline(always)]
        fn plain(self, block: &[u8; 32]) -> usize {
            // SAFETY: see above.
            let others = unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                _mm256_cmplt_epu8_mask(bytes, _mm256_set1_epi8(0x20))
                    | _mm256_cmpeq_epi8_mask(bytes, _mm256_set1_epi8(b'"' as i8))
                    | _mm256_cmpeq_epi8_mask(bytes, _mm256_set1_epi8(b'\\' as i8))
            };
            others.trailing_zeros() as usize
        }

        #[inline(always)]
        fn decimal(self, text: &[u8; 16], len: usize) -> u64 {
            // SAFETY: see above.
            unsafe { decimal(text, len) }
        }

        #[inline(always)]
        fn hexadecimal(self, text: &[u8; 16]) -> Option<u64> {
            // SAFETY: see above.
            unsafe { hexadecimal(text) }
        }

        #[inline(always)]
        fn ascii(self, blocks: &[[u8; 32]]) -> bool {
            // SAFETY: see above.
            unsafe {
                let all = blocks.iter().fold(_mm256_setzero_si256(), |all, block| {
                    _mm256_or_si256(all, _mm256_loadu_si256(block.as_ptr().cast()))
                });
                _mm256_movepi8_mask(all) == 0
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
        fn run<K: Kernel>(self, kernel: K) -> K::Output {
            // SAFETY: see above.
            unsafe { avx2(kernel) }
        }

        #[inline(always)]
        fn differing(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            // SAFETY: see above.
            unsafe {
                let (a, b) = (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()));
                !_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b)) as u32
            }
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> usize {
            // SAFETY: see above.
            let digits = unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                let value = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8));
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value))
            };
            digits.trailing_ones() as usize
        }

        #[inline(always)]
        fn plain(self, block: &[u8; 32]) -> usize {
            // SAFETY: see above.
            let others = unsafe {
                let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
                let quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'"' as i8));
                let escape = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'\\' as i8));
                _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(control, escape), quote))
            };
            others.trailing_zeros() as usize
        }

        #[inline(always)]
        fn decimal(self, text: &[u8; 16], len: usize) -> u64 {
            // SAFETY: see above.
            unsafe { decimal(text, len) }
        }

        #[inline(always)]
        fn hexadecimal(self, text: &[u8; 16]) -> Option<u64> {
            // SAFETY: see above.
            unsafe { hexadecimal(text) }
        }

        #[inline(always)]
        fn ascii(self, blocks: &[[u8; 32]]) -> bool {
            // SAFETY: see above.
            unsafe {
                let all = blocks.iter().fold(_mm256_setzero_si256(), |all, block| {
                    _mm256_or_si256(all, _mm256_loadu_si256(block.as_ptr().cast()))
                });
                _mm256_movemask_epi8(all) == 0
            }
        }

        #[inline(always)]
        fn matching(self, block: &[u8; 64], byte: u8) -> u64 {
            let (low, high) = halves(block);
            joined(!self.differing(low, &[byte; 32]), !self.differing(high, &[byte; 32]))
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
        fn run<K: Kernel>(self, kernel: K) -> K::Output {
            sse2(kernel)
        }

        #[inline(always)]
        fn differing(self, a: &[u8; 32], b: &[u8; 32]) -> u32 {
            let part = |i: usize| {
                // SAFETY: as above; `i` is 0 or 16.
                unsafe {
                    let (a, b) = (_mm_loadu_si128(a[i..].as_ptr().cast()), _mm_loadu_si128(b[i..].as_ptr().cast()));
                    _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) as u32
                }
            };
            !(part(0) | part(16) << 16)
        }

        #[inline(always)]
        fn digits(self, block: &[u8; 32]) -> usize {
            // SAFETY: as above.
            let digits = self.masks(block, |bytes| unsafe {
                let value = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0' as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value)
            });
            (digits as u32).trailing_ones() as usize
        }

        #[inline(always)]
        fn plain(self, block: &[u8; 32]) -> usize {
            // SAFETY: as above.
            let others = self.masks(block, |bytes| unsafe {
                let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
                let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
                _mm_or_si128(_mm_or_si128(control, quote), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8)))
            });
            (others as u32).trailing_zeros() as usize
        }

        #[inline(always)]
        fn ascii(self, blocks: &[[u8; 32]]) -> bool {
            blocks.iter().fold(0, |all, block| all | self.masks(block, |bytes| bytes)) == 0
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
mod tests;

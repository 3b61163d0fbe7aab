//! Pseudo-random numbers: one seed in, the same stream for ever.
//!
//! The generator is xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
//! filled by SplitMix64 from one 64-bit seed as its authors advise. It is fast and well distributed, and worthless for
//! secrets. Integers are identical everywhere; draws that take logarithms may differ in the last bit between platforms.

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

/// SplitMix64: the next output for a counter that the caller keeps.
pub(super) fn split_mix(counter: &mut u64) -> u64 {
    *counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *counter;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        Self { state: std::array::from_fn(|_| split_mix(&mut counter)) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `[0, 1)`, on a grid of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// True with probability `p`; a `p` of 0 or 1 is exact.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias is below `n / 2⁶⁴`.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u32
    }

    /// Uniform in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let width = (high - low) as u64 as u128 + 1;
        low + ((u128::from(self.bits()) * width) >> 64) as i64
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }

    /// Standard normal, by the Box-Muller transform.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeding_and_the_stream_match_the_published_reference_values() {
        // SplitMix64 from seed 0, as published with the algorithm.
        let mut counter = 0;
        assert_eq!(split_mix(&mut counter), 0xe220_a839_7b1d_cdaf);
        assert_eq!(split_mix(&mut counter), 0x6e78_9e6a_a1b9_65f4);
        // xoshiro256** from the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        assert_eq!(
            [random.bits(), random.bits(), random.bits(), random.bits()],
            [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]
        );
    }

    #[test]
    fn draws_have_the_moments_they_promise() {
        let mut random = Random::new(7);
        let n = 200_000;
        let mean = |sum: f64| sum / f64::from(n);
        assert!((mean((0..n).map(|_| random.unit()).sum()) - 0.5).abs() < 0.005);
        assert!((mean((0..n).map(|_| random.exponential(3.0)).sum()) - 3.0).abs() < 0.04);
        let normals: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        assert!(mean(normals.iter().sum()).abs() < 0.01);
        assert!((mean(normals.iter().map(|x| x * x).sum()) - 1.0).abs() < 0.02);
        assert!((0..n).all(|_| (3..=5).contains(&random.between(3, 5)) && random.below(7) < 7));
        assert_eq!((random.between(9, 2), random.below(0)), (9, 0));
    }
}

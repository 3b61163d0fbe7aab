//! Distribution of waits: the buckets of an HDR histogram over 1 ms to 24 h at two significant digits.
//!
//! Two forms of the same buckets: a dense one (hdrhistogram) for live percentiles of a queue's day, and a sparse sorted
//! list for the cohorts of history, of which there are many with few values each.

use hdrhistogram::Histogram;

/// Longest wait told apart: 24 hours.
pub const WAIT_MS_MAX: i64 = 86_400_000;

/// Buckets in an octave.
pub const SUB_BUCKETS: i64 = 256;

/// The highest wait equivalent to `wait_ms`: the upper edge of its bucket. 256 buckets an octave, under 1 % wide.
#[must_use]
pub const fn bucket_upper_ms(wait_ms: i64) -> i64 {
    let value = if wait_ms > WAIT_MS_MAX {
        WAIT_MS_MAX
    } else if wait_ms < 0 {
        0
    } else {
        wait_ms
    } as u64;
    let bits = 64 - (value | 255).leading_zeros();
    let shift = bits - 8;
    ((((value >> shift) + 1) << shift) - 1) as i64
}

/// Sorted non-empty buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparseWaits {
    buckets: Vec<(u32, u32)>,
}

impl SparseWaits {
    /// Counts one wait.
    pub fn record(&mut self, wait_ms: i64) {
        let upper = bucket_upper_ms(wait_ms) as u32;
        match self.buckets.binary_search_by_key(&upper, |b| b.0) {
            Ok(i) => self.buckets[i].1 += 1,
            Err(i) => self.buckets.insert(i, (upper, 1)),
        }
    }

    /// Counts what a live one has.
    pub fn add(&mut self, live: &LiveWaits) {
        let Some(histogram) = &live.histogram else { return };
        let before = std::mem::take(&mut self.buckets);
        self.buckets.reserve_exact(before.len());
        let mut before = before.into_iter().peekable();
        for bucket in histogram.iter_recorded() {
            let (upper, n) = (bucket_upper_ms(bucket.value_iterated_to() as i64) as u32, bucket.count_at_value());
            while let Some(less) = before.next_if(|b| b.0 < upper) {
                self.buckets.push(less);
            }
            let n = n.saturating_add(before.next_if(|b| b.0 == upper).map_or(0, |b| b.1));
            self.buckets.push((upper, n));
        }
        self.buckets.extend(before);
    }

    /// Upper edges and counts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.buckets.iter().map(|(upper, n)| (i64::from(*upper), *n))
    }

    /// Empties the list, keeping its memory.
    pub fn clear(&mut self) {
        self.buckets.clear();
    }
}

/// Waits of one queue for live percentiles; made when the first wait is recorded.
#[derive(Clone, Debug, Default)]
pub struct LiveWaits {
    histogram: Option<Box<Histogram<u32>>>,
}

/// Longest wait that a histogram has buckets for at once: two minutes take half of what a day does.
const WAIT_MS_USUAL: u64 = (1 << 17) - 1;

/// A histogram for waits up to `longest`.
fn empty(longest: u64) -> Box<Histogram<u32>> {
    Box::new(Histogram::new_with_bounds(1, longest, 2).expect("at least a second and at most a day"))
}

/// A wait as a histogram takes it.
const fn clamped(wait_ms: i64) -> u64 {
    if wait_ms < 0 {
        0
    } else if wait_ms > WAIT_MS_MAX {
        WAIT_MS_MAX as u64
    } else {
        wait_ms as u64
    }
}

impl LiveWaits {
    /// Counts one wait.
    pub fn record(&mut self, wait_ms: i64) {
        self.add_n(wait_ms, 1);
    }

    fn add_n(&mut self, wait_ms: i64, n: u32) {
        let wait = clamped(wait_ms);
        let histogram = self.histogram.get_or_insert_with(|| empty(WAIT_MS_USUAL));
        if histogram.high() < wait {
            let longest = (wait + 1).next_power_of_two() - 1;
            let mut longer = empty(longest.min(WAIT_MS_MAX as u64));
            longer.add(&**histogram).expect("what fits the shorter one fits the longer");
            *histogram = longer;
        }
        histogram.saturating_record_n(wait, n);
    }

    /// The wait at a quantile between 0 and 1, in ms; `None` without any wait.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<i64> {
        let histogram = self.histogram.as_ref().filter(|h| !h.is_empty())?;
        Some(histogram.value_at_quantile(quantile) as i64)
    }

    /// Adds what a sparse one counted.
    pub fn add(&mut self, other: &SparseWaits) {
        for &(upper, n) in &other.buckets {
            self.add_n(i64::from(upper), n);
        }
    }

    /// Starts anew, keeping the memory.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.histogram {
            histogram.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_an_hdr_histogram_with_two_digits() {
        assert_eq!([0, 255, 256, 257, 511, 512].map(bucket_upper_ms), [0, 255, 257, 257, 511, 515]);
        assert_eq!(bucket_upper_ms(i64::MAX), bucket_upper_ms(WAIT_MS_MAX));
        let hdr = Histogram::<u32>::new_with_bounds(1, WAIT_MS_MAX as u64, 2).expect("constant bounds");
        let mut value = 1;
        while value < WAIT_MS_MAX {
            assert_eq!(bucket_upper_ms(value), hdr.highest_equivalent(value as u64) as i64, "{value}");
            value += value / 97 + 1;
        }
    }

    #[test]
    fn waits_kept_sparsely_have_the_quantiles_they_had() {
        let (mut all, mut day, mut past) = (LiveWaits::default(), LiveWaits::default(), SparseWaits::default());
        let mut wide = Histogram::<u32>::new_with_bounds(1, WAIT_MS_MAX as u64, 2).expect("constant bounds");
        for i in 1..3000_i64 {
            let wait_ms = i * i * 37 % 4_000_000;
            all.record(wait_ms);
            wide.record(wait_ms as u64).expect("in its bounds");
            day.record(wait_ms);
            if i % 700 == 0 {
                past.add(&day);
                day.clear();
            }
        }
        day.add(&past);
        for quantile in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
            assert_eq!(day.quantile_ms(quantile), all.quantile_ms(quantile), "{quantile}");
            assert_eq!(all.quantile_ms(quantile), Some(wide.value_at_quantile(quantile) as i64), "{quantile}");
        }
        assert!(past.iter().is_sorted());
        all.record(i64::MAX);
        assert!(all.quantile_ms(1.0).is_some_and(|longest| longest >= WAIT_MS_MAX));
    }

    #[test]
    fn quantiles_of_one_wait_are_that_wait_within_one_percent() {
        let mut waits = LiveWaits::default();
        assert_eq!(waits.quantile_ms(0.5), None);
        waits.record(10_000);
        let p50 = waits.quantile_ms(0.5).expect("one wait");
        assert!((10_000..10_100).contains(&p50), "{p50}");
    }
}

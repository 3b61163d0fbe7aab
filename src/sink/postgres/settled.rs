//! How far the holder of the lock has come for sure: watermarks that whoever stands by may rely on.
//!
//! The holder commits without waiting for the server's disk, so what is read may vanish with the server. What was seen a while ago, over a connection
//! that still stands, is on its disk: the server has not died since, and writes within three times its `wal_writer_delay`. No two clocks are compared.
//! In: readings, oldest first, of one connection. Out: the last one that is old enough. Refuses to ask for them.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// How long a watermark must have been visible at least.
const SETTLES_IN: Duration = Duration::from_secs(5);

/// Times `wal_writer_delay` after which a commit is on disk: three are promised.
const DELAYS: u32 = 4;

/// Watermarks in microseconds by tenant and switch.
pub(super) type Reading = HashMap<(String, String), i64>;

/// What was read over one connection.
#[derive(Debug, Default)]
pub(super) struct Settled {
    reached: Reading,
    /// What is not old enough yet, and when it was read.
    fresh: Option<(Instant, Reading)>,
}

impl Settled {
    /// Takes a reading that came `now` from a server with this `wal_writer_delay`.
    pub(super) fn read(&mut self, now: Instant, delay: Duration, reading: Reading) {
        let enough = SETTLES_IN.max(delay * DELAYS);
        if let Some((_, settled)) = self.fresh.take_if(|(since, _)| now.duration_since(*since) >= enough) {
            self.reached = settled;
        }
        // One at a time: a holder who is never silent is followed, too, twice as far behind at most.
        self.fresh.get_or_insert((now, reading));
    }

    /// How far a switch has come for sure.
    pub(super) fn reached(&self, tenant: &str, site: &str) -> Option<i64> {
        self.reached.get(&(tenant.to_owned(), site.to_owned())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(watermark: i64) -> Reading {
        HashMap::from([(("t".to_owned(), "east".to_owned()), watermark)])
    }

    #[test]
    fn a_watermark_counts_when_it_has_been_visible_for_a_while() {
        let (mut settled, begin) = (Settled::default(), Instant::now());
        let short = Duration::from_millis(200);
        let mut seen = |millis: u64, watermark: i64| {
            settled.read(begin + Duration::from_millis(millis), short, at(watermark));
            settled.reached("t", "east")
        };
        assert_eq!([seen(0, 1), seen(500, 2), seen(4_999, 3)], [None; 3]);
        // The holder goes on all the time.
        assert_eq!([seen(5_000, 4), seen(9_999, 5), seen(10_000, 6)], [Some(1), Some(1), Some(4)]);
        assert_eq!([seen(14_999, 7), seen(15_500, 8)], [Some(4), Some(6)]);
        assert_eq!(settled.reached("t", "west"), None);
    }

    #[test]
    fn a_server_that_writes_seldom_is_given_longer() {
        let (mut settled, begin) = (Settled::default(), Instant::now());
        let mut seen = |secs: u64| {
            settled.read(begin + Duration::from_secs(secs), Duration::from_secs(10), at(1));
            settled.reached("t", "east")
        };
        assert_eq!([seen(0), seen(39), seen(40)], [None, None, Some(1)]);
    }
}

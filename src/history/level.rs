//! How many stays of a queue were alive at once, and how old the oldest was: a sweep over begins and ends.
//!
//! Whether a call that left its queue is still alive (it rings at a target) is known only later, so levels are not kept
//! live: begins and ends are listed with their position among all inputs and swept when the interval's rows leave.

use crate::model::room::make_room;
use crate::model::time::Micros;

/// A stay began or ended. There is one for every call of the last hour, twice: two words and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Twice the position among all inputs, and one more for a begin: at one position an end comes before a begin, since the input that ends one
    /// stay and begins the next has no overlap.
    place: u64,
    /// Entry of the stay.
    entered_at: Micros,
}

impl Mark {
    /// A stay began at this position among all inputs.
    #[must_use]
    pub const fn begin(order: u64, entered_at: Micros) -> Self {
        Self { place: order << 1 | 1, entered_at }
    }

    /// It ended.
    #[must_use]
    pub const fn end(order: u64, entered_at: Micros) -> Self {
        Self { place: order << 1, entered_at }
    }

    const fn ends(self) -> bool {
        self.place & 1 == 0
    }
}

/// The stays of one queue that are alive at the edge up to which everything was swept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alive {
    /// Their entries, ascending.
    entered: Vec<Micros>,
}

/// Levels of a queue over an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Alive just before the interval.
    pub start: i32,
    /// Alive just before its end.
    pub end: i32,
    /// Most alive at once, the start included.
    pub max: i32,
    /// Entry of the oldest alive at the end.
    pub oldest: Option<Micros>,
    /// Ends without a begin: always zero, or the fold is wrong.
    pub violations: u32,
}

/// Begins and ends of the stays of one queue in one interval.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    list: Vec<Mark>,
    /// Those that were swept and are hardly ever asked for again.
    packed: Packed,
    /// What sweeping them gave last.
    swept: Option<Box<Swept>>,
}

/// What sweeping gave: the same again, as long as nothing was added and the same stays were alive before.
#[derive(Clone, Debug)]
struct Swept {
    before: Alive,
    marks: usize,
    levels: Levels,
    after: Alive,
}

impl Marks {
    /// None yet, in this memory.
    #[must_use]
    pub fn new(mut list: Vec<Mark>) -> Self {
        list.clear();
        Self { list, ..Self::default() }
    }

    /// Adds one.
    pub fn push(&mut self, mark: Mark) {
        make_room(&mut self.list, 1);
        self.list.push(mark);
    }

    /// The memory of the list.
    #[must_use]
    pub fn into_list(self) -> Vec<Mark> {
        self.list
    }

    /// Sweeps them: `alive` moves on from the interval's begin to its end. With `again` the result is kept for the next time.
    pub fn sweep(&mut self, alive: &mut Alive, again: bool) -> Levels {
        let marks = self.packed.len + self.list.len();
        if let Some(swept) = &self.swept
            && swept.marks == marks
            && swept.before == *alive
        {
            alive.entered.clone_from(&swept.after.entered);
            return swept.levels;
        }
        self.packed.unpack(&mut self.list);
        if !again {
            return alive.sweep(&mut self.list);
        }
        let before = alive.clone();
        let levels = alive.sweep(&mut self.list);
        self.swept = Some(Box::new(Swept { before, marks, levels, after: alive.clone() }));
        levels
    }
}

impl Marks {
    /// Packs what was swept; returns the memory of the list, if it had any.
    pub fn pack(&mut self) -> Option<Vec<Mark>> {
        if self.swept.is_none() || self.list.is_empty() {
            return None;
        }
        // Few came since the last time, or all of them are new.
        self.packed.unpack(&mut self.list);
        self.list.sort_by_key(|m| m.place);
        self.packed = Packed::new(&self.list);
        Some(std::mem::take(&mut self.list))
    }
}

/// Marks in the order of their places, each as the differences to the one before: seven bytes instead of sixteen.
#[derive(Clone, Debug, Default)]
struct Packed {
    bytes: Box<[u8]>,
    len: usize,
}

impl Packed {
    fn new(marks: &[Mark]) -> Self {
        let mut bytes = Vec::with_capacity(8 * marks.len());
        let (mut place, mut entered) = (0_u64, 0_i64);
        for mark in marks {
            put(&mut bytes, mark.place.wrapping_sub(place));
            // Differences of either sign, small ones as small numbers.
            let step = mark.entered_at.0.wrapping_sub(entered);
            put(&mut bytes, (step << 1 ^ step >> 63) as u64);
            (place, entered) = (mark.place, mark.entered_at.0);
        }
        Self { bytes: bytes.into_boxed_slice(), len: marks.len() }
    }

    /// Adds all of them to a list, and is empty then.
    fn unpack(&mut self, list: &mut Vec<Mark>) {
        let Self { bytes, len } = std::mem::take(self);
        make_room(list, len);
        let mut rest = &bytes[..];
        let (mut place, mut entered) = (0_u64, 0_i64);
        for _ in 0..len {
            place = place.wrapping_add(take(&mut rest));
            let step = take(&mut rest);
            entered = entered.wrapping_add((step >> 1) as i64 ^ -((step & 1) as i64));
            list.push(Mark { place, entered_at: Micros(entered) });
        }
    }
}

/// Appends a number, seven bits a byte.
fn put(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

/// Takes a number from the front.
fn take(rest: &mut &[u8]) -> u64 {
    let (mut n, mut shift) = (0, 0);
    while let Some((byte, behind)) = rest.split_first() {
        *rest = behind;
        n |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
        shift += 7;
    }
    n
}

impl Alive {
    /// Sweeps one interval's begins and ends, which are put in order first.
    fn sweep(&mut self, marks: &mut [Mark]) -> Levels {
        marks.sort_by_key(|m| m.place);
        let mut levels = Levels { start: self.len(), max: self.len(), ..Levels::default() };
        // Stays of this interval alone may end before the sort puts their begin: both are applied as they come.
        for mark in marks.iter() {
            let found = self.entered.binary_search(&mark.entered_at);
            match (mark.ends(), found) {
                (false, Ok(i) | Err(i)) => self.entered.insert(i, mark.entered_at),
                (true, Ok(i)) => {
                    self.entered.remove(i);
                }
                (true, Err(_)) => levels.violations += 1,
            }
            levels.max = levels.max.max(self.len());
        }
        levels.end = self.len();
        levels.oldest = self.entered.first().copied();
        levels
    }

    /// Whether two lists of queues say the same; queues that are missing have nobody.
    #[must_use]
    pub fn same(a: &[Self], b: &[Self]) -> bool {
        let none = Self::default();
        (0..a.len().max(b.len())).all(|i| a.get(i).unwrap_or(&none).entered == b.get(i).unwrap_or(&none).entered)
    }

    fn len(&self) -> i32 {
        self.entered.len() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_swept_before_is_swept_again_when_something_was_added_or_others_were_alive() {
        let mut marks = Marks::default();
        let sweep = |marks: &mut Marks, alive: &mut Alive| marks.sweep(alive, true);
        marks.push(mark(1, 10, false));
        let (mut first, mut second) = (Alive::default(), Alive::default());
        assert_eq!(sweep(&mut marks, &mut first), sweep(&mut marks, &mut second));
        assert_eq!(first, second);
        marks.push(mark(2, 10, true));
        let mut alive = Alive::default();
        assert_eq!((sweep(&mut marks, &mut alive).end, alive), (0, Alive::default()));
        let mut alive = Alive { entered: vec![Micros(5)] };
        assert_eq!((sweep(&mut marks, &mut alive).max, alive.len()), (2, 1));
    }

    fn mark(order: u64, entered: i64, ends: bool) -> Mark {
        if ends { Mark::end(order, Micros(entered)) } else { Mark::begin(order, Micros(entered)) }
    }

    #[test]
    fn packed_marks_are_swept_as_they_were() {
        let mut random = crate::simulate::random::Random::new(7);
        let mut draw = |most: u32| i64::from(random.below(most));
        for _ in 0..200 {
            let (mut plain, mut packed) = (Marks::default(), Marks::default());
            for round in 0..3 {
                for i in 0..draw(40) {
                    let order = (draw(1 << 30) as u64) << draw(30);
                    let entered =
                        Micros([0, i64::MIN, i64::MAX, 1_700_000_000_000_000][draw(4) as usize] ^ draw(1 << 30));
                    let mark = if i % 2 == 0 { Mark::begin(order, entered) } else { Mark::end(order, entered) };
                    plain.push(mark);
                    packed.push(mark);
                }
                let (mut a, mut b) = (Alive::default(), Alive::default());
                assert_eq!(plain.sweep(&mut a, true), packed.sweep(&mut b, true), "round {round}");
                assert_eq!(a, b);
                let count = packed.list.len();
                assert_eq!(packed.pack().is_some(), count > 0);
                assert!(packed.list.is_empty());
            }
        }
    }

    #[test]
    fn a_stay_of_zero_length_touches_the_maximum() {
        let mut alive = Alive::default();
        let levels = alive.sweep(&mut [mark(1, 10, false), mark(2, 20, false), mark(3, 20, true)]);
        assert_eq!((levels.start, levels.max, levels.end, levels.oldest), (0, 2, 1, Some(Micros(10))));
        let levels = alive.sweep(&mut [mark(9, 10, true)]);
        assert_eq!((levels.start, levels.max, levels.end, levels.oldest), (1, 1, 0, None));
    }
}

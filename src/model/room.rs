//! How large tables make room: by a quarter at a time, and by a sixteenth once they are really large.
//!
//! A vector doubles, which is quick and leaves up to half of it empty. What has an entry for every agent, DN or counter of a
//! large centre is hundreds of megabytes, grows for a day and then never again; there the empty half is what costs. But whatever grows is
//! moved to fresh memory, which the system clears first, so that small steps are for those alone that they save something.

/// Entries that are made room for at least.
const LEAST: usize = 64;
/// Bytes from which on a table is large.
const LARGE: usize = 32 << 20;

/// Makes room for `more` entries, and some to spare.
#[inline]
pub fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        grow(list, more);
    }
}

#[cold]
fn grow<T>(list: &mut Vec<T>, more: usize) {
    list.reserve_exact(more.max(step::<T>(list.len())));
}

/// For how many entries more a table of `len` makes room.
#[must_use]
pub fn step<T>(len: usize) -> usize {
    let part = if len * size_of::<T>() < LARGE { 4 } else { 16 };
    (len / part).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills a list one by one; returns how often it moved.
    fn fill<T: Clone>(entry: &T, most: usize) -> usize {
        let (mut list, mut moves) = (Vec::new(), 0);
        for _ in 0..most {
            let before = list.capacity();
            make_room(&mut list, 1);
            moves += usize::from(list.capacity() != before);
            list.push(entry.clone());
            let spare = if list.len() * size_of::<T>() > LARGE * 5 / 4 { list.len() / 16 } else { list.len() / 4 };
            assert!(list.capacity() <= list.len() + spare + 2 * LEAST, "{} for {}", list.capacity(), list.len());
        }
        moves
    }

    #[test]
    fn a_list_that_grows_one_by_one_moves_seldom_and_is_never_much_larger_than_needed() {
        let moves = fill(&0_u64, 100_000);
        assert!(moves < 40, "moved {moves} times");
        let moves = fill(&[0_u8; 1024], 64 * 1024);
        assert!(moves < 50, "moved {moves} times");
    }
}

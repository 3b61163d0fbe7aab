//! How large tables make room: by a sixteenth at a time.
//!
//! A vector doubles, which is quick and leaves up to half of it empty. What has an entry for every agent, DN or counter of a
//! large centre is hundreds of megabytes, grows for a day and then never again; there the empty half is what costs.

/// Entries that are made room for at least.
const LEAST: usize = 64;

/// Makes room for `more` entries, and some to spare.
#[inline]
pub fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        grow(list, more);
    }
}

#[cold]
fn grow<T>(list: &mut Vec<T>, more: usize) {
    list.reserve_exact(more.max(LEAST).max(list.len() / 16));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_grows_one_by_one_moves_seldom_and_is_never_much_larger_than_needed() {
        let (mut list, mut moves) = (Vec::new(), 0);
        for i in 0..100_000_u64 {
            let before = list.capacity();
            make_room(&mut list, 1);
            moves += usize::from(list.capacity() != before);
            list.push(i);
            assert!(list.capacity() <= (list.len() * 17 / 16 + 2 * LEAST), "{} for {}", list.capacity(), list.len());
        }
        assert!(moves < 150, "moved {moves} times");
    }
}

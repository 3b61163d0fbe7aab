//! Asks for memory that will be needed soon.
//!
//! An event touches some fifty cache lines, and in a large centre none of them is near. Each would be waited for when its turn comes; asked
//! for ahead of several events they come together. Asking reads nothing, changes nothing and cannot fail; on a processor for which we
//! know no such instruction it does nothing. This module refuses to know what is needed.

#![expect(unsafe_code, reason = "the instruction takes an address; any will do")]

/// Bytes that come together.
const LINE: usize = 64;

/// Asks for all of an object.
#[inline(always)]
pub fn fetch<T>(object: &T) {
    fetch_front(object, size_of::<T>());
}

/// Asks for the first `bytes` of an object.
#[inline(always)]
pub fn fetch_front<T>(object: &T, bytes: usize) {
    let address = std::ptr::from_ref(object).cast::<u8>();
    for at in (0..bytes).step_by(LINE) {
        ask(address.wrapping_add(at));
    }
    // It need not begin where a line does.
    if bytes % LINE != 1 {
        ask(address.wrapping_add(bytes.saturating_sub(1)));
    }
}

/// Asks for an entry of a list, if it has it.
#[inline(always)]
pub fn fetch_at<T>(list: &[T], at: usize) {
    if let Some(entry) = list.get(at) {
        fetch(entry);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: asking for an address reads nothing and cannot fault, whatever the address is; every x86-64 has the instruction.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn ask(_: *const u8) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_changes_nothing_whatever_the_size() {
        let list: Vec<[u8; 200]> = (0..9).map(|i| [i; 200]).collect();
        (0..12).for_each(|at| fetch_at(&list, at));
        fetch(&());
        fetch(&7_u8);
        fetch_front(&list[8], 4096);
        assert!(list.iter().enumerate().all(|(i, entry)| entry.iter().all(|byte| usize::from(*byte) == i)));
    }
}

//! Objects in reused slots, each with a serial number so that a timer can tell whether its object is still the same.

use crate::model::room::make_room;

/// Position of an object in its slab.
pub type Ix = u32;

/// No object.
pub const NIL: Ix = u32::MAX;

/// A vector of objects whose free slots are reused.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    slots: Vec<T>,
    serials: Vec<u32>,
    free: Vec<Ix>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), serials: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Stores an object and returns its slot.
    pub fn insert(&mut self, value: T) -> Ix {
        if let Some(ix) = self.free.pop() {
            self.slots[ix as usize] = value;
            return ix;
        }
        make_room(&mut self.slots, 1);
        self.slots.push(value);
        self.serials.push(0);
        (self.slots.len() - 1) as Ix
    }

    /// Stores an object by making the one that had the slot before anew.
    pub fn insert_with(&mut self, fresh: impl FnOnce() -> T, renew: impl FnOnce(&mut T)) -> Ix {
        if let Some(ix) = self.free.pop() {
            renew(&mut self.slots[ix as usize]);
            return ix;
        }
        self.insert(fresh())
    }

    /// Frees a slot. The old object stays in place until the slot is reused; its serial is spent.
    pub fn remove(&mut self, ix: Ix) {
        self.serials[ix as usize] = self.serials[ix as usize].wrapping_add(1);
        self.free.push(ix);
    }

    /// The serial of the object in this slot.
    pub fn serial(&self, ix: Ix) -> u32 {
        self.serials[ix as usize]
    }

    /// The object in this slot and its serial, or what is left of one.
    pub fn get(&self, ix: Ix) -> Option<(&T, &u32)> {
        self.slots.get(ix as usize).zip(self.serials.get(ix as usize))
    }

    /// Objects alive.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl<T> std::ops::Index<Ix> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, ix: Ix) -> &T {
        &self.slots[ix as usize]
    }
}

impl<T> std::ops::IndexMut<Ix> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, ix: Ix) -> &mut T {
        &mut self.slots[ix as usize]
    }
}

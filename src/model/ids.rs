//! Integers that name things and are not arithmetic.
//!
//! Dense ids index vectors of the partition that minted them and are never reused while it lives. An id means nothing
//! outside its partition; what leaves the product is the text behind it ([`super::names::Names`]).

use std::fmt;

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Stands for "not given" or "nobody".
            pub const NONE: Self = Self(u32::MAX);

            /// Whether this names something.
            #[inline]
            #[must_use]
            pub const fn is_some(self) -> bool {
                self.0 != u32::MAX
            }

            /// Whether this is [`Self::NONE`].
            #[inline]
            #[must_use]
            pub const fn is_none(self) -> bool {
                self.0 == u32::MAX
            }

            /// Position in a vector indexed by this id; meaningless for [`Self::NONE`].
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::NONE
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.is_none() { f.write_str("–") } else { write!(f, "{}", self.0) }
            }
        }
    };
}

dense_id! {
    /// A telephony domain of one tenant: the scope in which DN numbers and ConnIDs are unique.
    SwitchId
}
dense_id! {
    /// A directory number on one switch: phone, ACD queue, routing point or virtual queue.
    DnId
}
dense_id! {
    /// An agent of one tenant, by the AgentID as sent.
    AgentId
}
dense_id! {
    /// A pair of reason key and reason code.
    ReasonId
}

/// A T-Library connection id: names one call on one switch for as long as the switch keeps it. Zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

impl ConnId {
    /// No call.
    pub const NONE: Self = Self(0);

    /// Whether this names a call.
    #[inline]
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A universally unique id as rows carry it; zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    /// No object.
    pub const NONE: Self = Self(0);

    /// The id, or `None` for [`Self::NONE`].
    #[must_use]
    pub fn some(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            v >> 96,
            v >> 80 & 0xffff,
            v >> 64 & 0xffff,
            v >> 48 & 0xffff,
            v & 0xffff_ffff_ffff
        )
    }
}

/// Where an event stands in its source: the server's run and its sequence number.
///
/// Without `ServerStartTime` the epoch is a counter that the sequencer raises at restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The switch whose server numbered the event.
    pub switch: SwitchId,
    /// Identity of the server's run.
    pub epoch: u64,
    /// `EventSequenceNumber`; `u64::MAX` when the event had none.
    pub seq: u64,
}

impl EventId {
    /// No event.
    pub const NONE: Self = Self { switch: SwitchId::NONE, epoch: 0, seq: u64::MAX };
}

impl Default for EventId {
    fn default() -> Self {
        Self::NONE
    }
}

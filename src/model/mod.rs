//! The vocabulary of the product: instants, identities, what the switch said, what the fold concluded, what leaves as rows.
//!
//! Plain data without decisions. Every other directory imports from here, and what two of them share lives here. This
//! module refuses to know how anything is decoded, folded, counted or written.

pub mod action;
pub mod attribute;
pub mod digit;
pub mod dn;
pub mod fetch;
pub mod identity;
pub mod ids;
pub mod names;
pub mod room;
pub mod row;
mod symbol;
pub mod table;
pub mod tevent;
pub mod time;
pub mod userdata;

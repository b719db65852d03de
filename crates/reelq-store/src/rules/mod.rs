//! Rules that every store applies alike: pure functions of the contract's values.

pub mod bounds;
pub mod draft;
pub mod figures;
pub mod unreadable;

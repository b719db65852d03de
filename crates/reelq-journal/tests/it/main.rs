//! The journal over stores that forget.

mod journal;

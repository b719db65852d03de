//! What became of a batch and its rows, as people and programs want to see it: results in every form, one row in full, the
//! history of a batch. It reads, and changes nothing.

pub mod events;
pub mod logs;
pub mod results;
pub mod show;

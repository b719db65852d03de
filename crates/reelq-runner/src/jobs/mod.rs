//! The jobs of a batch: which are meant, which do not get on, and a person's changes to them.

pub mod absent;
pub mod edit;
pub mod matched;
pub mod named;
pub mod noticed;
pub mod selection;
pub mod stranded;
pub mod stuck;
pub mod wake;
pub mod withdrawal;

//! What the fakes promise.

mod memory;

//! The fakes and samples of the tests, each once. A dev-dependency only: no product crate uses it.

pub mod memory;

pub use memory::MemoryStore;

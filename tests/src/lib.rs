//! The harness of the whole-system tests: the real binary against the simulator's real HTTP.
//!
//! The simulator runs in the test's process, so that it outlives every `kill -9` of the binary, and its ledger is the truth
//! that result manifests are held against.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "in the harness of tests a broken assumption is a failed test"
)]

mod audit;
mod binary;
mod browser;
mod damage;
mod files;
mod manifest;
mod moved_clock;
mod prices;
mod raw;
mod results;
mod sandbox;
mod terminal;
mod vendor;
mod waiting;
mod wire;

pub use audit::Audit;
pub use binary::{Ended, Running, reelq, reelq_with};
pub use browser::Browser;
pub use damage::{damage_record, damage_text};
pub use files::{gif, jpeg, mov, mp3, png, wav, webm, webp};
pub use manifest::{Prompts, write_csv};
pub use moved_clock::MovedClock;
pub use raw::{RawReply, RawRequest, RawVendor, clip, json, reply};
pub use results::ResultRow;
pub use sandbox::{Account, Sandbox, StoreKind};
pub use terminal::Terminal;
pub use vendor::SimulatedVendor;
pub use waiting::{let_pass, stays, wait_at_most, wait_for, wait_until};
pub use wire::Wire;

/// Makes a test of each of the named functions for each store: they take a [`StoreKind`].
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name($crate::StoreKind::Sqlite); })*
        }
        mod redis {
            $(#[test] fn $name() { super::$name($crate::StoreKind::Redis); })*
        }
    };
}

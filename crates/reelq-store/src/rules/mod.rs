//! Rules that every store applies alike: pure functions of the contract's values.

pub mod bounds;
pub mod cancel;
pub mod codes;
pub mod draft;
pub mod figures;
pub mod hold;
pub mod ledger;
pub mod next_work;
pub mod pauses;
pub mod queue;
pub mod run_lock;
pub mod state;
pub mod stop_rule;
pub mod ticks;
pub mod unreadable;

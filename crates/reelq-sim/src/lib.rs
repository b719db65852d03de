#![doc = include_str!("../README.md")]

mod account;
mod body;
mod callback;
mod chance;
mod dialect;
mod faults;
mod files;
mod journal;
mod ledger;
mod market;
mod order;
mod price;
mod reply;
mod route;
mod settings;
mod simulator;
mod strange;
mod task;
mod task_view;
mod vendor;
mod video;

pub use account::fingerprint;
pub use faults::{Faults, FaultsError};
pub use ledger::{AccountTotals, Duplicate, Ledger, RequestTotals, SimCharge, Totals, Violation, ViolationKind};
pub use price::{SimPrice, prices};
pub use settings::{SimLimits, SimPace, SimSettings};
pub use simulator::Simulator;
pub use vendor::Vendor;

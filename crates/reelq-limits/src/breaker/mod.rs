//! Stops the buying on an account after a few equal outcomes in a row that are no row's fault: pure arithmetic that the
//! stores keep and never do.
//!
//! While it is *closed*, purchases go out, and bad outcomes in a row are counted. After a few it *opens*: nothing is
//! submitted, but for one purchase at a time, the *probe*, after a wait that grows. A good outcome closes it.
//!
//! Where a request of unknown fate cannot be asked for again, each one leaves a row to a person. There a purchase takes a
//! *slot* before its request leaves: slots and unknown fates in a row together never pass the threshold, over all workers.

mod account;
mod fault;
mod open;
mod policy;
#[cfg(test)]
mod tests;
mod view;

pub use account::{Ask, Begun, Breaker, Told};
pub use fault::{Fault, Verdict};
pub use open::Open;
pub use policy::BreakerPolicy;
pub use view::BreakerView;

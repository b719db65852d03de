//! What a batch will probably take: it is played in virtual time, many times, against what was learned of its accounts.
//!
//! Pure: no clock, no I/O, and the generator of chance begins at a seed that the caller gives. The same input and seed
//! give the same answer.
//!
//! Every play first draws how the vendor may really be, from what was seen of it (`nature`), and then plays the batch
//! event by event (`play`). So an answer's interval holds both: chance, and that a short history tells little.

mod chance;
mod flight;
mod input;
mod nature;
mod outcome;
mod output;
mod play;
mod plays;
mod purse;
mod queue;
mod spread;
mod summary;
mod token_gate;

#[cfg(test)]
mod tests;

pub use input::{AccountHistory, Budgets, Failures, JobGroup, Pacing, PlayedAccount, Throttles};
pub use output::{AccountForecast, Bottleneck, Figures, Forecast, TooManyJobs, Unlearned};
pub use plays::{JOBS_MAX, PLAYS_MAX, PLAYS_MIN, SUBMISSIONS_PLAYED, forecast};
pub use spread::Interval;

//! The words and the state machine of reelq: ids, jobs, stages, events, money, time.
//!
//! Everything here is pure: no clock is read (but for the one [`SystemClock`]), nothing is opened, sent or slept on.
//! The invariant that the rest of reelq leans on: [`Stage::on`] is the only place where a job's stage changes.

mod charge;
mod clock;
mod digest;
mod error_chain;
mod event;
mod failure;
mod finding;
mod ids;
mod job;
mod job_id;
mod money;
mod nearest;
mod normal;
mod outcome;
mod output;
mod request_key;
mod request_spec;
mod stage;
mod submission;
mod task;
mod transition;
mod trouble;
pub mod units;
mod visible;

pub use charge::{Charge, Settlement, believable_cost};
pub use clock::{Clock, ManualClock, SharedClock, SystemClock, Timestamp, TimestampError};
pub use digest::{Digest, DigestError};
pub use error_chain::error_chain;
pub use event::{Event, Resolution};
pub use failure::{Failure, FailureKind};
pub use finding::{Finding, Severity};
pub use ids::{AccountName, BatchName, InvalidName, ModelName, ProviderName, ScheduleName, TaskId, WorkerId};
pub use job::{Applied, Job, JobDraft, OUTPUTS_LAST, OUTPUTS_LAST_MAX, PRIORITY_MAX};
pub use job_id::{JobId, JobIdError};
pub use money::{Money, MoneyError};
pub use nearest::{nearest, nearest_above};
pub use normal::{normal, normal_text, normalise};
pub use outcome::{Acceptance, BlockReason, Limit, Setback, SubmitOutcome};
pub use output::{OutputKind, OutputLink, StoredFile};
pub use request_key::RequestKey;
pub use request_spec::{Fields, ImageRef, JobSpec};
pub use stage::{Stage, Status};
pub use submission::{IdempotencyKey, Submission};
pub use task::RemoteTask;
pub use transition::{IllegalTransition, Wake};
pub use trouble::{Trouble, TroubleKind, Troubles};
pub use visible::{is_hidden, visible, visible_char, visible_json};

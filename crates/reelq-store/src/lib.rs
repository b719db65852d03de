//! The contract of every store: the trait, its values and errors, and the rules that all engines share.
//!
//! One suite holds it for all engines. No worker's clock decides anything: due times, leases and pauses are compared with
//! the store's own time.

mod absent;
mod account_balance;
mod batch_record;
mod bulk;
mod claim;
mod commit;
#[macro_use]
mod contract;
mod error;
mod follow;
mod guard;
mod load;
mod reading;
mod requests;
mod retention;
pub mod rules;
mod spread;
mod store;
mod tick;
pub mod transition;
mod unreadable;
mod walk;

pub use absent::{AbsentJob, AbsentPurchase, AbsentSum, AbsentView, Absentees, Stake};
pub use account_balance::AccountBalance;
pub use batch_record::BatchRecord;
pub use bulk::{Cursor, Edit, Scanned, Shown};
pub use claim::{Claim, ClaimStage, Claimed, Lease};
pub use commit::{Commit, Committed, Edited, LateAcceptance, RestoredSubmission};
pub use error::{Error, Result};
pub use follow::{Followed, PollTokens};
pub use guard::{FolderDraft, FolderView, GuardStep, Remembered, StoreGuard};
pub use load::{BatchDraft, Enqueued, Import, Imported, ImportedWith, Line, LineDraft};
pub use reading::{
    AccountView, BatchView, HeldBatch, HistoryEntry, JobFilter, JobView, Known, Page, ResultLine, StatusCounts, Unread,
    WorkerView,
};
pub use reelq_limits::{
    AccountCap, AccountLimits, Ask, Begun, Breaker, BreakerPolicy, BreakerView, Fault, FlightTrack, Open, Pace,
    PaceView, Pause, PauseReason, Present, RateTrack, Refused, Told, Usage, Verdict, stride,
};
pub use requests::{ImportsSeen, NotedRequest, Noting, RequestNote, Unnoted};
pub use retention::{Purge, Unfinished};
pub use spread::Spread;
pub use store::{SharedStore, Store, StoreDecorator};
pub use tick::{
    BatchHold, TICK_SPANS_KEPT, TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState,
    TickView,
};
pub use unreadable::{RecordOf, UnreadableRecord};
pub use walk::{Walk, first};

//! Keeps jobs, leases, limits and money; each verb is one atomic step.
//!
//! Two implementations, one conformance suite. No worker's clock decides anything here: due times, leases and pauses
//! are compared with the store's own time.

mod absent;
mod blobs;
mod bounds;
mod breaker;
mod bulk;
mod claim;
mod commit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod figures;
mod fresh;
mod guard;
mod journal;
mod limits;
mod load;
mod pace;
mod private;
mod purse;
mod reading;
mod redis;
mod requests;
mod retention;
mod schedules;
mod share;
mod spread;
mod sqlite;
mod store;
mod tick;
mod unreadable;

pub use self::redis::{
    Address, AddressError, Durability, Gravity, LinkOptions, Namespace, NamespaceError, Patience, RedisStore,
    SecretSource, ServerFacts, ServerFinding, TlsFiles, judge_server, what_may_vanish,
};
pub use absent::{AbsentJob, AbsentPurchase, AbsentSum, AbsentView, Absentees, Stake};
pub use blobs::Blobs;
pub use breaker::{Ask, Begun, Breaker, BreakerPolicy, BreakerView, Fault, Open, Told, Verdict};
pub use bulk::{Cursor, Edit, Scanned, Shown};
pub use claim::{Claim, ClaimStage, Claimed, Lease};
pub use commit::{Commit, Committed, Edited, LateAcceptance, Recalled};
pub use error::{Error, Result};
pub use fresh::number as fresh_number;
pub use guard::{FolderDraft, FolderView, GuardStep, Remembered, StoreGuard};
pub use journal::{JournalSettings, Journaled};
pub use limits::{AccountCap, AccountLimits, Pause, PauseReason};
pub use load::{BatchDraft, Enqueued, Line, LineDraft, Load, Loaded, LoadedWith};
pub use pace::{FlightTrack, Pace, PaceView, Present, RateTrack, Refused, Usage};
pub use reading::{
    AccountView, BatchView, HeldBatch, HistoryEntry, JobFilter, JobView, Known, Page, ResultLine, StatusCounts, Unread,
    WorkerView,
};
pub use requests::{LoadsSeen, NotedRequest, Noting, RequestNote, Requests, Unnoted};
pub use retention::{Purge, Unfinished};
pub use schedules::{Schedules, TICK_SPANS_KEPT, TICKS_KEPT};
pub use share::stride;
pub use spread::Spread;
pub use sqlite::{Backup, SqliteStore};
pub use store::{SharedStore, Store};
pub use tick::{BatchHold, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView};
pub use unreadable::{RecordOf, UnreadableRecord};

//! What a submitter is made of.

use std::{fmt, sync::Arc, time::Duration};

use reelq_model::{AccountName, JobSpec, SharedClock};
use reelq_provider::Provider;
use reelq_store::SharedStore;
use reelq_worker::{AccountMetrics, Exchange, OutputCheck, SubmissionGate};

use crate::{Images, SubmitSettings};

/// When to look first at a job of this kind, once it is accepted.
pub type FirstPoll = Arc<dyn Fn(&JobSpec) -> Duration + Send + Sync>;

/// What a submitter is made of.
pub struct SubmitterParts {
    /// The account.
    pub account: AccountName,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
    /// Its HTTP.
    pub exchange: Arc<dyn Exchange>,
    /// Where pauses are shared with the other workers.
    pub store: SharedStore,
    /// The bytes of local images.
    pub images: Arc<dyn Images>,
    /// Closed while the outputs of what is bought are in danger.
    pub submission_gate: Arc<SubmissionGate>,
    /// Asked whether a batch's outputs can be put anywhere; `None` where this process does not fetch.
    pub output_check: Option<Arc<dyn OutputCheck>>,
    /// Counts the requests.
    pub metrics: Arc<AccountMetrics>,
    /// How the account submits.
    pub settings: SubmitSettings,
    /// How long a whole paid request may take.
    pub request_timeout: Duration,
    /// When to look first at an accepted job.
    pub first_poll: FirstPoll,
    /// Times the requests.
    pub clock: SharedClock,
    /// Seeds the delays.
    pub seed: u64,
}

impl fmt::Debug for SubmitterParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitterParts")
            .field("account", &self.account)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

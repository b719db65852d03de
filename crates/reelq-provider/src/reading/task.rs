//! What a task's own words mean, the same for every vendor.

use reelq_model::{FailureKind, Money, Settlement};

use super::{
    Complaint,
    complaint::{clean, failure},
    outputs::{Output, links},
    words::{Meaning, meaning},
};
use crate::{Capability, FailedTasks, PollOutcome, Reply, catalogue::Replies};

/// What a status reply says of its task.
#[derive(Debug, Default)]
pub(crate) struct Task {
    pub(crate) word: String,
    pub(crate) progress: Option<u8>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) cost: Option<Money>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

/// What the meaning depends on beside the task.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) capability: &'a Capability,
    pub(crate) replies: &'a Replies,
    /// The account's own word on whether failures are refunded; it stands above what replies say.
    pub(crate) refunds_failures: Option<bool>,
}

impl Task {
    /// What the task's words mean.
    pub(crate) fn outcome(self, reply: &Reply, complaint: &Complaint, context: Context<'_>) -> PollOutcome {
        match meaning(&self.word) {
            Meaning::Succeeded => self.finished(reply, context),
            Meaning::Failed => self.failed(context),
            Meaning::Cancelled => {
                PollOutcome::Cancelled { settlement: settlement(self.cost, self.code.as_deref(), context) }
            }
            found @ (Meaning::GoesOn | Meaning::Unknown) => PollOutcome::Running {
                word: clean(&self.word),
                unknown_word: found == Meaning::Unknown,
                progress: self.progress,
                wait: complaint.wait,
            },
        }
    }

    fn finished(self, reply: &Reply, context: Context<'_>) -> PollOutcome {
        let outputs = links(self.outputs, context.capability.link_lifetime, reply.at);
        if outputs.is_empty() { PollOutcome::FinishedEmpty } else { PollOutcome::Finished { outputs, cost: self.cost } }
    }

    fn failed(self, context: Context<'_>) -> PollOutcome {
        let message = self.message.as_deref().map_or_else(|| "the vendor gave no reason".to_owned(), clean);
        let code = self.code.as_deref().map(clean);
        let failure = failure(code.as_deref(), &message, context.replies, FailureKind::Provider);
        let settlement = settlement(self.cost, code.as_deref(), context);
        PollOutcome::Failed { failure, settlement, blocks: None }
    }
}

/// What became of the charge of a task that did not succeed.
pub(crate) fn settlement(cost: Option<Money>, code: Option<&str>, context: Context<'_>) -> Settlement {
    let default = context.capability.failed_tasks == FailedTasks::Refunded;
    let told = cost.map(|cost| cost == Money::ZERO);
    let uncharged = context.replies.is_uncharged(code).then_some(true);
    // A charge that the vendor names stands above what its codes usually mean.
    let refunded = context.refunds_failures.or(told).or(uncharged).unwrap_or(default);
    if refunded { Settlement::Refunded } else { Settlement::Charged }
}

//! What a task's own words mean, the same for every vendor.

use std::time::Duration;

use reelq_model::{BlockReason, Failure, FailureKind, Money, OutputLink, Settlement};

use super::{
    ReplyError, credit,
    outputs::{Output, links},
    reply_error::failure,
    text::clean,
    words::{StatusMeaning, meaning},
};
use crate::{Capability, FailedTasks, PollOutcome, Reply, catalogue::Replies};

/// How long an output is waited for that a vendor names beside a failure.
const BESIDE_A_FAILURE: Duration = Duration::from_mins(10);

/// What a reply says of a task.
#[derive(Debug, Default)]
pub(crate) struct TaskReply {
    /// Its status word, as the vendor wrote it.
    pub(crate) word: Option<String>,
    pub(crate) progress: Option<u8>,
    pub(crate) outputs: Vec<Output>,
    /// The vendor's figure. A zero is a charge that was not made, and only an end without an output can be that.
    pub(crate) cost: Option<Money>,
    /// The reply says that the charge is settled: then a zero is a price.
    pub(crate) is_settled: bool,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    /// How long it ran by the vendor's own clock.
    pub(crate) ran: Option<Duration>,
}

/// What the meaning depends on beside the task.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) capability: &'a Capability,
    pub(crate) replies: &'a Replies,
    /// The account's own word on whether failures are refunded; it stands above what replies say.
    pub(crate) refunds_failures: Option<bool>,
}

impl TaskReply {
    /// The status word, where it is one: a number may be the HTTP status once more.
    fn status_word(&self) -> Option<&str> {
        let is_status = |word: &str| word.trim().parse().is_ok_and(|number: u16| (100..=599).contains(&number));
        self.word.as_deref().filter(|word| !is_status(word))
    }

    /// What the status word means; `None` without one.
    pub(super) fn meaning(&self) -> Option<StatusMeaning> {
        self.status_word().map(meaning)
    }

    /// The price that a success names.
    pub(super) fn price(&self) -> Option<Money> {
        self.cost.filter(|cost| self.is_settled || *cost != Money::ZERO)
    }

    /// The charge that an end without an output names.
    fn charge(&self) -> Option<Money> {
        self.cost.filter(|cost| *cost > Money::ZERO)
    }

    /// Itself, its outputs left out unless `complete`.
    pub(super) fn with_outputs_if(self, complete: bool) -> Self {
        if complete { self } else { Self { outputs: Vec::new(), ..self } }
    }

    /// The outputs that can be fetched.
    pub(super) fn links(&self, reply: &Reply, context: Context<'_>) -> Vec<OutputLink> {
        links(self.outputs.clone(), context.capability.link_lifetime, reply)
    }

    /// What the task's words mean; `None` where they are no word on a task.
    pub(super) fn outcome(self, reply: &Reply, complaint: &ReplyError, context: Context<'_>) -> Option<PollOutcome> {
        let (outputs, meaning) = (self.links(reply, context), self.meaning());
        let has_error = complaint.complains() || self.code.is_some();
        match meaning {
            _ if self.is_to_be_fetched(meaning, &outputs, complaint) => {
                let is_doubtful = matches!(meaning, None | Some(StatusMeaning::Failed | StatusMeaning::Cancelled));
                let outputs = if is_doubtful { soon(outputs, reply) } else { outputs };
                Some(PollOutcome::Finished { outputs, cost: self.price(), ran: self.ran })
            }
            None => None,
            // An envelope that names a refusal is no word on the task, whatever is inside.
            Some(_) if complaint.envelope.is_some() => None,
            Some(StatusMeaning::Succeeded) if !self.says_failed(complaint, context) => Some(PollOutcome::FinishedEmpty),
            Some(StatusMeaning::Unknown) if !has_error => Some(self.running(complaint, true)),
            Some(word @ (StatusMeaning::Succeeded | StatusMeaning::Unknown)) => {
                let settlement = self.disputed(word, context);
                Some(PollOutcome::SaysFailed { failure: self.failure(context), settlement, cost: self.charge() })
            }
            Some(StatusMeaning::Failed) => Some(self.failed(context)),
            Some(StatusMeaning::Cancelled) => {
                Some(PollOutcome::Cancelled { settlement: settlement(self.cost, self.code.as_deref(), context) })
            }
            Some(StatusMeaning::GoesOn) => Some(self.running(complaint, false)),
        }
    }

    fn running(self, complaint: &ReplyError, unknown_word: bool) -> PollOutcome {
        let word = clean(self.word.as_deref().unwrap_or_default());
        PollOutcome::Running { word, unknown_word, progress: self.progress, wait: complaint.wait }
    }

    /// Whether there is something to fetch. What surely is an output is tried before any failure beside it is believed.
    fn is_to_be_fetched(&self, meaning: Option<StatusMeaning>, links: &[OutputLink], complaint: &ReplyError) -> bool {
        let has_clip = || self.outputs.iter().any(Output::is_clip);
        match meaning {
            Some(StatusMeaning::Succeeded | StatusMeaning::Unknown) => !links.is_empty(),
            Some(StatusMeaning::Failed | StatusMeaning::Cancelled) => has_clip(),
            Some(StatusMeaning::GoesOn) => false,
            None => !links.is_empty() && (!complaint.complains() || has_clip()),
        }
    }

    /// Whether a reply whose word is a success plainly names an error of the task. Credit is no reason for a task that
    /// succeeded.
    fn says_failed(&self, complaint: &ReplyError, context: Context<'_>) -> bool {
        let codes = [self.code.as_deref(), complaint.code.as_deref()];
        let said = complaint.said();
        let messages = [self.message.as_deref(), said.as_deref()];
        let is_of_credit = codes.into_iter().flatten().any(|code| context.replies.status_of(code) == Some(402))
            || codes
                .into_iter()
                .chain(messages)
                .flatten()
                .any(|text| credit::is_meant(text, &context.replies.no_credit));
        (complaint.names_error() || self.code.is_some()) && !is_of_credit
    }

    /// Why it ended without an output.
    fn failure(&self, context: Context<'_>) -> Failure {
        let message = self.message.as_deref().map(clean).filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| "the vendor gave no reason".to_owned());
        let code = self.code.as_deref().map(clean);
        failure(code.as_deref(), &message, context.replies, FailureKind::Provider)
    }

    /// The end of a task that failed. Only a code that the vendor lists makes the account its cause, or a message without a
    /// code that says nothing else: other words may be an echo of the prompt.
    fn failed(&self, context: Context<'_>) -> PollOutcome {
        let failure = self.failure(context);
        let is_listed = match failure.code.as_deref() {
            Some(code) => context.replies.status_of(code) == Some(402),
            None => credit::is_all_that_is_said(&failure.message),
        };
        let settlement = settlement(self.cost, failure.code.as_deref(), context);
        let (cost, blocks) = (self.charge(), is_listed.then_some(BlockReason::NoCredit));
        PollOutcome::Failed { failure, settlement, cost, blocks }
    }

    /// What became of the charge where word and error disagree: no code is proof then that nothing was charged, and a
    /// success that does not say otherwise was.
    fn disputed(&self, word: StatusMeaning, context: Context<'_>) -> Settlement {
        match (context.refunds_failures, self.cost) {
            (None, None) if word == StatusMeaning::Succeeded => Settlement::Charged,
            _ => settlement(self.cost, None, context),
        }
    }
}

/// The links of a task that its vendor calls failed: what they do not give soon, they never will.
fn soon(links: Vec<OutputLink>, reply: &Reply) -> Vec<OutputLink> {
    let latest = reply.at.after(BESIDE_A_FAILURE);
    let soon = |link: OutputLink| {
        let expires_at = Some(link.expires_at.map_or(latest, |told| told.min(latest)));
        OutputLink { expires_at, assumed: true, ..link }
    };
    links.into_iter().map(soon).collect()
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

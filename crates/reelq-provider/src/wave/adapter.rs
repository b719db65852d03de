//! The adapter: Wave's capability, and delegation.

use std::time::Duration;

use reelq_model::{Fields, Finding, JobSpec, ProviderName, SubmitOutcome, TaskId};

use super::{dialect::Dialect, reply, request};
use crate::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Catalogue, Checked, FailedTasks,
    Idempotency, ImageFacts, PollOutcome, Provider, ProviderSettings, Reply, Request, SettingsError, SubmitInput,
    adapter_base::AdapterBase,
};

/// The vendor's catalogue.
pub(crate) const MODELS: &str = include_str!("models.toml");

const DAY: Duration = Duration::from_hours(24);

/// What the vendor documents, pages and general documentation together.
const CAPABILITY: Capability = Capability {
    idempotency: Idempotency::Replay { window: DAY },
    cancel: true,
    balance: true,
    link_lifetime: Some(DAY),
    price_known: true,
    failed_tasks: FailedTasks::Refunded,
    callback_signature: CallbackSignature::None,
    not_found_grace: Duration::from_mins(1),
    first_poll: Duration::from_secs(5),
    poll_interval: Duration::from_secs(5),
};

/// Wave, in one of its dialects.
#[derive(Debug)]
pub(crate) struct Wave {
    vendor: AdapterBase,
    dialect: Dialect,
}

impl Wave {
    pub(crate) fn open(settings: &ProviderSettings) -> Result<Self, SettingsError> {
        let vendor = AdapterBase::open(MODELS, CAPABILITY, settings)?;
        Ok(Self { vendor, dialect: Dialect::named(settings.dialect.as_deref()) })
    }
}

impl Provider for Wave {
    fn name(&self) -> &ProviderName {
        &self.vendor.name
    }

    fn capability(&self) -> &Capability {
        &self.vendor.capability
    }

    fn catalogue(&self) -> &Catalogue {
        &self.vendor.catalogue
    }

    fn check(&self, model: &str, mode: Option<&str>, fields: &Fields) -> Checked {
        self.vendor.check(model, mode, fields, self.dialect == Dialect::Extra)
    }

    fn check_image(&self, model: &str, field: &str, image: &ImageFacts) -> Vec<Finding> {
        self.vendor.check_image(model, field, image)
    }

    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
        request::submit(&self.vendor, self.dialect, input)
    }

    fn submitted(&self, submission: u32, reply: &Reply) -> SubmitOutcome {
        reply::submitted(submission, reply, self.vendor.context())
    }

    fn poll(&self, _spec: &JobSpec, task: &TaskId) -> Request {
        request::poll(task)
    }

    fn polled(&self, _spec: &JobSpec, task: &TaskId, reply: &Reply) -> PollOutcome {
        reply::polled(task, reply, self.vendor.context())
    }

    fn cancel(&self, task: &TaskId) -> Option<Request> {
        Some(request::cancel(task))
    }

    fn cancelled(&self, task: &TaskId, reply: &Reply) -> CancelOutcome {
        reply::cancelled(task, reply, self.vendor.context())
    }

    fn balance(&self) -> Option<Request> {
        Some(request::balance())
    }

    fn balanced(&self, reply: &Reply) -> BalanceOutcome {
        reply::balanced(reply, &self.vendor.catalogue.replies)
    }
}

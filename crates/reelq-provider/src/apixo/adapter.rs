//! The adapter: APIXO's capability, and delegation.

use std::time::Duration;

use reelq_model::{Fields, Finding, JobSpec, ProviderName, SubmitOutcome, TaskId};

use super::{reply, request};
use crate::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Catalogue, Checked, FailedTasks,
    Idempotency, ImageFacts, PollOutcome, Provider, ProviderSettings, Reply, Request, SettingsError, SubmitInput,
    adapter_base::AdapterBase,
};

/// The vendor's catalogue.
pub(crate) const MODELS: &str = include_str!("models.toml");

/// What the vendor documents, page and general documentation together.
const CAPABILITY: Capability = Capability {
    idempotency: Idempotency::None,
    cancel: false,
    balance: true,
    link_lifetime: Some(Duration::from_hours(24)),
    price_known: false,
    failed_tasks: FailedTasks::Charged,
    callback_signature: CallbackSignature::None,
    not_found_grace: Duration::from_mins(1),
    first_poll: Duration::from_mins(1),
    poll_interval: Duration::from_secs(15),
};

/// Apixo.
#[derive(Debug)]
pub(crate) struct Apixo {
    vendor: AdapterBase,
}

impl Apixo {
    pub(crate) fn open(settings: &ProviderSettings) -> Result<Self, SettingsError> {
        AdapterBase::open(MODELS, CAPABILITY, settings).map(|vendor| Self { vendor })
    }
}

impl Provider for Apixo {
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
        self.vendor.check(model, mode, fields, false)
    }

    fn check_image(&self, model: &str, field: &str, image: &ImageFacts) -> Vec<Finding> {
        self.vendor.check_image(model, field, image)
    }

    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
        request::submit(&self.vendor, input)
    }

    fn submitted(&self, submission: u32, reply: &Reply) -> SubmitOutcome {
        reply::submitted(submission, reply, self.vendor.context())
    }

    fn poll(&self, spec: &JobSpec, task: &TaskId) -> Request {
        request::poll(spec, task)
    }

    fn polled(&self, _spec: &JobSpec, task: &TaskId, reply: &Reply) -> PollOutcome {
        reply::polled(task, reply, self.vendor.context())
    }

    fn cancel(&self, _task: &TaskId) -> Option<Request> {
        None
    }

    fn cancelled(&self, _task: &TaskId, reply: &Reply) -> CancelOutcome {
        reply::cancelled(reply, &self.vendor.catalogue.replies)
    }

    fn balance(&self) -> Option<Request> {
        Some(request::balance())
    }

    fn balanced(&self, reply: &Reply) -> BalanceOutcome {
        reply::balanced(reply, &self.vendor.catalogue.replies)
    }
}

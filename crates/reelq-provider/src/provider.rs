//! The trait that each vendor's adapter implements.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use bytes::Bytes;
use reelq_model::{Digest, Fields, Finding, IdempotencyKey, JobSpec, Money, ProviderName, SubmitOutcome, TaskId};

use crate::{BalanceOutcome, CancelOutcome, Capability, Catalogue, PollOutcome, Reply, Request};

/// Translates between jobs and one vendor's HTTP dialect. Adapters build requests and read replies; they never open a
/// socket, sleep or retry.
pub trait Provider: Send + Sync + fmt::Debug {
    /// The vendor's name in configuration and manifests.
    fn name(&self) -> &ProviderName;

    /// What the vendor's API can do.
    fn capability(&self) -> &Capability;

    /// The vendor's models, with their fields, modes, limits and prices.
    ///
    /// Empty unless the adapter has one: a stand-in of a test needs none.
    fn catalogue(&self) -> &Catalogue {
        static EMPTY: LazyLock<Catalogue> = LazyLock::new(Catalogue::default);
        &EMPTY
    }

    /// Checks a row's fields against the catalogue and brings them into their normal form.
    ///
    /// Texts from a CSV cell are read as the field's type. Vendor defaults are not filled in: they belong to the vendor,
    /// and a changed default must not make an unchanged row a new purchase.
    fn check(&self, model: &str, mode: Option<&str>, fields: &Fields) -> Checked;

    /// Checks a local image for the image field `field` of `model`; an error also where the vendor takes no image bytes.
    fn check_image(&self, model: &str, field: &str, image: &ImageFacts) -> Vec<Finding>;

    /// Builds the paid request. The same input always gives the same bytes.
    fn submit(&self, input: &SubmitInput<'_>) -> Result<Request, BuildError>;

    /// Reads a reply to submission `submission`, as far as it came.
    fn submitted(&self, submission: u32, reply: &Reply) -> SubmitOutcome;

    /// Builds a status request.
    fn poll(&self, spec: &JobSpec, task: &TaskId) -> Request;

    /// Reads a reply to a status request about `task`. One that names another task is no answer.
    fn polled(&self, spec: &JobSpec, task: &TaskId, reply: &Reply) -> PollOutcome;

    /// Builds a cancel request, where the vendor has one.
    fn cancel(&self, task: &TaskId) -> Option<Request>;

    /// Reads a complete reply to a request to withdraw `task`. One that names another task is no answer.
    fn cancelled(&self, task: &TaskId, reply: &Reply) -> CancelOutcome;

    /// Builds a balance request, where the vendor has one.
    fn balance(&self) -> Option<Request>;

    /// Reads a complete reply to a balance request.
    fn balanced(&self, reply: &Reply) -> BalanceOutcome;
}

/// A row after the catalogue's check. With an error among the findings, the rest must not be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The mode, given or inferred from the fields.
    pub mode: String,
    /// The fields in their normal form.
    pub fields: Fields,
    /// The price of one submission; `None` where the catalogue does not know it.
    pub price: Option<Money>,
    /// What is wrong, or likely wrong.
    pub findings: Vec<Finding>,
}

/// What was found in a local image's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Where it was read from, for messages.
    pub path: String,
    /// `png`, `jpeg`, `webp` or another name; found by content, not by the file's name.
    pub format: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its width in pixels.
    pub width: u64,
    /// Its height in pixels.
    pub height: u64,
}

/// Everything a paid request is built from.
#[derive(Debug, Clone, Copy)]
pub struct SubmitInput<'a> {
    /// What to buy.
    pub spec: &'a JobSpec,
    /// The key to send; `None` where the account has idempotency off or the vendor knows no keys.
    pub key: Option<&'a IdempotencyKey>,
    /// The bytes of every local image that the fields refer to.
    pub images: &'a BTreeMap<Digest, Bytes>,
}

/// A job that passed the check and still cannot be turned into a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The catalogue changed since the row was checked.
    #[error("model `{model}` is no longer in the catalogue of `{provider}`")]
    UnknownModel {
        /// The vendor.
        provider: String,
        /// The model.
        model: String,
    },
    /// The bytes of a local image are gone.
    #[error("the bytes of local image {sha256} are missing beside the state")]
    MissingImage {
        /// Their digest.
        sha256: Digest,
    },
}

//! What an account's configuration says about its vendor.

use reelq_model::{ProviderName, units::Span};
use serde::{Deserialize, Serialize};

use crate::{catalogue::CatalogueError, wave};

/// The vendors, by the names used in configuration and manifests.
pub const PROVIDERS: &[&str] = &["wave", "apixo", "poyo"];

/// The dialects of `provider`, newest last; empty where it has only one.
pub fn dialects(provider: &str) -> &'static [&'static str] {
    if provider == "wave" { wave::DIALECTS } else { &[] }
}

/// What an account's configuration says about its vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// One of [`PROVIDERS`].
    pub provider: ProviderName,
    /// One of the vendor's [`dialects`]; the newest where not given.
    #[serde(default)]
    pub dialect: Option<String>,
    /// The user's catalogue file, laid over the vendor's.
    #[serde(default)]
    pub catalogue: Option<Overlay>,
    /// Whether idempotency keys are used where the vendor knows them.
    #[serde(default)]
    pub idempotency: IdempotencyUse,
    /// Whether the vendor gives the money of failed tasks back.
    #[serde(default)]
    pub refunds_failures: RefundsFailures,
    /// How long an output link lives where the reply does not say; the vendor's documented time where not given.
    #[serde(default)]
    pub link_lifetime: Option<Span>,
}

impl ProviderSettings {
    /// The defaults for `provider`.
    pub fn new(provider: ProviderName) -> Self {
        Self {
            provider,
            dialect: None,
            catalogue: None,
            idempotency: IdempotencyUse::Auto,
            refunds_failures: RefundsFailures::Auto,
            link_lifetime: None,
        }
    }
}

/// A user's catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// Where it was read from, for messages.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Whether idempotency keys are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdempotencyUse {
    /// Where the vendor documents them.
    #[default]
    Auto,
    /// Never: a submission whose fate is unknown waits for a person.
    Off,
}

/// Whether the vendor gives the money of failed tasks back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundsFailures {
    /// As the vendor documents, and as its replies say.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Settings that no vendor can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no such vendor.
    #[error("provider `{name}` is not one of {}", PROVIDERS.join(", "))]
    UnknownProvider {
        /// The name.
        name: String,
    },
    /// The vendor has no such dialect.
    #[error("dialect `{dialect}` is not one of {provider}'s: {}", known_dialects(.provider))]
    UnknownDialect {
        /// The vendor.
        provider: String,
        /// The dialect.
        dialect: String,
    },
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

fn known_dialects(provider: &str) -> String {
    let known = dialects(provider);
    if known.is_empty() { "it has only one, leave `dialect` out".to_owned() } else { known.join(", ") }
}

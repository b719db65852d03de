#![doc = include_str!("../README.md")]

mod adapter_base;
mod apixo;
mod capability;
pub mod catalogue;
mod check;
mod exchange;
mod identity;
pub mod lenient_json;
mod open;
mod outcome;
mod poyo;
mod provider;
mod reading;
pub mod retry_after;
mod settings;
mod vocabulary;
mod wave;

pub use capability::{CallbackSignature, Capability, FailedTasks, Idempotency};
pub use catalogue::{Catalogue, CatalogueError};
pub use check::split_images;
pub use exchange::{Method, Reply, Request};
pub use identity::Identity;
pub use open::open;
pub use outcome::{BalanceOutcome, CancelOutcome, PollOutcome};
pub use provider::{BuildError, Checked, ImageFacts, Provider, SubmitInput};
pub use settings::{IdempotencyUse, Overlay, PROVIDERS, ProviderSettings, RefundsFailures, SettingsError, dialects};
pub use vocabulary::{field_names, image_fields};

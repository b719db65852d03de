//! What every vendor's adapter holds: its name, its catalogue and what the account's settings make of its capability.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelq_model::{Digest, Fields, Finding, ImageRef, JobSpec, ProviderName};
use serde_json::Value;

use crate::{
    BuildError, Capability, Checked, FailedTasks, Idempotency, ImageFacts, SubmitInput,
    catalogue::{Catalogue, Model},
    check,
    reading::Context,
    settings::{IdempotencyUse, ProviderSettings, RefundsFailures, SettingsError},
};

/// What every vendor's adapter holds.
#[derive(Debug)]
pub(crate) struct AdapterBase {
    pub(crate) name: ProviderName,
    pub(crate) capability: Capability,
    pub(crate) catalogue: Catalogue,
    refunds_failures: Option<bool>,
}

impl AdapterBase {
    /// Opens the vendor's own `catalogue` under `settings`; `capability` is what the vendor documents.
    pub(crate) fn open(
        catalogue: &str,
        mut capability: Capability,
        settings: &ProviderSettings,
    ) -> Result<Self, SettingsError> {
        let mut catalogue = Catalogue::parse(catalogue, &format!("the built-in catalogue of {}", settings.provider))?;
        if let Some(overlay) = &settings.catalogue {
            catalogue = catalogue.overlaid(&overlay.text, &overlay.path)?;
        }
        capability.price_known = catalogue.knows_prices();
        if settings.idempotency == IdempotencyUse::Off {
            capability.idempotency = Idempotency::None;
        }
        capability.link_lifetime = settings.link_lifetime.map(|span| span.0).or(capability.link_lifetime);
        let refunds_failures = match settings.refunds_failures {
            RefundsFailures::Auto => None,
            RefundsFailures::Yes => Some(true),
            RefundsFailures::No => Some(false),
        };
        if let Some(refunds) = refunds_failures {
            capability.failed_tasks = if refunds { FailedTasks::Refunded } else { FailedTasks::Charged };
        }
        Ok(Self { name: settings.provider.clone(), capability, catalogue, refunds_failures })
    }

    /// Checks a row; `passes_on` tells whether unknown members of a passed-on object are allowed.
    pub(crate) fn check(&self, model: &str, mode: Option<&str>, fields: &Fields, passes_on: bool) -> Checked {
        match self.catalogue.models.get(model) {
            Some(found) => check::check(&self.catalogue, found, check::RowRequest { model, mode, fields, passes_on }),
            None => check::unknown_model(&self.catalogue, self.name.as_str(), model),
        }
    }

    /// Checks a local image.
    pub(crate) fn check_image(&self, model: &str, field: &str, image: &ImageFacts) -> Vec<Finding> {
        match self.catalogue.models.get(model) {
            Some(found) => check::check_image(model, found, field, image, &self.catalogue.containers),
            None => check::unknown_model(&self.catalogue, self.name.as_str(), model).findings,
        }
    }

    /// What the meaning of a status reply depends on.
    pub(crate) fn context(&self) -> Context<'_> {
        let Self { capability, catalogue, refunds_failures, .. } = self;
        Context { capability, replies: &catalogue.replies, refunds_failures: *refunds_failures }
    }

    /// The key to send: none where the account has idempotency off.
    pub(crate) fn key<'a>(&self, input: &SubmitInput<'a>) -> Option<&'a str> {
        let replays = self.capability.idempotency != Idempotency::None;
        input.key.filter(|_| replays).map(reelq_model::IdempotencyKey::as_str)
    }

    /// The job's fields as they go over the wire, each with its place, in the catalogue's order.
    pub(crate) fn placed(&self, input: &SubmitInput<'_>) -> Result<Vec<PlacedField>, BuildError> {
        let model = self.model(input.spec)?;
        let mut placed = Vec::new();
        for (name, field) in &model.fields {
            let Some(value) = input.spec.fields.get(name) else { continue };
            let value = if field.kind().is_image() { with_bytes(value, input.images)? } else { value.clone() };
            placed.push(PlacedField { name: name.clone(), at: field.at.clone(), value });
        }
        Ok(placed)
    }

    /// The members that the row passes on unread.
    pub(crate) fn passed_on(&self, spec: &JobSpec) -> Result<Fields, BuildError> {
        let container = self.model(spec)?.passthrough.as_ref();
        let members = container.and_then(|container| spec.fields.get(container)).and_then(Value::as_object);
        Ok(members.cloned().unwrap_or_default())
    }

    fn model(&self, spec: &JobSpec) -> Result<&Model, BuildError> {
        let unknown = || BuildError::UnknownModel { provider: self.name.to_string(), model: spec.model.to_string() };
        self.catalogue.models.get(spec.model.as_str()).ok_or_else(unknown)
    }
}

/// A field and its place in the request.
#[derive(Debug)]
pub(crate) struct PlacedField {
    pub(crate) name: String,
    pub(crate) at: Option<String>,
    pub(crate) value: Value,
}

/// Puts the bytes of local images in the place of their references.
fn with_bytes(value: &Value, images: &BTreeMap<Digest, Bytes>) -> Result<Value, BuildError> {
    match value {
        Value::String(text) => image_text(text, images).map(Value::String),
        Value::Array(items) => items.iter().map(|item| with_bytes(item, images)).collect(),
        other => Ok(other.clone()),
    }
}

fn image_text(text: &str, images: &BTreeMap<Digest, Bytes>) -> Result<String, BuildError> {
    let Ok(ImageRef::Blob { media_type, sha256 }) = text.parse::<ImageRef>() else { return Ok(text.to_owned()) };
    let bytes = images.get(&sha256).ok_or(BuildError::MissingImage { sha256 })?;
    Ok(format!("data:{media_type};base64,{}", STANDARD.encode(bytes)))
}

/// What RFC 3986 leaves unreserved stands for itself in a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let encoded = utf8_percent_encode(text, SEGMENT).to_string();
    // A task id of dots alone would climb the path.
    if encoded.bytes().all(|byte| byte == b'.') { encoded.replace('.', "%2E") } else { encoded }
}

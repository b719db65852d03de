//! The request of a row as it was sent, without the key. Stores keep what was asked for and the digest of what was sent, and
//! not its bytes: the request is built again, and it is said so.

use reelq_model::{IdempotencyKey, Job, Stage, Submission};
use reelq_provider::Method;
use reelq_runner::{adapters, images, opened::OpenedStore};
use reelq_submitter::{Unbuilt, build};
use serde::Serialize;
use serde_json::Value;

/// A request as it was, or is going to be, sent.
#[derive(Debug, Default, Serialize)]
pub(super) struct SentRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<&'static str>,
    /// The address; in a simulation the part behind the simulated vendor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
    /// How far it is what was sent.
    pub(super) said: String,
}

impl SentRequest {
    pub(super) async fn rebuilt(store: &OpenedStore<'_>, job: &Job) -> Self {
        match Self::build(store, job).await {
            Ok(request) => request,
            Err(reason) => Self { said: format!("it cannot be built again here: {reason}"), ..Self::default() },
        }
    }

    async fn build(store: &OpenedStore<'_>, job: &Job) -> Result<Self, String> {
        let context = store.context();
        let name = &job.spec.account;
        let acting = context
            .config
            .accounts
            .values()
            .find(|account| account.name == *name || account.was.as_ref() == Some(name));
        let account = acting.ok_or_else(|| format!("account `{name}` is not configured"))?;
        let provider = adapters::open(context, account).map_err(|error| error.in_one_line())?;
        if provider.name() != &job.spec.provider {
            return Err(format!("account `{name}` is now one of {}", provider.name()));
        }
        let settings = adapters::submit_settings(account).map_err(|error| error.in_one_line())?;
        let key = settings.window(provider.capability()).map(|_| IdempotencyKey::derive(job.id, number(job)));
        let images = images::of_workers(context, store.shared()).map_err(|error| error.in_one_line())?;
        let built =
            build(provider.as_ref(), images.as_ref(), job, key.as_ref()).await.map_err(|unbuilt| match unbuilt {
                Unbuilt::Row(failure) => failure.to_string(),
                Unbuilt::Images(error) => format!("an image of it cannot be read ({error})"),
            })?;
        // A simulated vendor has another address in every run.
        let real = account.text("base_url").unwrap_or_else(|| adapters::address(&account.provider));
        let base = if context.is_simulated() { "" } else { real };
        let query: Vec<_> = built.request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        Ok(Self {
            method: Some(match built.request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            }),
            url: Some(format!("{}{}{query}", base.trim_end_matches('/'), built.request.path)),
            headers: built.request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: built.request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).map(shortened),
            said: said(job, open(job).map(|open| open.body == built.body)).to_owned(),
        })
    }
}

/// The submission that was sent last, or comes next where none was.
fn number(job: &Job) -> u32 {
    open(job).map_or_else(|| job.submissions.max(1), |open| open.number)
}

/// The submission of which the digest is still kept.
const fn open(job: &Job) -> Option<&Submission> {
    match &job.stage {
        Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } => Some(submission),
        _ => None,
    }
}

const fn said(job: &Job, is_same: Option<bool>) -> &'static str {
    match is_same {
        Some(true) => "rebuilt from the row, and the same bytes as were sent (by their digest); the key is left out",
        Some(false) => {
            "rebuilt from the row, and not what was sent: this version, or its catalogue, builds it in another way; the \
             key is left out"
        }
        None if job.submissions == 0 => "not sent yet: this is what would be sent; the key is left out",
        None => "rebuilt from the row, for what was sent is not kept; the key is left out",
    }
}

/// Longer texts are images: their beginning says which.
const LONGEST: usize = 2_000;

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("data:") && text.len() > LONGEST => {
            let kind = text.split(',').next().unwrap_or("data:");
            Value::String(format!("{kind},… ({} bytes)", reelq_console::grouped(text.len() as u64)))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(shortened).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, shortened(value))).collect())
        }
        other => other,
    }
}

//! Builds the paid request of a job, the same bytes each time.

use reelq_model::{Digest, Failure, FailureKind, IdempotencyKey, Job};
use reelq_provider::{Provider, Request, SubmitInput};

use crate::{Images, images};

/// A request and the digest of its body.
#[derive(Debug)]
pub struct Built {
    /// The request, without the account's key.
    pub request: Request,
    /// The digest of its body.
    pub body: Digest,
}

/// Why there is no request.
#[derive(Debug)]
pub enum Unbuilt {
    /// The row cannot become a request; the others can.
    Row(Failure),
    /// The images could not be read just now.
    Images(std::io::Error),
}

/// Builds the request of a job for the submission that has this idempotency key; `None` where keys are not sent.
///
/// # Errors
/// The row cannot become a request, or its images cannot be read.
pub async fn build(
    provider: &dyn Provider,
    images: &dyn Images,
    job: &Job,
    key: Option<&IdempotencyKey>,
) -> Result<Built, Unbuilt> {
    let spec = &job.spec;
    let images = images::of(&job.batch, &spec.fields, images).await.map_err(Unbuilt::Images)?;
    let request = provider.submit(&SubmitInput { spec, key, images: &images });
    let request = request.map_err(|error| Unbuilt::Row(Failure::new(FailureKind::Invalid, error.to_string())))?;
    let body = Digest::of(request.body.as_deref().unwrap_or_default());
    Ok(Built { request, body })
}

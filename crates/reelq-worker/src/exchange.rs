//! What the handlers need of HTTP, so that tests can answer in a provider's place.

use async_trait::async_trait;
use reelq_model::{Digest, JobId, Setback, SubmitOutcome};
use reelq_provider::{Provider, Reply, Request};

/// Sends one account's requests. Never retries: a second try is a decision of the stage machine.
#[async_trait]
pub trait Exchange: Send + Sync + 'static {
    /// Sends a paid request once and says which class its fate belongs to.
    async fn submit(&self, provider: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome;

    /// Sends a request that is free to repeat and gives its complete reply, whatever its status code.
    async fn call(&self, request: &Request) -> Result<Reply, Setback>;

    /// A link that names no host, against the account's address; any other as it is.
    fn resolve(&self, link: &str) -> String {
        link.to_owned()
    }

    /// The fingerprint of the key and address that requests for `job` go out with. It changes when either does.
    fn fingerprint(&self, job: JobId) -> Option<Digest> {
        let _ = job;
        None
    }
}

#[async_trait]
impl Exchange for reelq_http::Transport {
    async fn submit(&self, provider: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome {
        self.submit(provider, submission, request).await
    }

    async fn call(&self, request: &Request) -> Result<Reply, Setback> {
        self.call(request).await.map_err(|error| Setback::new(format!("failed to {error}")))
    }

    fn resolve(&self, link: &str) -> String {
        self.resolve(link)
    }

    fn fingerprint(&self, job: JobId) -> Option<Digest> {
        Some(self.fingerprint(job))
    }
}

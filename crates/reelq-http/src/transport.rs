//! Speaks for one account, and decides what became of each paid request.
//!
//! A paid request goes out once, on a connection of its own: what fails before that connection stands was certainly not
//! sent, and all that fails later may have been taken.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use reelq_model::{Digest, Failure, FailureKind, JobId, Setback, SharedClock, SubmitOutcome};
use reelq_provider::{Method, Provider, Reply, Request};
use reqwest::{Client, Response, StatusCode, header};
use ring::hmac;
use secrecy::ExposeSecret;
use url::Url;

use crate::{
    AccountHttp, CallError, Error, body, client,
    keys::{Key, Keys},
    location, redact, target,
};

/// Speaks for one account. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

/// Idle connections kept for requests that are free to repeat: tasks that were bought together are asked about together. Fewer make
/// most of these requests pay for a new connection.
const FREE_IDLE_MAX: usize = 256;

struct Inner {
    base_url: Url,
    origin: String,
    keys: Keys,
    /// Keeps no connection: each request gets a fresh one.
    paid: Client,
    /// Keeps connections, for requests that are free to repeat.
    free: Client,
    clock: SharedClock,
    /// Why a request found no connection, and whether a later one did.
    unreachable: Mutex<Option<(String, bool)>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("origin", &self.inner.origin).finish_non_exhaustive()
    }
}

impl Transport {
    /// Checks the account's address and key; sends nothing.
    pub fn new(account: &AccountHttp, clock: SharedClock) -> Result<Self, Error> {
        target::check_base(account)?;
        let inner = Inner {
            base_url: account.base_url.clone(),
            origin: account.base_url.origin().ascii_serialization(),
            keys: Keys::new(account)?,
            paid: build_client(account, 0)?,
            free: build_client(account, FREE_IDLE_MAX)?,
            clock,
            unreachable: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The account's origin, for messages.
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// How many times the account's key was replaced so far; looks at its file.
    pub fn keys_replaced(&self) -> u64 {
        self.inner.keys.replaced()
    }

    /// A fingerprint of the account's key and address for requests about `job`. It changes when either does, and reveals neither.
    pub fn fingerprint(&self, job: JobId) -> Digest {
        let key = self.inner.keys.now();
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.secret.expose_secret().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"reelq account 1");
        context.update(job.as_bytes());
        context.update(target::identity(&self.inner.base_url).as_bytes());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.sign().as_ref());
        Digest::from_bytes(fingerprint)
    }

    /// Sends the paid request `request` once, and says what became of it.
    ///
    /// One that the door refuses (401) because its key was replaced meanwhile goes out again, once, with the new one.
    pub async fn submit(&self, provider: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome {
        let mut key = self.inner.keys.now();
        let mut sent = self.buy(request, &key).await;
        if let Some(new) = self.replaced(&sent, &key) {
            key = new;
            sent = self.buy(request, &key).await;
        }
        let response = match sent {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        if response.status().is_redirection() {
            return redirected(&self.redirect_of(&response, &key));
        }
        self.with_links(provider.submitted(submission, &self.read(response, &key).await))
    }

    /// The key in the place of the one that was refused.
    fn replaced(&self, sent: &Result<Response, CallError>, used: &Arc<Key>) -> Option<Arc<Key>> {
        let is_refused = sent.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED);
        if is_refused { self.inner.keys.instead_of(used) } else { None }
    }

    /// A link that names no host, against the account's address; any other as it is.
    pub fn resolve(&self, link: &str) -> String {
        let base = &self.inner.base_url;
        let is_relative = link.starts_with('/');
        base.join(link).ok().filter(|_| is_relative).map_or_else(|| link.to_owned(), String::from)
    }

    fn with_links(&self, outcome: SubmitOutcome) -> SubmitOutcome {
        let SubmitOutcome::Accepted(mut acceptance) = outcome else { return outcome };
        for link in &mut acceptance.outputs {
            link.url = self.resolve(&link.url);
        }
        SubmitOutcome::Accepted(acceptance)
    }

    /// Sends a request that costs nothing (status, cancel, balance), and reads the reply. Once, or once more where its key
    /// was replaced meanwhile.
    pub async fn call(&self, request: &Request) -> Result<Reply, CallError> {
        let mut key = self.inner.keys.now();
        let mut sent = self.ask(request, &key).await;
        if let Some(new) = self.replaced(&sent, &key) {
            key = new;
            sent = self.ask(request, &key).await;
        }
        let response = sent?;
        if response.status().is_redirection() {
            return Err(self.redirect_of(&response, &key));
        }
        Ok(self.read(response, &key).await)
    }

    async fn buy(&self, request: &Request, key: &Key) -> Result<Response, CallError> {
        let built = self.build(&self.inner.paid, request, key)?;
        self.execute(&self.inner.paid, built, key).await
    }

    async fn ask(&self, request: &Request, key: &Key) -> Result<Response, CallError> {
        let mut built = self.build(&self.inner.free, request, key)?;
        // What a cache between here and there remembers of a task is no news of it.
        built.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
        self.execute(&self.inner.free, built, key).await
    }

    fn build(&self, client: &Client, request: &Request, key: &Key) -> Result<reqwest::Request, CallError> {
        let unbuildable = || CallError::Unbuildable { path: key.redactor.text(request.path.clone()) };
        let url = target::join(&self.inner.base_url, request).ok_or_else(unbuildable)?;
        let mut builder = match request.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        };
        builder = builder.header(header::AUTHORIZATION, key.authorization.clone());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        builder.build().map_err(|_| unbuildable())
    }

    async fn execute(&self, client: &Client, request: reqwest::Request, key: &Key) -> Result<Response, CallError> {
        let sent = client.execute(request).await.map_err(|error| self.send_error(error, key));
        let mut unreachable = self.inner.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
        match (&sent, unreachable.as_mut()) {
            (Err(error @ CallError::Connect { .. }), _) => *unreachable = Some((format!("failed to {error}"), false)),
            (_, Some((_, is_over))) => *is_over = true,
            (_, None) => {}
        }
        drop(unreachable);
        sent
    }

    /// Why the vendor takes no connection, or took none since this was asked last; `None` where all is well. An outage is reported
    /// however short it was.
    pub fn unreachable(&self) -> Option<String> {
        let mut unreachable = self.inner.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
        let (reason, is_over) = unreachable.clone()?;
        if is_over {
            *unreachable = None;
        }
        Some(reason)
    }

    fn send_error(&self, error: reqwest::Error, key: &Key) -> CallError {
        let (origin, unsent) = (self.inner.origin.clone(), error.is_connect());
        let reason = key.redactor.text(redact::cause(error));
        if unsent { CallError::Connect { origin, reason } } else { CallError::Interrupted { origin, reason } }
    }

    async fn read(&self, response: Response, key: &Key) -> Reply {
        let clock = &self.inner.clock;
        body::read_reply(response, &key.redactor, || clock.now()).await
    }

    fn redirect_of(&self, response: &Response, key: &Key) -> CallError {
        let target = location::of(response.url(), response.headers());
        let target = target.map_or_else(|| "an unnamed address".to_owned(), |url| target::shown(&url));
        CallError::Redirected {
            origin: self.inner.origin.clone(),
            status: response.status().as_u16(),
            // Cleared of the key first: a cut would leave a part of it.
            target: brief(&key.redactor.text(target)),
        }
    }
}

/// So much of an address is enough to see where it leads.
const SHOWN_MAX: usize = 200;

fn brief(target: &str) -> String {
    match target.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &target[..end]),
        None => target.to_owned(),
    }
}

fn build_client(account: &AccountHttp, idle_connections: usize) -> Result<Client, Error> {
    let builder = client::builder(&account.deadlines).pool_max_idle_per_host(idle_connections);
    if account.base_url.scheme() == "http" {
        // Without TLS a proxy would read the key.
        return client::without_tls(builder);
    }
    let builder = builder.https_only(true);
    client::with_tls(match account.proxies.for_https()? {
        Some(proxy) => builder.proxy(proxy),
        None => builder,
    })
}

/// The outcome of a paid request that brought no reply.
fn unanswered(error: &CallError) -> SubmitOutcome {
    match error {
        CallError::Unbuildable { .. } => {
            SubmitOutcome::Rejected(Failure::new(FailureKind::Invalid, format!("failed to {error}")))
        }
        CallError::Connect { .. } => SubmitOutcome::NotSent(Setback::new(format!("failed to {error}"))),
        _ => SubmitOutcome::Ambiguous(Setback::new(format!("failed to {error}"))),
    }
}

/// The outcome of a paid request that was answered with a redirect.
///
/// 301, 307 and 308 say "repeat the same request over there": it was not carried out here. A gateway answers so while it is
/// out of order, so it is no verdict on the account; where every request is answered so, the account's breaker says why.
/// All others (302 and 303 above all, which many servers send after carrying out a POST) leave open whether something was
/// bought.
fn redirected(error: &CallError) -> SubmitOutcome {
    let setback = Setback::new(format!("failed to {error}"));
    match error {
        CallError::Redirected { status: 301 | 307 | 308, .. } => SubmitOutcome::TurnedAway(setback),
        _ => SubmitOutcome::Ambiguous(setback),
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::SystemClock;
    use secrecy::SecretString;

    use super::*;

    fn fingerprint(base_url: &str, key: &str, job: u8) -> Digest {
        let account = AccountHttp::new(base_url.parse().unwrap(), SecretString::from(key));
        let transport = Transport::new(&account, Arc::new(SystemClock::new())).unwrap();
        transport.fingerprint(JobId::from_bytes([job; 16]))
    }

    #[test]
    fn link_that_names_no_host_is_the_accounts_own() {
        let account = AccountHttp::new("https://api.example/v1/".parse().unwrap(), SecretString::from("sk-one"));
        let transport = Transport::new(&account, Arc::new(SystemClock::new())).unwrap();
        assert_eq!(transport.resolve("/f/a.mp4?s=1"), "https://api.example/f/a.mp4?s=1");
        assert_eq!(transport.resolve("//cdn.example/a.mp4"), "https://cdn.example/a.mp4");
        assert_eq!(transport.resolve("https://cdn.example/a.mp4"), "https://cdn.example/a.mp4");
    }

    #[test]
    fn fingerprint_changes_with_key_address_and_job_and_with_nothing_else() {
        let usual = fingerprint("http://127.0.0.1:1/v", "sk-one", 1);
        assert_eq!(fingerprint("http://127.0.0.1:1/v/", "sk-one", 1), usual);
        assert_eq!(
            fingerprint("http://127.0.0.1:2/v", "sk-one", 1),
            usual,
            "a port of this machine lasts for one process"
        );
        let others = [
            fingerprint("http://127.0.0.1:1/v", "sk-two", 1),
            fingerprint("https://api.example/v", "sk-one", 1),
            fingerprint("http://127.0.0.1:1/v", "sk-one", 2),
        ];
        assert!(others.iter().all(|other| *other != usual));
    }
}

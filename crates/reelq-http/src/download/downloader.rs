//! Opens downloads: judges links, follows redirects by hand, and reads the head of the reply.

use std::{fmt, sync::OnceLock};

use reelq_model::SharedClock;
use reelq_provider::retry_after;
use reqwest::{Client, Response, StatusCode, header};
use url::Url;

use super::{
    Download, DownloadError, DownloadPolicy, Resume,
    policy::{Gatekeeper, Trust},
    range::{ContentRange, Rest},
};
use crate::{
    Error, client, date,
    guard::{NotPublic, PublicResolver},
    location, redact,
};

const REDIRECTS_MAX: usize = 5;

/// Idle connections that are kept to each host: with fewer than there are downloads at once, most would connect anew.
const IDLE_MAX: usize = 64;

/// Opens downloads. Never sends a key, a cookie or a referrer.
pub struct Downloader {
    gatekeeper: Gatekeeper,
    policy: DownloadPolicy,
    /// For links without TLS, all of which the user named. Needs no root certificates, as a simulated run has none to need.
    plain: Client,
    /// For other links that the user named: any address.
    named: OnceLock<Client>,
    /// For all others: names resolve to public addresses only.
    public: OnceLock<Client>,
    clock: SharedClock,
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader").field("gatekeeper", &self.gatekeeper).finish_non_exhaustive()
    }
}

impl Downloader {
    /// Checks the policy; sends nothing.
    pub fn new(policy: &DownloadPolicy, clock: SharedClock) -> Result<Self, Error> {
        // A wrong proxy is reported at once, not with the first link.
        policy.proxies.for_https()?;
        Ok(Self {
            gatekeeper: Gatekeeper::new(policy)?,
            plain: client::without_tls(client::builder(&policy.deadlines).pool_max_idle_per_host(IDLE_MAX))?,
            named: OnceLock::new(),
            public: OnceLock::new(),
            policy: policy.clone(),
            clock,
        })
    }

    /// Clients with TLS are built for the first link that needs them.
    fn client_for(&self, url: &Url, trust: Trust) -> Result<&Client, DownloadError> {
        let (slot, guarded) = match trust {
            Trust::Named if url.scheme() == "http" => return Ok(&self.plain),
            Trust::Named => (&self.named, false),
            Trust::Public => (&self.public, true),
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client =
            secure_client(&self.policy, guarded).map_err(|error| DownloadError::transient(error.to_string()))?;
        Ok(slot.get_or_init(|| client))
    }

    /// Opens the file at `url`, from where an earlier download stopped if the file is still the same.
    pub async fn open(&self, url: &str, from: Option<Resume>) -> Result<Download, DownloadError> {
        let url = Url::parse(url).map_err(|_| DownloadError::Refused {
            link: "the link".to_owned(),
            why: "it is not an address".to_owned(),
        })?;
        let response = self.get(url.clone(), from.as_ref()).await?;
        let Some(from) = from else { return self.fresh(response).await };
        match from.judge(response.status(), response.headers()) {
            Rest::GoesOn => Download::rest(response, &from, self.policy.max_bytes).await,
            Rest::Complete => Ok(Download::complete(from.offset, from.validator)),
            Rest::Whole => self.fresh(response).await,
            Rest::Unusable => self.fresh(self.get(url, None).await?).await,
        }
    }

    async fn fresh(&self, response: Response) -> Result<Download, DownloadError> {
        if !is_from_the_first_byte(&response) {
            let reason = format!("the server answered {} to a plain request", response.status().as_u16());
            return Err(DownloadError::transient(reason));
        }
        Download::fresh(response, self.policy.max_bytes).await
    }

    /// Follows redirects until there is an answer; every step is judged like the first.
    async fn get(&self, mut url: Url, from: Option<&Resume>) -> Result<Response, DownloadError> {
        for _ in 0..=REDIRECTS_MAX {
            let response = self.step(&url, from).await?;
            if !response.status().is_redirection() {
                return self.sort(response);
            }
            url = next_hop(&url, &response)?;
        }
        Err(DownloadError::transient(format!("the link redirects more than {REDIRECTS_MAX} times")))
    }

    async fn step(&self, url: &Url, from: Option<&Resume>) -> Result<Response, DownloadError> {
        let client = self.client_for(url, self.gatekeeper.judge(url)?)?;
        let mut request = client.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
        if let Some(from) = from {
            request = request.header(header::RANGE, format!("bytes={}-", from.offset));
            request = request.header(header::IF_RANGE, from.validator.as_str());
        }
        request.send().await.map_err(|error| refused_name(url, error))
    }

    fn sort(&self, response: Response) -> Result<Response, DownloadError> {
        let status = response.status();
        match status.as_u16() {
            // Whether it is a file, and whole, its content says; these two say that there is none.
            204 | 205 => Err(DownloadError::transient(format!("the server answered {status}, which brings no file"))),
            200..=299 | 416 => Ok(response),
            // Object stores answer 400 or 403 to a signature that ran out, and 404 or 410 to a file that was swept away.
            400 | 401 | 403 | 404 | 410 => Err(DownloadError::Gone { status: status.as_u16() }),
            code => {
                let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                // A date is the server's, and so is the clock that it is read against.
                let now = date::of(response.headers()).unwrap_or_else(|| self.clock.now());
                let after = wait.and_then(|value| retry_after::parse(value, now));
                Err(DownloadError::Transient { reason: format!("the server answered {code}"), after })
            }
        }
    }
}

fn secure_client(policy: &DownloadPolicy, guarded: bool) -> Result<Client, Error> {
    let mut builder = client::builder(&policy.deadlines).pool_max_idle_per_host(IDLE_MAX).https_only(true);
    if guarded {
        builder = builder.dns_resolver(PublicResolver { proxy: policy.proxies.host() });
    }
    if let Some(proxy) = policy.proxies.for_https()? {
        builder = builder.proxy(proxy);
    }
    client::with_tls(builder)
}

/// Some servers call a whole file a part of itself, though no part was asked for.
fn is_from_the_first_byte(response: &Response) -> bool {
    match response.status() {
        StatusCode::PARTIAL_CONTENT => match response.headers().get(header::CONTENT_RANGE) {
            Some(_) => ContentRange::of(response.headers()).is_some_and(|range| range.start == Some(0)),
            None => !is_multipart(response),
        },
        status => status.is_success(),
    }
}

fn is_multipart(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"))
}

fn next_hop(from: &Url, response: &Response) -> Result<Url, DownloadError> {
    let next = location::of(from, response.headers());
    let next = next.ok_or_else(|| DownloadError::transient("the link redirects to nowhere"))?;
    if from.scheme() == "https" && next.scheme() != "https" {
        return Err(DownloadError::refused(&next, "a secure link redirects to one that is not"));
    }
    Ok(next)
}

fn refused_name(url: &Url, error: reqwest::Error) -> DownloadError {
    if NotPublic::is_behind(&error) {
        return DownloadError::untrusted(url, "its name leads to an address that is not on the public internet");
    }
    DownloadError::transient(redact::cause(error))
}

//! A bare client's calls.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use reqwest::Client;
use serde_json::Value;

/// Looks until the task has ended, and downloads its clip.
pub(crate) async fn output(http: &Client, task: &str) -> Result<Bytes> {
    let url = loop {
        let status: Value = http.get(task).bearer_auth("bench").send().await?.json().await?;
        let url = &status["result"]["videos"][0]["url"];
        if let Some(url) = url.as_str().or_else(|| url[0].as_str()) {
            break url.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    Ok(http.get(url).send().await?.error_for_status()?.bytes().await?)
}

/// A client that keeps so many idle connections.
pub(crate) fn http(idle: usize) -> Result<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the bare client is what the transport is compared with")]
    Client::builder().no_proxy().http1_only().pool_max_idle_per_host(idle).build().context("build a client")
}

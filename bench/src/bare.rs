//! The same HTTP calls as a job needs, made by a bare client that remembers nothing and writes nothing.

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Client;
use serde_json::{Value, json};

/// Buys, waits for and downloads `jobs` clips, `concurrency` at a time.
pub(crate) async fn run(base_url: &str, jobs: usize, concurrency: usize) -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the bare client is what the transport is compared with")]
    let client = Client::builder().no_proxy().build().context("build a client")?;
    stream::iter(0..jobs)
        .map(|job| one_job(&client, base_url, job))
        .buffer_unordered(concurrency)
        .try_for_each(|()| async { Ok(()) })
        .await
}

async fn one_job(client: &Client, base_url: &str, job: usize) -> Result<()> {
    let body = json!({ "model": "minimax-hailuo-2.3", "prompt": format!("bare, take {job}"), "duration": 6 });
    let submitted: Value =
        client.post(format!("{base_url}/v1/tasks")).bearer_auth("bare").json(&body).send().await?.json().await?;
    let task = submitted["task_id"].as_str().context("a task id")?.to_owned();
    let url = loop {
        let status: Value =
            client.get(format!("{base_url}/v1/tasks/{task}")).bearer_auth("bare").send().await?.json().await?;
        let url = &status["result"]["videos"][0]["url"];
        if let Some(url) = url.as_str().or_else(|| url[0].as_str()) {
            break url.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    client.get(url).send().await?.error_for_status()?.bytes().await?;
    Ok(())
}

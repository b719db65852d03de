//! Bare clients, each in a process of its own: the same HTTP calls as a job needs, with more and more of reelq's duties.
//!
//! None of them remembers anything: a client that is killed has lost what it paid for.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reelq_model::Digest;
use reqwest::Client;
use serde_json::{Value, json};

/// What a client does for its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Duties {
    /// Buys, waits and downloads over connections that are kept open, and writes nothing.
    Naive,
    /// Buys over a fresh connection each time, since one that was kept may have been closed under the request.
    Fresh,
    /// Makes each file durable as well: hashed, written beside, synced, and renamed.
    Durable,
    /// Syncs the folder after each as well, so that its name is durable, too.
    Synced,
}

impl Duties {
    pub(crate) const ALL: [Self; 4] = [Self::Naive, Self::Fresh, Self::Durable, Self::Synced];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Fresh => "fresh",
            Self::Durable => "durable",
            Self::Synced => "synced",
        }
    }

    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Naive => "kept connections, nothing written",
            Self::Fresh => "+ a fresh connection a purchase",
            Self::Durable => "+ each file hashed, written beside, fdatasync, renamed",
            Self::Synced => "+ the folder synced after each",
        }
    }
}

/// One client at work.
struct Bare {
    duties: Duties,
    base_url: String,
    folder: Box<Path>,
    paid: Client,
    free: Client,
}

/// The client's own process: `reelq-bench --role client DUTIES BASE_URL JOBS CONCURRENCY FOLDER`.
pub(crate) fn work(arguments: &[String]) -> Result<()> {
    let [duties, base_url, jobs, concurrency, folder] = arguments else { anyhow::bail!("a client has five arguments") };
    let duties = Duties::ALL.into_iter().find(|it| it.name() == duties).context("there are no such duties")?;
    let (jobs, concurrency): (usize, usize) = (jobs.parse()?, concurrency.parse()?);
    let free = http(2 * concurrency)?;
    let paid = if duties == Duties::Naive { free.clone() } else { http(0)? };
    let bare = Arc::new(Bare { duties, base_url: base_url.clone(), folder: Path::new(folder).into(), paid, free });
    let runtime = tokio::runtime::Runtime::new().context("start a runtime")?;
    runtime.block_on(async {
        let jobs = stream::iter(0..jobs).map(|job| Arc::clone(&bare).one_job(job));
        jobs.buffer_unordered(concurrency).try_for_each(|()| async { Ok(()) }).await
    })
}

impl Bare {
    async fn one_job(self: Arc<Self>, job: usize) -> Result<()> {
        let tasks = format!("{}/v1/tasks", self.base_url);
        let body = json!({ "model": "minimax-hailuo-2.3", "prompt": format!("bare, take {job}"), "duration": 6 });
        let bought: Value = self.paid.post(&tasks).bearer_auth("bench").json(&body).send().await?.json().await?;
        let task = bought["task_id"].as_str().context("a task id")?;
        let clip = output(&self.free, &format!("{tasks}/{task}")).await?;
        if self.duties >= Duties::Durable {
            tokio::task::spawn_blocking(move || self.keep(job, &clip)).await??;
        }
        Ok(())
    }

    fn keep(&self, job: usize, clip: &[u8]) -> Result<()> {
        std::hint::black_box(Digest::of(clip));
        let (part, name) = (self.folder.join(format!("{job:06}.part")), self.folder.join(format!("{job:06}.mp4")));
        let mut file = File::create(&part).context("make a file")?;
        file.write_all(clip).and_then(|()| file.sync_data()).context("write a file")?;
        fs::rename(part, name).context("rename a file")?;
        if self.duties >= Duties::Synced {
            File::open(&self.folder).and_then(|folder| folder.sync_all()).context("sync the folder")?;
        }
        Ok(())
    }
}

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

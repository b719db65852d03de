//! Loading, and taking in hand and committing, as fast as the store goes.

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use reelq_model::{Acceptance, Clock as _, Event, Submission, SystemClock, TaskId, Timestamp, WorkerId};
use reelq_store::{Claim, ClaimStage, Commit, Committed, Lease, SharedStore};

use super::{
    lines,
    server::{Counted, Server},
};
use crate::figure::Report;

/// Lines of one call.
const CHUNK: usize = 1000;
/// Calls under way at once while loading.
const CALLS: usize = 4;
/// Jobs of one claim.
pub(super) const GROUP: usize = 64;
/// Workers at once; two cores, and the server has one of them.
const WORKERS: usize = 4;

/// What BullMQ is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) enqueued: f64,
    pub(super) worked: f64,
    /// Bytes of a job's own JSON.
    pub(super) payload: usize,
}

pub(super) async fn measure(report: &mut Report, server: &Server, jobs: usize) -> Result<Pace> {
    let store = server.store().await?;
    let of = format!("{jobs} jobs, Redis");
    let before = server.counted()?;
    let (enqueued, payload) = enqueue(&store, "set", jobs).await?;
    let loaded = server.counted()?;
    let per_job = |from: Counted, to: Counted| (to.commands - from.commands) as f64 / jobs as f64;
    report.add("jobs_enqueued_per_second", enqueued, &of);
    report.add("commands_per_enqueued_job", per_job(before, loaded), &of);
    let bytes = (loaded.memory - before.memory) as f64 / jobs as f64 - payload as f64;
    report.add("bytes_per_waiting_job_beyond_payload", bytes, format!("{of}, payload {payload} bytes"));

    let bought = steps(server, jobs, ClaimStage::Submit).await?;
    report.add("jobs_claimed_and_bought_per_second", bought, format!("{of}, one claim and two commits each"));
    let before = server.counted()?;
    let worked = steps(server, jobs, ClaimStage::Poll).await?;
    let after = server.counted()?;
    report.add("jobs_claimed_and_committed_per_second", worked, format!("{of}, {WORKERS} workers, {GROUP} at a time"));
    report.add("commands_per_claimed_and_committed_job", per_job(before, after), &of);
    Ok(Pace { enqueued, worked, payload })
}

/// Loads a batch; jobs a second, and the bytes of one job's JSON.
pub(super) async fn enqueue(store: &SharedStore, name: &str, jobs: usize) -> Result<(f64, usize)> {
    let draft = lines::batch(name)?;
    let lines = lines::lines(&draft, jobs)?;
    store.set_limits(&lines::account()?, &lines::no_limits()).await.context("set the account's limits")?;
    let clock = SystemClock::new();
    let load = store.begin_import(&draft).await.context("begin the load")?;
    let calls = futures_util::stream::iter(lines.chunks(CHUNK)).map(|chunk| store.add_to_import(&load, chunk));
    calls.buffered(CALLS).try_collect::<Vec<_>>().await.context("enqueue")?;
    store.commit_import(&load).await.context("finish the load")?;
    let pace = jobs as f64 / clock.monotonic().as_secs_f64();
    let id = lines.first().context("there are lines")?.id();
    let job = store.job(id).await?.context("the job is there")?.job;
    Ok((pace, serde_json::to_vec(&job)?.len()))
}

/// Takes each job of a stage in hand once and moves it on; jobs a second.
async fn steps(server: &Server, jobs: usize, stage: ClaimStage) -> Result<f64> {
    let mut stores = Vec::new();
    for _ in 0..WORKERS {
        stores.push(server.store().await?);
    }
    let clock = SystemClock::new();
    let done = try_join_all(stores.iter().enumerate().map(|(number, store)| step_all(store, number, stage))).await?;
    let done: usize = done.into_iter().sum();
    ensure!(done == jobs, "{done} of {jobs} jobs were there to move");
    Ok(jobs as f64 / clock.monotonic().as_secs_f64())
}

pub(super) fn claim(number: usize, stage: ClaimStage, limit: usize) -> Result<Claim> {
    let worker = WorkerId::new(format!("bench-{number}"))?;
    let lease = std::time::Duration::from_secs(15);
    Ok(Claim {
        stage,
        account: lines::account()?,
        limit,
        worker,
        lease,
        batch: None,
        except: Vec::new(),
        only_open: false,
    })
}

async fn step_all(store: &SharedStore, number: usize, stage: ClaimStage) -> Result<usize> {
    let claim = claim(number, stage, GROUP)?;
    let mut done = 0;
    loop {
        let leases = store.claim(&claim).await.context("claim")?.leases;
        if leases.is_empty() {
            return Ok(done);
        }
        done += leases.len();
        match stage {
            ClaimStage::Submit => buy(store, leases, |_| std::time::Duration::ZERO).await?,
            _ => ask_later(store, leases).await?,
        }
    }
}

/// Takes claimed jobs to `running`, each to be asked about after `first_poll`.
pub(super) async fn buy(
    store: &SharedStore,
    leases: Vec<Lease>,
    first_poll: impl Fn(&Lease) -> std::time::Duration,
) -> Result<()> {
    let sending = leases.into_iter().map(|lease| Commit { event: sending(&lease), lease, keep: true }).collect();
    let sent = commit(store, sending).await?;
    let accepted = sent.into_iter().map(|lease| {
        let event = Event::Accepted { acceptance: acceptance(&lease)?, first_poll: first_poll(&lease) };
        Ok(Commit { lease, event, keep: false })
    });
    commit(store, accepted.collect::<Result<_>>()?).await?;
    Ok(())
}

/// Puts claimed tasks off for an hour, as after a status request that brought nothing.
pub(super) async fn ask_later(store: &SharedStore, leases: Vec<Lease>) -> Result<()> {
    let next_poll = std::time::Duration::from_hours(1);
    let event = Event::Running {
        next_poll,
        word: Some("running".to_owned()),
        progress: None,
        overdue: false,
        answered: true,
        trouble: None,
    };
    commit(store, leases.into_iter().map(|lease| Commit { lease, event: event.clone(), keep: false }).collect())
        .await?;
    Ok(())
}

async fn commit(store: &SharedStore, commits: Vec<Commit>) -> Result<Vec<Lease>> {
    let mut kept = Vec::new();
    for committed in store.commit(&commits).await.context("commit")? {
        match committed {
            Committed::Done(lease) => kept.extend(lease),
            other => anyhow::bail!("a commit was refused: {other:?}"),
        }
    }
    Ok(kept)
}

fn sending(lease: &Lease) -> Event {
    let job = &lease.job;
    let (number, key) = (job.next_submission(), job.next_key());
    let body = reelq_model::Digest::of(b"body");
    Event::Sending { submission: Submission { number, key, body, at: lease.granted_at, mark: None } }
}

fn acceptance(lease: &Lease) -> Result<Acceptance> {
    let task = TaskId::new(format!("task-{}", lease.job.id))?;
    Ok(Acceptance {
        task,
        submission: lease.job.next_submission(),
        cost: None,
        at: Timestamp::from_millis(0),
        outputs: Vec::new(),
    })
}

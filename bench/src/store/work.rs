//! Loading, and taking in hand and committing, as fast as the store goes.

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use reelq_model::{Acceptance, Event, Submission, TaskId, Timestamp, WorkerId};
use reelq_store::{BatchDraft, Claim, ClaimStage, Commit, Committed, Lease, LineDraft, SharedStore};

use super::{Server, lines};

/// Lines of one call.
const CHUNK: usize = 1000;
/// Calls under way at once while loading.
const CALLS: usize = 4;
/// Jobs of one claim.
pub(super) const GROUP: usize = 64;
/// Workers at once; two cores, and the server has one of them.
pub(super) const WORKERS: usize = 4;

/// Makes a batch of `jobs` lines and loads it.
pub(super) async fn enqueue(store: &SharedStore, name: &str, jobs: usize) -> Result<()> {
    let draft = lines::batch(name)?;
    load(store, &draft, &lines::lines(&draft, jobs)?).await
}

/// Loads a batch.
pub(super) async fn load(store: &SharedStore, draft: &BatchDraft, lines: &[LineDraft]) -> Result<()> {
    store.set_limits(&lines::account()?, &lines::no_limits()).await.context("set the account's limits")?;
    let load = store.begin_import(draft).await.context("begin the load")?;
    let calls = futures_util::stream::iter(lines.chunks(CHUNK)).map(|chunk| store.add_to_import(&load, chunk));
    calls.buffered(CALLS).try_collect::<Vec<_>>().await.context("enqueue")?;
    store.commit_import(&load).await.context("finish the load")?;
    Ok(())
}

/// Takes each job of a stage in hand once, `group` at a time, and moves it on.
pub(super) async fn steps(server: &Server, jobs: usize, group: usize, stage: ClaimStage) -> Result<()> {
    let mut stores = Vec::new();
    for _ in 0..WORKERS {
        stores.push(server.store().await?);
    }
    let workers = stores.iter().enumerate();
    let done = try_join_all(workers.map(|(number, store)| step_all(store, claim(number, stage, group)))).await?;
    let done: usize = done.into_iter().sum();
    ensure!(done == jobs, "{done} of {jobs} jobs were there to move");
    Ok(())
}

pub(crate) fn claim(number: usize, stage: ClaimStage, limit: usize) -> Result<Claim> {
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

async fn step_all(store: &SharedStore, claim: Result<Claim>) -> Result<usize> {
    let claim = claim?;
    let mut done = 0;
    loop {
        let leases = store.claim(&claim).await.context("claim")?.leases;
        if leases.is_empty() {
            return Ok(done);
        }
        done += leases.len();
        match claim.stage {
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

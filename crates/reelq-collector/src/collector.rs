//! The handler of finished tasks: fetching to succeeded.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_http::Downloader;
use reelq_model::{Digest, Event, Job, OutputLink, SharedClock, Stage, StoredFile};
use reelq_store::{ClaimStage, Line, SharedStore};
use reelq_worker::{AccountMetrics, CircuitBreaker, Finish, Handler, JobContext, SharedRng};

use crate::{
    Places, StorageOptions,
    fetch::{self, FetchTask},
    fetch_error::FetchError,
    fetched_outputs::{self, FetchedOutputs, MissingOutput},
    naming::Naming,
    patience::Patience,
    quarantine,
    targets::{Target, Targets},
};

/// When a job is tried again whose output place takes no files.
const CLOSED: Duration = Duration::from_secs(2);

/// Fetches the outputs of finished tasks and puts them into their places.
#[derive(Debug)]
pub struct Collector {
    targets: Targets,
    downloader: Arc<Downloader>,
    metrics: Arc<AccountMetrics>,
    rng: Arc<SharedRng>,
    breaker: Option<CircuitBreaker>,
    places: Option<Arc<Places>>,
}

impl Collector {
    /// A collector for one account's outputs, counted by `metrics`.
    pub fn new(
        store: SharedStore,
        downloader: Arc<Downloader>,
        options: StorageOptions,
        clock: SharedClock,
        metrics: Arc<AccountMetrics>,
        rng: Arc<SharedRng>,
    ) -> Self {
        Self { targets: Targets::new(store, clock, options), downloader, metrics, rng, breaker: None, places: None }
    }

    /// Reports to the account's breaker whether outputs can be fetched.
    #[must_use]
    pub fn with_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Has the output places checked where one did not take a file.
    #[must_use]
    pub fn with_places(mut self, places: Arc<Places>) -> Self {
        self.places = Some(places);
        self
    }

    /// One attempt at everything that is not in its place yet, and what comes of it.
    async fn attempt(&self, patience: Patience<'_>, own: Option<&Arc<Line>>, links: &[OutputLink]) -> Event {
        match self.outcome(patience, own, links).await {
            Ok(event) => event,
            Err(error @ FetchError::Place(_)) => match self.closed(patience.job).await {
                // The closed gate holds it; this is only for workers of other processes.
                Some(reason) => Event::FetchLater { reason, after: CLOSED },
                None => patience.event(error),
            },
            Err(error) => {
                // What hinders on this side says nothing of the account.
                if matches!(error, FetchError::Late(_)) {
                    self.report(patience, Err(error.reason())).await;
                }
                patience.event(error)
            }
        }
    }

    /// Why the job's output place takes no files at all.
    async fn closed(&self, job: &Job) -> Option<String> {
        self.places.as_ref()?.failed(&job.batch).await
    }

    /// Reports to the account's breaker whether what was bought can be had.
    async fn report(&self, patience: Patience<'_>, outcome: Result<(), &str>) {
        if let Some(breaker) = &self.breaker {
            breaker.record_fetch(patience.job.id, outcome, patience.now).await;
        }
    }

    /// The one place that says what the job's outputs came to: stored, to be tried again, or out of reach.
    async fn outcome(
        &self,
        patience: Patience<'_>,
        own: Option<&Arc<Line>>,
        links: &[OutputLink],
    ) -> Result<Event, FetchError> {
        let job = patience.job;
        let target = self.targets.of(&job.batch).await?;
        let line = self.targets.line(job, own).await?;
        let naming = Naming { template: &target.template, job, line: line.as_deref(), outputs: links.len() };
        let outputs = self.collect(&target, &naming, links).await?;
        if outputs.is_enough(job) {
            self.report(patience, Ok(())).await;
            return match patience.beside(&outputs.missing) {
                Some(event) => Ok(event),
                None => Ok(Event::Stored { files: stored(outputs, &target, &naming).await? }),
            };
        }
        let late = outputs.late();
        self.report(patience, Err(&late.reason)).await;
        Ok(match patience.event(FetchError::Late(late)) {
            Event::FetchFailed { mut failure } => {
                failure.message.push_str(&kept_all_the_same(outputs, &target, &naming).await?);
                Event::FetchFailed { failure }
            }
            event => event,
        })
    }

    /// Tries every output: one that is late holds up no other.
    async fn collect(
        &self,
        target: &Target,
        naming: &Naming<'_>,
        links: &[OutputLink],
    ) -> Result<FetchedOutputs, FetchError> {
        let (job, mut outputs) = (naming.job, FetchedOutputs::default());
        let again = links.len() > 1 || job.setbacks > 0 || job.link_refreshes > 0;
        let promises_video = fetched_outputs::promises_video(&job.spec.mode);
        let digests: Vec<Digest> = links.iter().map(fetch::link_digest).collect();
        for (index, link) in links.iter().enumerate() {
            let output = index + 1;
            let (place, downloader, metrics, job) = (&target.place, &self.downloader, &*self.metrics, job.id);
            let others =
                digests.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, digest)| *digest).collect();
            let wants_video =
                promises_video && (links.len() == 1 || fetched_outputs::is_named_video(link).unwrap_or_default());
            let fetch_task =
                FetchTask { place, downloader, metrics, job, output, link, others, naming, again, wants_video };
            match Box::pin(fetch_task.run()).await {
                Ok(fetched) => outputs.present.push(fetched),
                Err(FetchError::Late(late)) => outputs.missing.push(MissingOutput { output, link: link.clone(), late }),
                Err(other) => return Err(other),
            }
        }
        Ok(outputs)
    }
}

/// The files of a job that has what was bought; what is missing beside it is kept unverified, or named in a note.
async fn stored(
    mut outputs: FetchedOutputs,
    target: &Target,
    naming: &Naming<'_>,
) -> Result<Vec<StoredFile>, FetchError> {
    let missing = std::mem::take(&mut outputs.missing);
    let (mut files, mut notes) = (outputs.into_files(), Vec::new());
    for absent in missing {
        match kept(&absent, target, naming).await? {
            Some(file) => files.push(file),
            None => notes.push(format!("output {} was given up: failed to {}", absent.output, absent.late.reason)),
        }
    }
    if let Some(first) = files.first_mut().filter(|_| !notes.is_empty()) {
        first.note = Some(notes.join("; "));
    }
    Ok(files)
}

/// What came in place of an output, in the output place.
async fn kept(absent: &MissingOutput, target: &Target, naming: &Naming<'_>) -> Result<Option<StoredFile>, FetchError> {
    let name = |media| naming.kept(absent.output, &absent.link, media);
    let kept = quarantine::publish(&target.place, naming.job.id, absent.output, name).await?;
    let what = |media: Option<_>| if media.is_some() { "is what came" } else { "could not be verified" };
    Ok(kept.map(|kept| StoredFile {
        note: Some(format!("{} {}: failed to {}", kept.path, what(kept.media), absent.late.reason)),
        path: kept.path,
        bytes: kept.bytes,
        sha256: kept.sha256,
        source_url: absent.link.url.clone(),
        expires_at: absent.link.expires_at,
    }))
}

/// The end of the message of a job that did not get what was bought: whatever came in its place is kept.
async fn kept_all_the_same(
    outputs: FetchedOutputs,
    target: &Target,
    naming: &Naming<'_>,
) -> Result<String, FetchError> {
    let files = stored(outputs, target, naming).await?;
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    Ok(if paths.is_empty() { String::new() } else { format!("; what came is kept: {}", paths.join(", ")) })
}

#[async_trait]
impl Handler for Collector {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Collect
    }

    /// What was bought is fetched even where a person asked to cancel: the money is gone, and the file is theirs.
    async fn handle(&self, context: &mut dyn JobContext) -> Finish {
        let job = Arc::clone(context.job());
        let Stage::Fetching { task, outputs } = &job.stage else { return Finish::GiveBack };
        let patience = Patience { job: &job, now: context.now(), rng: &self.rng };
        let line = context.line();
        Finish::Event(self.attempt(patience, line.as_ref(), patience.in_turn(task, outputs)).await)
    }
}

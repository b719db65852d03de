//! The handler of finished tasks: fetching to succeeded.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_http::Downloader;
use reelq_model::{Digest, Event, Job, OutputLink, SharedClock, Stage, StoredFile};
use reelq_store::{ClaimStage, SharedStore};
use reelq_worker::{AccountMetrics, CircuitBreaker, Finish, Handler, JobContext, SharedRng};

use crate::{
    Places, StorageOptions, aside,
    fetch::{self, Errand},
    haul::{self, Haul, Lack},
    naming::Naming,
    patience::Patience,
    targets::{Target, Targets},
    trouble::Trouble,
};

/// When a job is looked at again whose output place takes no files.
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

    /// Tells the account's breaker whether outputs can be fetched.
    #[must_use]
    pub fn with_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Has the output places looked at where one did not take a file.
    #[must_use]
    pub fn with_places(mut self, places: Arc<Places>) -> Self {
        self.places = Some(places);
        self
    }

    /// One attempt at everything that is not in its place yet, and what comes of it.
    async fn attempt(&self, patience: Patience<'_>, links: &[OutputLink]) -> Event {
        match self.outcome(patience, links).await {
            Ok(event) => event,
            Err(trouble @ Trouble::Place(_)) => match self.closed(patience.job).await {
                // The closed gate holds it; this is only for workers of other processes.
                Some(reason) => Event::FetchLater { reason, after: CLOSED },
                None => patience.event(trouble),
            },
            Err(trouble) => {
                // What hinders on this side says nothing of the account.
                if matches!(trouble, Trouble::Late(_)) {
                    self.tell(patience, Err(trouble.reason())).await;
                }
                patience.event(trouble)
            }
        }
    }

    /// Why the job's output place takes no files at all.
    async fn closed(&self, job: &Job) -> Option<String> {
        self.places.as_ref()?.failed(&job.batch).await
    }

    /// Tells the account's breaker whether what was bought can be had.
    async fn tell(&self, patience: Patience<'_>, outcome: Result<(), &str>) {
        if let Some(breaker) = &self.breaker {
            breaker.record_fetch(patience.job.id, outcome, patience.now).await;
        }
    }

    /// The one place that says what the job's outputs came to: stored, to be tried again, or out of reach.
    async fn outcome(&self, patience: Patience<'_>, links: &[OutputLink]) -> Result<Event, Trouble> {
        let job = patience.job;
        let target = self.targets.of(&job.batch).await?;
        let line = self.targets.line(job).await?;
        let naming = Naming { template: &target.template, job, line: line.as_ref(), outputs: links.len() };
        let haul = self.collect(&target, &naming, links).await?;
        if haul.is_enough(job) {
            self.tell(patience, Ok(())).await;
            return match patience.beside(&haul.lacking) {
                Some(event) => Ok(event),
                None => Ok(Event::Stored { files: stored(haul, &target, &naming).await? }),
            };
        }
        let late = haul.late();
        self.tell(patience, Err(&late.reason)).await;
        Ok(match patience.event(Trouble::Late(late)) {
            Event::FetchFailed { mut failure } => {
                failure.message.push_str(&kept_all_the_same(haul, &target, &naming).await?);
                Event::FetchFailed { failure }
            }
            event => event,
        })
    }

    /// Tries every output: one that is late holds up no other.
    async fn collect(&self, target: &Target, naming: &Naming<'_>, links: &[OutputLink]) -> Result<Haul, Trouble> {
        let (job, mut haul) = (naming.job, Haul::default());
        let again = links.len() > 1 || job.setbacks > 0 || job.link_refreshes > 0;
        let promises_video = haul::promises_video(&job.spec.mode);
        let marks: Vec<Digest> = links.iter().map(fetch::mark).collect();
        for (index, link) in links.iter().enumerate() {
            let output = index + 1;
            let (place, downloader, metrics, job) = (&target.place, &self.downloader, &*self.metrics, job.id);
            let others = marks.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, mark)| *mark).collect();
            let wants_video = promises_video && (links.len() == 1 || haul::is_named_video(link).unwrap_or_default());
            let errand = Errand { place, downloader, metrics, job, output, link, others, naming, again, wants_video };
            match Box::pin(errand.run()).await {
                Ok(fetched) => haul.got.push(fetched),
                Err(Trouble::Late(late)) => haul.lacking.push(Lack { output, link: link.clone(), late }),
                Err(other) => return Err(other),
            }
        }
        Ok(haul)
    }
}

/// The files of a job that has what was bought; what is lacking beside it is kept unverified, or told of.
async fn stored(mut haul: Haul, target: &Target, naming: &Naming<'_>) -> Result<Vec<StoredFile>, Trouble> {
    let lacking = std::mem::take(&mut haul.lacking);
    let (mut files, mut notes) = (haul.into_files(), Vec::new());
    for lack in lacking {
        match kept(&lack, target, naming).await? {
            Some(file) => files.push(file),
            None => notes.push(format!("output {} was given up: failed to {}", lack.output, lack.late.reason)),
        }
    }
    if let Some(first) = files.first_mut().filter(|_| !notes.is_empty()) {
        first.note = Some(notes.join("; "));
    }
    Ok(files)
}

/// What came in place of an output, in the output place.
async fn kept(lack: &Lack, target: &Target, naming: &Naming<'_>) -> Result<Option<StoredFile>, Trouble> {
    let name = |media| naming.kept(lack.output, &lack.link, media);
    let kept = aside::publish(&target.place, naming.job.id, lack.output, name).await?;
    let what = |media: Option<_>| if media.is_some() { "is what came" } else { "could not be verified" };
    Ok(kept.map(|kept| StoredFile {
        note: Some(format!("{} {}: failed to {}", kept.path, what(kept.media), lack.late.reason)),
        path: kept.path,
        bytes: kept.bytes,
        sha256: kept.sha256,
        source_url: lack.link.url.clone(),
        expires_at: lack.link.expires_at,
    }))
}

/// The end of the message of a job that did not get what was bought: whatever came in its place is kept.
async fn kept_all_the_same(haul: Haul, target: &Target, naming: &Naming<'_>) -> Result<String, Trouble> {
    let files = stored(haul, target, naming).await?;
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
        Finish::Event(self.attempt(patience, patience.in_turn(task, outputs)).await)
    }
}

//! The handler of finished tasks: fetching to succeeded.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_http::Downloader;
use reelq_model::{Event, Failure, FailureKind, Job, OutputLink, SharedClock, Stage, StoredFile};
use reelq_store::{ClaimStage, SharedStore};
use reelq_worker::{Backoff, Breaking, Desk, Dice, Finish, Handler, Pulse};

use crate::{
    NameValues, StorageOptions,
    fetch::{self, Errand},
    targets::Targets,
    trouble::Trouble,
};

/// Links of one task are refreshed this often before its output counts as lost.
const LINK_REFRESHES_MAX: u32 = 5;

/// Setbacks in a row (half an hour and more) after which a person is asked.
const SETBACKS_MAX: u32 = 40;

const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(2) };

/// Fetches the outputs of finished tasks and puts them into their places.
#[derive(Debug)]
pub struct Collector {
    targets: Targets,
    downloader: Arc<Downloader>,
    pulse: Arc<Pulse>,
    dice: Arc<Dice>,
    breaking: Option<Breaking>,
}

impl Collector {
    /// A collector for one account's outputs, counted by `pulse`.
    pub fn new(
        store: SharedStore,
        downloader: Arc<Downloader>,
        options: StorageOptions,
        clock: SharedClock,
        pulse: Arc<Pulse>,
        dice: Arc<Dice>,
    ) -> Self {
        Self { targets: Targets::new(store, clock, options), downloader, pulse, dice, breaking: None }
    }

    /// Tells the account's breaker whether outputs can be fetched.
    #[must_use]
    pub fn telling(mut self, breaking: Breaking) -> Self {
        self.breaking = Some(breaking);
        self
    }

    async fn collect(&self, job: &Job, links: &[OutputLink]) -> Result<Vec<StoredFile>, Trouble> {
        let target = self.targets.of(&job.batch).await?;
        let line = self.targets.line(job).await?;
        let mut files = Vec::with_capacity(links.len());
        for (index, link) in links.iter().enumerate() {
            let output = index + 1;
            let name = target.template.name(&NameValues {
                job,
                line: line.as_ref(),
                output,
                outputs: links.len(),
                kind: link.kind,
                extension: fetch::extension(link),
            });
            let (downloader, pulse) = (&self.downloader, &*self.pulse);
            let again = links.len() > 1 || job.setbacks > 0 || job.link_refreshes > 0;
            let errand = Errand { place: &target.place, downloader, pulse, job: job.id, output, link, name, again };
            files.push(Box::pin(errand.run()).await?);
        }
        Ok(files)
    }

    fn event_of(&self, job: &Job, trouble: Trouble) -> Event {
        match trouble {
            Trouble::Later { reason, .. } if job.setbacks >= SETBACKS_MAX => output_failed(format!(
                "the file could not be fetched in {SETBACKS_MAX} attempts: {reason}; `reelq retry` fetches it again"
            )),
            Trouble::Later { reason, wait } => {
                let after = BACKOFF.full_jitter(job.setbacks, &self.dice).max(wait.unwrap_or_default());
                Event::FetchLater { reason, after }
            }
            Trouble::Expired(reason) if job.link_refreshes >= LINK_REFRESHES_MAX => {
                let message = format!("failed to {reason}, and {LINK_REFRESHES_MAX} fresh links were dead as well");
                Event::FetchFailed { failure: Failure::new(FailureKind::Expired, message) }
            }
            Trouble::Expired(reason) => {
                Event::LinksExpired { reason, after: BACKOFF.full_jitter(job.link_refreshes, &self.dice) }
            }
            Trouble::Fatal(message) => output_failed(message),
        }
    }
}

fn output_failed(message: String) -> Event {
    Event::FetchFailed { failure: Failure::new(FailureKind::Output, message) }
}

#[async_trait]
impl Handler for Collector {
    fn stage(&self) -> ClaimStage {
        ClaimStage::Collect
    }

    /// What was bought is fetched even where a person asked to cancel: the money is gone, and the file is theirs.
    async fn handle(&self, desk: &mut dyn Desk) -> Finish {
        let job = Arc::clone(desk.job());
        let Stage::Fetching { outputs, .. } = &job.stage else { return Finish::GiveBack };
        let collected = self.collect(&job, outputs).await;
        if let Some(breaking) = &self.breaking {
            breaking.collected(job.id, collected.as_ref().map(drop).map_err(Trouble::reason), desk.now()).await;
        }
        Finish::Event(match collected {
            Ok(files) => Event::Stored { files },
            Err(trouble) => self.event_of(&job, trouble),
        })
    }
}

//! The collector's part of a run: where outputs go, who fetches them, and the result manifests.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context;
use reelq_collector::{Collector, LagGuard, Place, StorageOptions};
use reelq_console::CommandError;
use reelq_http::{AccountHttp, DownloadPolicy, Downloader, DownloadsSection};
use reelq_model::AccountName;
use reelq_store::{BatchDraft, ClaimStage};
use reelq_worker::{AccountMetrics, AccountWork, CircuitBreaker, Overview, SharedRng};

use super::account::SharedParts;
use crate::context::CommandContext;

/// What all accounts' collectors share.
#[derive(Debug)]
pub(crate) struct Collecting {
    section: DownloadsSection,
    downloader: Arc<Downloader>,
    options: StorageOptions,
    slots: NonZeroUsize,
    shared: SharedParts,
}

/// How often the guard looks at the disk and at the links.
const GUARD_EVERY: Duration = Duration::from_secs(5);

impl Collecting {
    /// Prepares downloads; accounts' own origins are trusted with them.
    pub(crate) fn prepare(
        context: &CommandContext,
        shared: &SharedParts,
        accounts: &[AccountHttp],
    ) -> Result<Self, CommandError> {
        let section: DownloadsSection =
            context.config.downloads().map_err(|error| CommandError::usage(format!("[downloads]: {error}")))?;
        let options = context.storage();
        let origins = accounts.iter().map(|account| account.base_url.clone()).collect();
        let policy = DownloadPolicy::new(&section, origins, context.proxies());
        let downloader = Downloader::new(&policy, Arc::clone(&context.clock)).context("prepare downloads")?;
        let each = usize::try_from(section.concurrency.get()).unwrap_or(usize::MAX).div_ceil(accounts.len().max(1));
        let usual = NonZeroUsize::new(each).unwrap_or(NonZeroUsize::MIN);
        let slots = shared.concurrency.slots(ClaimStage::Collect, usual);
        Ok(Self { section, downloader: Arc::new(downloader), options, slots, shared: shared.clone() })
    }

    /// Adds an account's collector to its work.
    pub(crate) fn join(
        &self,
        work: AccountWork,
        context: &CommandContext,
        account_metrics: &Arc<AccountMetrics>,
        breaking: CircuitBreaker,
    ) -> AccountWork {
        if !self.shared.concurrency.has(ClaimStage::Collect) {
            return work;
        }
        let collector = Collector::new(
            Arc::clone(&self.shared.store),
            Arc::clone(&self.downloader),
            self.options.clone(),
            Arc::clone(&context.clock),
            Arc::clone(account_metrics),
            Arc::new(SharedRng::seeded(self.shared.seed)),
        );
        let collector = collector.with_breaker(breaking);
        let collector = match &self.shared.places {
            Some(places) => collector.with_places(Arc::clone(places)),
            None => collector,
        };
        work.handler(Arc::new(collector), self.slots)
    }

    /// Who stops submissions while outputs are in danger.
    pub(crate) fn guard(self, overview: Arc<Overview>, metrics: Vec<(AccountName, Arc<AccountMetrics>)>) -> LinkGuard {
        let SharedParts { store, submission_gate, places, .. } = self.shared;
        LinkGuard(LagGuard::new(store, submission_gate, metrics, self.options, places, self.section.min_free, overview))
    }
}

/// Opens a batch's output place and checks that it takes files.
pub async fn usable(context: &CommandContext, batch: &BatchDraft) -> Result<Place, CommandError> {
    let place = Place::open(&batch.output, &batch.name, &context.storage());
    let place = place.map_err(|error| CommandError::usage(format!("failed to {}", error.chain())))?;
    place.probe().await.map_err(|error| {
        let (output, why) = (&batch.output, error.chain());
        CommandError::usage(format!("the output place {output} cannot be used: failed to {why}"))
    })?;
    Ok(place)
}

/// Stops submissions while outputs are in danger.
#[derive(Debug)]
pub(crate) struct LinkGuard(LagGuard);

impl LinkGuard {
    /// Looks for as long as it is polled.
    pub(crate) async fn run(&self) {
        self.0.run(GUARD_EVERY).await;
    }
}

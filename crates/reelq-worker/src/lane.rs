//! One lane: an apalis worker for one stage of one account, with the claimer that feeds it.

use apalis_core::worker::{Worker, builder::WorkerBuilder, context::WorkerContext};
use tokio::task::JoinHandle;
use tower::layer::util::Identity;

use crate::{
    Spawner, Stopper, assignment::Assignment, backend::LaneBackend, claimer::Claimer, stage_service::StageService,
};

pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) claimer: Claimer,
    pub(crate) backend: LaneBackend,
    pub(crate) service: StageService,
}

type LaneWorker = Worker<Assignment, LaneBackend, StageService, Identity>;

impl Lane {
    /// Starts both; the handle ends when everything in flight is settled.
    pub(crate) fn start(self, spawner: &Spawner, stopper: &Stopper) -> JoinHandle<()> {
        let context = WorkerContext::new(&self.name);
        let worker = WorkerBuilder::new(context.clone()).backend(self.backend).build(self.service);
        let claiming = spawner.spawn(self.claimer.run());
        let running = run(worker, context, stopper.clone());
        spawner.spawn(async move {
            running.await;
            if let Err(error) = claiming.await {
                tracing::error!(%error, "a claimer died");
            }
        })
    }
}

async fn run(worker: LaneWorker, context: WorkerContext, stopper: Stopper) {
    let mut running = Box::pin(worker.run());
    let ended = tokio::select! {
        // Polled first, so that the worker has started before it is told to stop.
        biased;
        ended = &mut running => Some(ended),
        () = stopper.stopping() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => match context.stop() {
            Ok(()) => running.await,
            Err(error) => Err(error),
        },
    };
    if let Err(error) = ended {
        tracing::error!(worker = context.name(), error = %error, "a worker ended badly");
    }
}

/// The name of a lane in logs.
pub(crate) fn name(account: &reelq_model::AccountName, stage: reelq_store::ClaimStage) -> String {
    format!("{account}/{stage:?}").to_lowercase()
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("name", &self.name).finish_non_exhaustive()
    }
}

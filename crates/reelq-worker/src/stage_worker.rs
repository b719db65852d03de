//! One stage worker: an apalis worker for one stage of one account, with the claimer that feeds it.

use apalis_core::worker::{Worker, builder::WorkerBuilder, context::WorkerContext};
use tokio::task::JoinHandle;
use tower::layer::util::Identity;

use crate::{
    Spawner, Stopper, assignment::Assignment, claimer::Claimer, follower::Follower, stage_backend::StageBackend,
    stage_service::StageService,
};

pub(crate) struct StageWorker {
    pub(crate) name: String,
    pub(crate) claimer: Claimer,
    pub(crate) backend: StageBackend,
    pub(crate) service: StageService,
    /// Looks at tasks that stay with this process; the poll stage's.
    pub(crate) follower: Option<Follower>,
}

type ApalisWorker = Worker<Assignment, StageBackend, StageService, Identity>;

impl StageWorker {
    /// Starts both; the handle ends when everything in flight is settled.
    pub(crate) fn start(self, spawner: &Spawner, stopper: &Stopper) -> JoinHandle<()> {
        let context = WorkerContext::new(&self.name);
        let worker = WorkerBuilder::new(context.clone()).backend(self.backend).build(self.service);
        let claiming = spawner.spawn(self.claimer.run());
        let running = run(worker, context, stopper.clone());
        let following = self.follower.map(|follower| spawner.spawn(follower.run()));
        spawner.spawn(async move {
            running.await;
            // Every look has ended: what waits for its next one goes back.
            match futures_util::future::OptionFuture::from(following).await {
                Some(Ok(follower)) => follower.end().await,
                Some(Err(error)) => tracing::error!(%error, "a follower died; what it followed lapses by itself"),
                None => {}
            }
            if let Err(error) = claiming.await {
                tracing::error!(%error, "a claimer died");
            }
        })
    }
}

async fn run(worker: ApalisWorker, context: WorkerContext, stopper: Stopper) {
    let mut running = Box::pin(worker.run());
    let ended = tokio::select! {
        // Polled first, so that the worker has started before it is stopped.
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

/// The name of a stage worker in logs.
pub(crate) fn name(account: &reelq_model::AccountName, stage: reelq_store::ClaimStage) -> String {
    format!("{account}/{stage:?}").to_lowercase()
}

impl std::fmt::Debug for StageWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StageWorker").field("name", &self.name).finish_non_exhaustive()
    }
}

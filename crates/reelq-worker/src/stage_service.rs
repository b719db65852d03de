//! Runs a handler on one job, as a task of its own; a panic ends that task and nothing else.

use std::{
    any::Any,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::task::Task;
use futures_util::future::BoxFuture;
use tokio::task::JoinError;
use tower::Service;
use tracing::Instrument;

use crate::{
    Handler, JobContext, Spawner, Stopper,
    assignment::{Assignment, Outcome},
    committer::Committer,
    leased_job_context::LeasedJobContext,
};

/// The innermost service of a stage worker: the handler itself.
#[derive(Clone)]
pub(crate) struct StageService {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) committer: Committer,
    pub(crate) spawner: Spawner,
    pub(crate) stopper: Stopper,
}

impl Service<Task<Assignment>> for StageService {
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, task: Task<Assignment>) -> Self::Future {
        let context = LeasedJobContext::new(task.args.leased, self.committer.clone(), self.stopper.clone());
        let span = tracing::debug_span!("job", id = %context.job().id, stage = ?self.handler.stage());
        let running = work(Arc::clone(&self.handler), context, self.stopper.clone()).instrument(span);
        let running = self.spawner.spawn(running);
        Box::pin(async move { Ok(running.await.unwrap_or_else(died)) })
    }
}

async fn work(handler: Arc<dyn Handler>, mut context: LeasedJobContext, stopper: Stopper) -> Outcome {
    tokio::select! {
        biased;
        finish = handler.handle(&mut context) => Outcome::Finished(finish),
        () = stopper.cutting() => Outcome::Cut,
    }
}

fn died(error: JoinError) -> Outcome {
    match error.try_into_panic() {
        Ok(payload) => Outcome::Panicked(message(payload.as_ref())),
        Err(_) => Outcome::Cut,
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

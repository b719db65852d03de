//! The apalis backend of one stage worker: hands out what the claimer put into its channel, and does nothing else.

use std::{
    convert::Infallible,
    fmt,
    task::{Context, Poll, ready},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::Task,
    worker::context::WorkerContext,
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::mpsc;

use crate::{assignment::Assignment, commit_layer::CommitLayer, returner::Returner};

pub(crate) struct StageBackend {
    assignments: mpsc::Receiver<Assignment>,
    layer: CommitLayer,
    returner: Returner,
    closing: Option<BoxFuture<'static, ()>>,
}

impl StageBackend {
    pub(crate) fn new(assignments: mpsc::Receiver<Assignment>, layer: CommitLayer, returner: Returner) -> Self {
        Self { assignments, layer, returner, closing: None }
    }
}

impl fmt::Debug for StageBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageBackend").field("assignments", &self.assignments).finish_non_exhaustive()
    }
}

impl Backend for StageBackend {
    type Task = Task<Assignment>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Assignment>, Infallible>>> {
        self.assignments.poll_recv(cx).map(|next| next.map(|assignment| Ok(Task::new(assignment))))
    }

    /// Gives back what was claimed and not begun. What was begun has its commits in: the worker drains it first.
    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if self.closing.is_none() {
            self.assignments.close();
            let waiting = std::iter::from_fn(|| self.assignments.try_recv().ok()).collect();
            self.closing = Some(Box::pin(self.returner.clone().give_back(waiting)));
        }
        if let Some(closing) = &mut self.closing {
            ready!(closing.poll_unpin(cx));
            self.closing = Some(Box::pin(std::future::ready(())));
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for StageBackend {
    type Args = Assignment;
    type Id = ();
    type Kind = Ephemeral;
    type Config = ();
    type Layer = CommitLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> CommitLayer {
        self.layer.clone()
    }
}

//! The backend's layer around the handler: a job's slot is free only once what became of it is in the store.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{error::BoxDynError, task::Task};
use futures_util::future::BoxFuture;
use tower::{Layer, Service};

use crate::{
    assignment::{Assignment, Outcome},
    finisher::Finisher,
};

#[derive(Debug, Clone)]
pub(crate) struct CommitLayer(pub(crate) Arc<Finisher>);

#[derive(Debug, Clone)]
pub(crate) struct CommitService<S> {
    inner: S,
    finisher: Arc<Finisher>,
}

impl<S> Layer<S> for CommitLayer {
    type Service = CommitService<S>;

    fn layer(&self, inner: S) -> CommitService<S> {
        CommitService { inner, finisher: Arc::clone(&self.0) }
    }
}

impl<S> Service<Task<Assignment>> for CommitService<S>
where
    S: Service<Task<Assignment>, Response = Outcome>,
    S::Future: Send + 'static,
    S::Error: Into<BoxDynError>,
{
    type Response = ();
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<(), BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut task: Task<Assignment>) -> Self::Future {
        let entry = task.args.entry.take();
        let leased = Arc::clone(&task.args.leased);
        let finisher = Arc::clone(&self.finisher);
        let handled = self.inner.call(task);
        Box::pin(async move {
            let outcome = handled.await.unwrap_or_else(|error| Outcome::Panicked(error.into().to_string()));
            finisher.finish(&leased, outcome).await;
            drop(entry);
            Ok(())
        })
    }
}

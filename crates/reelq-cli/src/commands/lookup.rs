//! What a person named is looked up; where it is not there, the command was used wrongly.

use reelq_console::{Failure, Out};
use reelq_model::{AccountName, BatchName};
use reelq_runner::{
    context::Session,
    jobs::{
        matched::{self, SelectionError},
        selection::Selection,
    },
    opened::OpenedStore,
};
use reelq_store::{BatchView, JobView, Store};

/// The store; without one there is nothing that the command could be about.
pub(super) async fn store(session: &Session) -> Result<OpenedStore<'_>, Failure> {
    OpenedStore::find(session).await?.ok_or_else(|| no_state(session))
}

/// The store to be read; without one there is nothing that the command could be about.
pub(super) async fn reading(session: &Session) -> Result<OpenedStore<'_>, Failure> {
    OpenedStore::read(session).await?.ok_or_else(|| no_state(session))
}

fn no_state(session: &Session) -> Failure {
    let simulate = if session.is_simulated() { "" } else { " (simulated runs have their own state: add --simulate)" };
    Failure::usage(format!("there is no state at {} yet: nothing was run here{simulate}", session.place()))
}

/// The batch of this name.
pub(super) async fn batch(store: &dyn Store, name: &BatchName) -> Result<BatchView, Failure> {
    if let Some(view) = store.batch(name).await? {
        return Ok(view);
    }
    let known: Vec<_> = store.batches().await?.into_iter().map(|view| view.batch.name.to_string()).collect();
    let hint =
        if known.is_empty() { "there are none yet".to_owned() } else { format!("there are {}", known.join(", ")) };
    Err(Failure::usage(format!("there is no batch `{name}`: {hint}")))
}

/// Refuses an account that is not configured.
pub(super) fn known_account(session: &Session, name: &AccountName) -> Result<(), Failure> {
    if session.config.accounts.contains_key(name) {
        return Ok(());
    }
    let known: Vec<_> = session.config.accounts.keys().map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { "none is".to_owned() } else { known.join(", ") };
    Err(Failure::usage(format!("account `{name}` is not configured; configured: {known}")))
}

/// The jobs that were named; refuses a selection that names what is not there.
pub(super) async fn all_there(
    store: &dyn Store,
    batch: Option<&BatchView>,
    selection: &Selection,
) -> Result<Vec<JobView>, Failure> {
    matched::all_there(store, batch, selection).await.map_err(refused)
}

/// Says why a command is about fewer jobs than a person named, or about none.
pub(super) async fn explain(
    store: &dyn Store,
    batch: Option<&BatchView>,
    selection: &Selection,
    chosen: &[JobView],
    takes: &str,
    out: Out,
) -> Result<(), Failure> {
    matched::explain(store, batch, selection, chosen, takes, out).await.map_err(refused)
}

fn refused(error: SelectionError) -> Failure {
    match error {
        SelectionError::NotThere(what) => Failure::usage(what),
        SelectionError::Store(error) => error.into(),
    }
}

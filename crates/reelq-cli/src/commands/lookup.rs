//! What a person named is looked up; where it is not there, the command was used wrongly.

use reelq_console::{CommandError, Out};
use reelq_model::{AccountName, BatchName, nearest};
use reelq_runner::{
    context::CommandContext,
    jobs::{
        matched::{self, SelectionError},
        named::{self, RowNameError},
        selection::Selection,
    },
    opened::OpenedStore,
};
use reelq_store::{BatchView, JobView, Store};

/// The store; without one there is nothing that the command could be about.
pub(super) async fn store(context: &CommandContext) -> Result<OpenedStore<'_>, CommandError> {
    OpenedStore::find(context).await?.ok_or_else(|| no_state(context))
}

/// The store to be read; without one there is nothing that the command could be about.
pub(super) async fn reading(context: &CommandContext) -> Result<OpenedStore<'_>, CommandError> {
    OpenedStore::read(context).await?.ok_or_else(|| no_state(context))
}

fn no_state(context: &CommandContext) -> CommandError {
    let simulate = if context.is_simulated() { "" } else { " (simulated runs have their own state: add --simulate)" };
    CommandError::usage(format!("there is no state at {} yet: nothing was run here{simulate}", context.place()))
}

/// The batch of this name.
pub(super) async fn batch(store: &dyn Store, name: &BatchName) -> Result<BatchView, CommandError> {
    if let Some(view) = store.batch(name).await? {
        return Ok(view);
    }
    let known: Vec<_> = store.batches().await?.into_iter().map(|view| view.batch.name.to_string()).collect();
    let hint = match nearest(name.as_str(), known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if known.is_empty() => "There are no batches yet.".to_owned(),
        None => format!("There are {}.", known.join(", ")),
    };
    Err(CommandError::usage(format!("no batch named `{name}`. {hint}")))
}

/// The job that a person's name for a row means.
pub(super) async fn row(store: &dyn Store, batch: &BatchView, name: &str) -> Result<JobView, CommandError> {
    named::job_named(store, batch, name).await.map_err(unnamed)
}

/// The jobs that a person's name for a row means: all of its copies.
pub(super) async fn rows(store: &dyn Store, batch: &BatchView, name: &str) -> Result<Vec<JobView>, CommandError> {
    named::jobs_named(store, batch, name).await.map_err(unnamed)
}

fn unnamed(error: RowNameError) -> CommandError {
    match error {
        RowNameError::Store(error) => error.into(),
        unclear => CommandError::usage(unclear.to_string()),
    }
}

/// Refuses an account that is not configured.
pub(super) fn known_account(context: &CommandContext, name: &AccountName) -> Result<(), CommandError> {
    if context.config.accounts.contains_key(name) {
        return Ok(());
    }
    let known: Vec<_> = context.config.accounts.keys().map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { "none is".to_owned() } else { known.join(", ") };
    Err(CommandError::usage(format!("account `{name}` is not configured; configured: {known}")))
}

/// The jobs that were named; refuses a selection that names what is not there.
pub(super) async fn all_there(
    store: &dyn Store,
    batch: Option<&BatchView>,
    selection: &Selection,
) -> Result<Vec<JobView>, CommandError> {
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
) -> Result<(), CommandError> {
    matched::explain(store, batch, selection, chosen, takes, out).await.map_err(refused)
}

fn refused(error: SelectionError) -> CommandError {
    match error {
        SelectionError::NotThere(what) => CommandError::usage(what),
        SelectionError::Store(error) => error.into(),
    }
}

//! `reelq pause` and `reelq resume`: a batch's or an account's submissions.

use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::{AccountName, BatchName};
use reelq_runner::{context::CommandContext, jobs::wake::free, orders};
use reelq_store::{PauseReason, Store};

use crate::commands::lookup;

/// Flags of `reelq pause`, and what `reelq resume` shares with it.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// The batch
    #[arg(required_unless_present = "account")]
    pub(crate) batch: Option<BatchName>,
    /// An account, for all batches
    #[arg(long, conflicts_with = "batch", value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
}

/// Pauses a batch or an account.
pub(crate) async fn pause(args: &PauseArgs, context: &CommandContext, out: Out) -> CommandResult {
    run(args, true, context, out).await
}

/// Resumes a batch or an account.
pub(crate) async fn resume(args: &PauseArgs, context: &CommandContext, out: Out) -> CommandResult {
    run(args, false, context, out).await
}

async fn run(args: &PauseArgs, pause: bool, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let done = if pause { "paused" } else { "resumed" };
    let what = match (&args.batch, &args.account) {
        (Some(batch), _) => {
            lookup::batch(&*store, batch).await?;
            store.pause_batch(batch, pause).await?;
            format!("batch {batch}")
        }
        (None, Some(account)) => {
            lookup::known_account(context, account)?;
            switch_account(&*store, account, pause).await?;
            format!("account {account}")
        }
        (None, None) => return Err(CommandError::usage("name a batch or an --account")),
    };
    let report = serde_json::json!({ "what": what, "state": done });
    let rest = if pause { "; what is submitted is followed all the same" } else { "" };
    out.report(&report, |_| format!("{what} is {done}{rest}"));
    if pause {
        let named = args.batch.as_ref().map(ToString::to_string);
        let named = named.or_else(|| args.account.as_ref().map(|account| format!("--account {account}")));
        let again = format!("say it again: reelq pause {}{}", named.unwrap_or_default(), context.flags());
        return orders::hold(&format!("{what} is {done}"), &again, &*store, out).await;
    }
    if let Some(batch) = &args.batch {
        context.say_work_on(&*store, batch, out).await?;
    }
    Ok(Exit::Done)
}

async fn switch_account(store: &dyn Store, account: &AccountName, pause: bool) -> Result<(), CommandError> {
    if pause {
        Ok(store.pause_account(account, &PauseReason::Operator, None).await?)
    } else {
        store.resume_account(account, true).await?;
        free(store, account).await
    }
}

//! `reelq pause` and `reelq resume`: a batch's or an account's submissions.

use crate::commands::lookup;
use reelq_console::{Exit, Failure, Out, Outcome};
use reelq_model::{AccountName, BatchName};
use reelq_runner::{context::Session, jobs::wake::free, orders};
use reelq_store::{PauseReason, Store};

/// Flags of `reelq pause`, and what `reelq resume` shares with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The batch
    #[arg(required_unless_present = "account")]
    pub(crate) batch: Option<BatchName>,
    /// An account, for all batches
    #[arg(long, conflicts_with = "batch", value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
}

/// Pauses a batch or an account.
pub(crate) async fn pause(args: &Args, session: &Session, out: Out) -> Outcome {
    run(args, true, session, out).await
}

/// Resumes a batch or an account.
pub(crate) async fn resume(args: &Args, session: &Session, out: Out) -> Outcome {
    run(args, false, session, out).await
}

async fn run(args: &Args, pause: bool, session: &Session, out: Out) -> Outcome {
    let store = lookup::store(session).await?;
    let done = if pause { "paused" } else { "resumed" };
    let what = match (&args.batch, &args.account) {
        (Some(batch), _) => {
            lookup::batch(&*store, batch).await?;
            store.pause_batch(batch, pause).await?;
            format!("batch {batch}")
        }
        (None, Some(account)) => {
            lookup::known_account(session, account)?;
            switch_account(&*store, account, pause).await?;
            format!("account {account}")
        }
        (None, None) => return Err(Failure::usage("name a batch or an --account")),
    };
    let report = serde_json::json!({ "what": what, "state": done });
    let rest = if pause { "; what is submitted is followed all the same" } else { "" };
    out.report(&report, |_| format!("{what} is {done}{rest}"));
    if pause {
        let named = args.batch.as_ref().map(ToString::to_string);
        let named = named.or_else(|| args.account.as_ref().map(|account| format!("--account {account}")));
        let again = format!("say it again: reelq pause {}{}", named.unwrap_or_default(), session.flags());
        return orders::hold(&format!("{what} is {done}"), &again, &*store, out).await;
    }
    if let Some(batch) = &args.batch {
        session.say_work_on(&*store, batch, out).await?;
    }
    Ok(Exit::Done)
}

async fn switch_account(store: &dyn Store, account: &AccountName, pause: bool) -> Result<(), Failure> {
    if pause {
        Ok(store.pause_account(account, &PauseReason::Operator, None).await?)
    } else {
        store.resume_account(account, true).await?;
        free(store, account).await
    }
}

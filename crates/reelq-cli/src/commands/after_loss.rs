//! `reelq resume`, and with `--after-loss` a person's word that journals which no one can read any more are not waited for.

use reelq_console::{CommandError, CommandResult, Exit, NOT_BOUGHT, Out, Proposal, grouped, money, plural};
use reelq_model::{AccountName, BatchName, Money, Status};
use reelq_runner::{awaited, context::CommandContext, jobs::absent};
use reelq_store::{FolderView, GuardStep, Store, StoreGuard};

use super::{consent::Consent, pause};
use crate::commands::lookup;

/// Flags of `reelq resume`.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    /// The batch
    #[arg(required_unless_present_any = ["account", "after_loss"])]
    batch: Option<BatchName>,
    /// An account, for all batches
    #[arg(long, conflicts_with = "batch", value_name = "NAME")]
    account: Option<AccountName>,
    /// Let everything buy again although what was bought last is not in the state: after a backup, or where journals are gone
    #[arg(long, conflicts_with_all = ["batch", "account"])]
    after_loss: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) async fn resume(args: &ResumeArgs, context: &CommandContext, out: Out) -> CommandResult {
    if args.after_loss {
        return after_loss(args.consent, context, out).await;
    }
    let what = pause::PauseArgs { batch: args.batch.clone(), account: args.account.clone() };
    pause::resume(&what, context, out).await
}

async fn after_loss(consent: Consent, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let guard = store.guard(&GuardStep::List).await?;
    let missing: Vec<&FolderView> = guard.awaited().collect();
    if missing.is_empty() && absent::open(&guard.absent) > 0 {
        return take_for_over(&guard, consent, &*store, context, out).await;
    }
    if missing.is_empty() {
        if store.restored().await?.is_some() {
            consent.to(&restored_stake(&*store).await?, context, out).await?;
        }
        let accepted = store.accept_restored().await?;
        let report = serde_json::json!({ "what": "after loss", "accepted": accepted });
        let words = if accepted { "accepted: what is queued may be bought" } else { "nothing waits for that" };
        out.report(&report, |_| words.to_owned());
        return Ok(Exit::Done);
    }
    let mut told: Vec<String> = missing.iter().map(|view| awaited::shown(view)).collect();
    told.push(
        "what they bought last and the store has lost would be bought again: compare the vendors' bills first; where such \
         a machine can still be started, start a worker there instead"
            .to_owned(),
    );
    let what = format!("go on without {}", counted(missing.len()));
    consent.to(&Proposal { told, what, otherwise: NOT_BOUGHT }, context, out).await?;
    let ids: Vec<String> = missing.iter().map(|view| view.folder.id.clone()).collect();
    store.guard(&GuardStep::Release(ids.clone())).await?;
    let report = serde_json::json!({ "what": "after loss", "accepted": true, "released": ids });
    out.report(&report, |_| format!("{} not waited for any more: buying goes on", counted(ids.len())));
    Ok(Exit::Done)
}

/// What journals know to be bought, and the store has lost, is not running any more: others may have its places in flight.
async fn take_for_over(
    guard: &StoreGuard,
    consent: Consent,
    store: &dyn Store,
    context: &CommandContext,
    out: Out,
) -> CommandResult {
    let open = absent::open(&guard.absent);
    let what = format!(
        "take {} task{} for over whose jobs the store has lost, so that others may have their places in flight",
        grouped(open),
        plural(open)
    );
    consent
        .to(&Proposal { told: absent::told(&guard.absent), what, otherwise: "nothing was changed" }, context, out)
        .await?;
    store.guard(&GuardStep::Over).await?;
    let report = serde_json::json!({ "what": "after loss", "accepted": true, "over": open });
    out.report(&report, |_| "their places in flight are free; what they cost stays counted".to_owned());
    Ok(Exit::Done)
}

/// What accepting a restored state lets be bought.
async fn restored_stake(store: &dyn Store) -> Result<Proposal, CommandError> {
    let (mut jobs, mut sum) = (0, Money::ZERO);
    let mut told =
        vec!["this state came from a backup: what was bought since is not in it, and may be bought again".to_owned()];
    for view in store.batches().await? {
        let queued = view.counts.of(Status::Queued) + view.others.of(Status::Queued);
        if queued > 0 {
            let (name, price) = (&view.batch.name, money(view.to_spend));
            told.push(format!("batch {name}: {} queued job{}, about {price}", grouped(queued), plural(queued)));
        }
        (jobs, sum) = (jobs + queued, sum + view.to_spend);
    }
    let what = format!("let {} queued job{} be bought for about {}", grouped(jobs), plural(jobs), money(sum));
    Ok(Proposal { told, what, otherwise: NOT_BOUGHT })
}

fn counted(journals: usize) -> String {
    format!("{journals} journal{}", plural(u64::try_from(journals).unwrap_or(u64::MAX)))
}

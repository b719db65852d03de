//! `reelq cron trigger`: fires a schedule now.

use std::{io, sync::Arc};

use async_trait::async_trait;
use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::{BatchName, ScheduleName, Timestamp};
use reelq_producer::{
    KeepImages, Order, Plan,
    schedule::{Orders, Schedule, Scheduler},
};
use reelq_runner::{
    context::CommandContext,
    machine::{CRON, worker_id},
    opened::OpenedStore,
};
use reelq_store::{Store, TickState};

use super::{check::planned, manifests::Manifests, run::line, schedules::named};
use crate::commands::{
    consent::Consent,
    loading::{QuietArgs, purchase},
};

/// Flags of `reelq cron trigger`.
#[derive(Debug, clap::Args)]
pub(crate) struct TriggerArgs {
    /// The schedule
    #[arg(value_name = "NAME")]
    name: ScheduleName,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    quiet: QuietArgs,
}

pub(super) async fn run(args: &TriggerArgs, context: &CommandContext, out: Out) -> CommandResult {
    let out = out.quiet_if(args.quiet.quiet);
    let schedule = named(context, &args.name)?;
    let store = OpenedStore::create(context).await?;
    let (manifests, refused);
    let orders: &dyn Orders = match agree(args, schedule, context, &*store, out).await? {
        Agreed::Yes => {
            manifests = Manifests { context };
            &manifests
        }
        Agreed::Unplanned(reason) => {
            refused = Refused { reason };
            &refused
        }
    };
    let scheduler = Scheduler::new(Arc::clone(store.shared()), orders, Vec::new(), worker_id(CRON, context.seed)?);
    let Some(fired) = scheduler.trigger(schedule).await? else {
        return Err(CommandError::Again("another process took the tick; trigger it again".to_owned()));
    };
    if fired.state == TickState::Failed {
        if out.is_json() {
            out.json(&fired);
        }
        return Err(CommandError::usage(format!("{}; nothing was enqueued", line(&fired))));
    }
    out.report(&fired, line);
    context.say_who_buys(&*store, out).await?;
    Ok(Exit::Done)
}

/// What came of the question.
enum Agreed {
    Yes,
    /// There was nothing to agree to, for the manifest cannot be run.
    Unplanned(String),
}

/// Asks for the tick's jobs.
async fn agree(
    args: &TriggerArgs,
    schedule: &Schedule,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<Agreed, CommandError> {
    let now = store.now().await?;
    match planned(schedule, context, Some(store), now).await {
        Ok(plan) if plan.to_buy() > 0 => args.consent.to(&purchase(&plan), context, out).await.map(|()| Agreed::Yes),
        Ok(_) => Ok(Agreed::Yes),
        Err(failure @ (CommandError::Problems(_) | CommandError::Usage(_))) => {
            Ok(Agreed::Unplanned(failure.in_one_line()))
        }
        Err(failure) => Err(failure),
    }
}

/// A tick that fails, whatever became of its manifest meanwhile: no one agreed to that.
#[derive(Debug)]
struct Refused {
    reason: String,
}

#[async_trait]
impl Orders for Refused {
    fn order(&self, _: &Schedule, _: Timestamp, _: &BatchName) -> Result<Order, String> {
        Err(self.reason.clone())
    }

    async fn images(&self, _: &Plan) -> io::Result<Box<dyn KeepImages>> {
        Err(io::Error::other(self.reason.clone()))
    }
}

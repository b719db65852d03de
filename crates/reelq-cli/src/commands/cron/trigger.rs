//! `reelq cron trigger`: fires a schedule now.

use std::{io, sync::Arc};

use async_trait::async_trait;
use reelq_console::{Exit, Failure, Out, Outcome};
use reelq_model::{BatchName, ScheduleName, Timestamp};
use reelq_producer::{
    KeepImages, Order, Plan,
    schedule::{Orders, Schedule, Scheduler},
};
use reelq_runner::opened::OpenedStore;
use reelq_runner::{
    context::Session,
    machine::{CRON, worker_id},
};
use reelq_store::{Store, TickState};

use super::{check::planned, manifests::Manifests, named, run::line};
use crate::commands::{
    consent::Consent,
    loading::{QuietArgs, purchase},
};

/// Flags of `reelq cron trigger`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    #[arg(value_name = "NAME")]
    name: ScheduleName,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    quiet: QuietArgs,
}

pub(super) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let out = out.quiet_if(args.quiet.quiet);
    let schedule = named(session, &args.name)?;
    let store = OpenedStore::create(session).await?;
    let (manifests, refused);
    let orders: &dyn Orders = match agree(args, schedule, session, &*store, out).await? {
        Agreed::Yes => {
            manifests = Manifests { session };
            &manifests
        }
        Agreed::Unplanned(reason) => {
            refused = Refused { reason };
            &refused
        }
    };
    let scheduler = Scheduler::new(Arc::clone(store.shared()), orders, Vec::new(), worker_id(CRON, session.seed)?);
    let Some(fired) = scheduler.trigger(schedule).await? else {
        return Err(Failure::Again("another process took the tick; trigger it again".to_owned()));
    };
    if fired.state == TickState::Failed {
        if out.is_json() {
            out.json(&fired);
        }
        return Err(Failure::usage(format!("{}; nothing was enqueued", line(&fired))));
    }
    out.report(&fired, line);
    session.say_who_buys(&*store, out).await?;
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
    args: &Args,
    schedule: &Schedule,
    session: &Session,
    store: &dyn Store,
    out: Out,
) -> Result<Agreed, Failure> {
    let now = store.now().await?;
    match planned(schedule, session, Some(store), now).await {
        Ok(plan) if plan.to_buy() > 0 => args.consent.to(&purchase(&plan), session, out).await.map(|()| Agreed::Yes),
        Ok(_) => Ok(Agreed::Yes),
        Err(failure @ (Failure::Problems(_) | Failure::Usage(_))) => Ok(Agreed::Unplanned(failure.in_one_line())),
        Err(failure) => Err(failure),
    }
}

/// A tick that fails, whatever became of its manifest meanwhile: nobody agreed to that.
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

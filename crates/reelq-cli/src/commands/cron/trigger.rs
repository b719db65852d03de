//! `reelq cron trigger`: fires a schedule now.

use reelq_model::ScheduleName;
use reelq_producer::schedule::Scheduler;
use reelq_store::TickState;

use super::{
    manifests::Manifests,
    named,
    run::{KIND, line},
};
use crate::{
    commands::loading::QuietArgs,
    exit::Exit,
    failure::{Failure, Outcome},
    output::Out,
    running::worker_id,
    session::Session,
};

/// Flags of `reelq cron trigger`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    #[arg(value_name = "NAME")]
    name: ScheduleName,
    #[command(flatten)]
    quiet: QuietArgs,
}

pub(super) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let out = out.quiet_if(args.quiet.quiet);
    let schedule = named(session, &args.name)?;
    let store = session.create_store().await?;
    let manifests = Manifests { session };
    let scheduler = Scheduler::new(store.clone(), &manifests, Vec::new(), worker_id(KIND, session.seed)?);
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

//! From a manifest to its batch in the store: plan, confirmation, load. What `run` and `enqueue` have in common.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelq_collector::{Place, note_loaded};
use reelq_console::{CommandError, NOT_BOUGHT, Out, Proposal, cost, grouped, plural};
use reelq_model::BatchName;
use reelq_producer::{LoadReport, Order, Plan, load_telling};
use reelq_runner::{context::CommandContext, images, obstacles, orders, purging::purge};
use reelq_store::{SharedStore, Store};

use super::{
    consent::Consent,
    forecast,
    plan::{draw, guard},
};

/// Flags of commands that timers start.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct QuietArgs {
    /// Say nothing where all goes well; else what is wrong and how it ended
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// A manifest that was planned, and that a person agreed to.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) order: Arc<Order>,
    pub(crate) plan: Plan,
}

/// Plans the manifest, tells the plan, and asks before real money is spent.
pub(crate) async fn agree(
    order: Order,
    consent: Consent,
    context: &CommandContext,
    store: &SharedStore,
    out: Out,
) -> Result<Agreed, CommandError> {
    let order = Arc::new(order);
    let plan = reelq_producer::plan(Some(&**store), &order).await?;
    out.problems(&plan.warnings);
    plan.told.iter().for_each(|line| out.note(line));
    let played = forecast::beside(Some(&**store), &plan, context).await?;
    out.note(&draw(&plan, played.as_ref(), context));
    out.note("");
    if let Some(line) = obstacles::moved(&plan) {
        out.note(&line);
    }
    guard::hold(&order, &plan, consent, context, &**store).await?;
    let stake = Proposal { told: obstacles::remarks(&plan, context), ..purchase(&plan) };
    if plan.to_buy() > 0 {
        consent.to(&stake, context, out).await?;
    }
    Ok(Agreed { order, plan })
}

/// All that is bought once someone agrees to the plan.
pub(crate) fn purchase(plan: &Plan) -> Proposal {
    let (count, batch) = (plan.to_buy(), &plan.batch.name);
    let (jobs, cost) = (format!("{} job{}", grouped(count), plural(count)), cost(plan.amount(), plan.unpriced()));
    Proposal { told: Vec::new(), what: format!("buy {jobs} of batch {batch} for {cost}"), otherwise: NOT_BOUGHT }
}

/// Brings the manifest into the store, with a bar on a terminal.
///
/// What others loaded meanwhile is asked about as before the yes.
pub(crate) async fn load(
    agreed: &mut Agreed,
    place: Place,
    consent: Consent,
    context: &CommandContext,
    store: &SharedStore,
    out: Out,
) -> Result<LoadReport, CommandError> {
    let batch = agreed.plan.batch.clone();
    let mark = Place::open(&batch.output, &batch.name, &context.storage()).ok().filter(|_| !context.is_simulated());
    let images = images::of_load(context, place)?;
    let loaded = loop {
        let progress = Progress::new(agreed.plan.lines, context, out);
        let told = |lines| progress.tell(lines);
        let loaded = load_telling(&**store, &*images, &agreed.order, &agreed.plan, &told).await;
        progress.finish();
        match loaded {
            Err(reelq_producer::Error::Meanwhile(news)) => {
                agreed.plan.learn(*news);
                if let Err(refused) = guard::hold_meanwhile(&agreed.order, &agreed.plan, consent).await {
                    forget(&**store, &batch.name).await?;
                    return Err(refused);
                }
            }
            loaded => break loaded?,
        }
    };
    if batch.budget.is_some() || loaded.loaded.cancelled > 0 {
        let again = format!("look whether that holds: reelq status {}{}", batch.name, context.flags());
        let what = format!("batch {} is loaded with its budget, and without the rows that are gone", batch.name);
        orders::is_held(&what, &again, &**store, out).await?;
    }
    // Should the state be lost, the place itself tells that a batch was bought for it. Not before it is there: a load that died is
    // repeated without a question.
    if let Some(place) = mark
        && let Err(error) = note_loaded(&place, Some(&batch.name)).await
    {
        tracing::warn!(error = error.chain(), "the output place keeps no mark of the batch");
    }
    Ok(loaded)
}

/// Takes a batch out again whose first load is not finished; nothing of it was bought.
async fn forget(store: &dyn Store, batch: &BatchName) -> Result<(), CommandError> {
    if store.batch(batch).await?.is_some_and(|view| !view.whole) {
        purge(store, batch).await?.ok();
    }
    Ok(())
}

/// Fewer lines are loaded in a moment.
const WORTH_TELLING: u64 = 5_000;
/// Without a bar, progress goes to the log at most this often.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a load is.
struct Progress<'a> {
    bar: Option<ProgressBar>,
    lines: u64,
    context: &'a CommandContext,
    said: std::sync::Mutex<Duration>,
}

impl<'a> Progress<'a> {
    fn new(lines: u64, context: &'a CommandContext, out: Out) -> Self {
        let bar = (out.shows_progress() && lines >= WORTH_TELLING).then(|| bar(lines));
        Self { bar, lines, context, said: std::sync::Mutex::new(context.clock.monotonic()) }
    }

    fn tell(&self, lines: u64) {
        if let Some(bar) = &self.bar {
            return bar.set_position(lines);
        }
        let now = self.context.clock.monotonic();
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.saturating_sub(*said) >= SAY_EVERY {
            *said = now;
            tracing::info!("{} of {} lines are in the store", grouped(lines), grouped(self.lines));
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(lines: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(lines), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("loading [{bar:32}] {pos}/{len} lines, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar
}

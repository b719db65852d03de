//! From a manifest to its batch in the store: plan, confirmation, load. What `run` and `enqueue` have in common.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelq_collector::Place;
use reelq_producer::{LoadReport, Order, Plan, load_telling};
use reelq_store::SharedStore;

use super::plan::{draw, guard};
use crate::{
    failure::Failure,
    output::{Out, cost, grouped, plural},
    session::Session,
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
    yes: bool,
    session: &Session,
    store: &SharedStore,
    out: Out,
) -> Result<Agreed, Failure> {
    let order = Arc::new(order);
    let plan = reelq_producer::plan(Some(&**store), &order).await?;
    out.problems(&plan.warnings);
    out.note(&draw(&plan, session.is_simulated()));
    for said in guard::remarks(&plan, session) {
        out.note(&said);
    }
    out.note("");
    guard::hold(&order, &plan, yes, session, &**store, out).await?;
    if !yes && !confirmed(&plan, session, out) {
        return Err(Failure::usage("not confirmed; nothing was enqueued"));
    }
    Ok(Agreed { order, plan })
}

/// Whether to go on: asked only where there is a person, and real money at stake.
fn confirmed(plan: &Plan, session: &Session, out: Out) -> bool {
    let (count, unpriced) = (plan.to_buy(), plan.unpriced());
    if session.is_simulated() || count == 0 || !out.can_ask() {
        return true;
    }
    let jobs = format!("{} job{}", grouped(count), plural(count));
    out.confirm(&format!("Buy {jobs} for {}?", cost(plan.amount(), unpriced)))
}

/// Brings the manifest into the store, with a bar on a terminal.
pub(crate) async fn load(
    agreed: &Agreed,
    place: Place,
    session: &Session,
    store: &SharedStore,
    out: Out,
) -> Result<LoadReport, Failure> {
    let images = session.keep_images(place)?;
    let progress = Progress::new(agreed.plan.lines, session, out);
    let told = |lines| progress.tell(lines);
    let loaded = load_telling(&**store, &*images, &agreed.order, &agreed.plan, &told).await;
    progress.finish();
    Ok(loaded?)
}

/// Fewer lines are loaded in a moment.
const WORTH_TELLING: u64 = 5_000;
/// Without a bar, progress goes to the log at most this often.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a load is.
struct Progress<'a> {
    bar: Option<ProgressBar>,
    lines: u64,
    session: &'a Session,
    said: std::sync::Mutex<Duration>,
}

impl<'a> Progress<'a> {
    fn new(lines: u64, session: &'a Session, out: Out) -> Self {
        let bar = (out.shows_progress() && lines >= WORTH_TELLING).then(|| bar(lines));
        Self { bar, lines, session, said: std::sync::Mutex::new(session.clock.monotonic()) }
    }

    fn tell(&self, lines: u64) {
        if let Some(bar) = &self.bar {
            return bar.set_position(lines);
        }
        let now = self.session.clock.monotonic();
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

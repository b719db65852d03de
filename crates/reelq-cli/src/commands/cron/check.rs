//! `reelq cron check`: whether each schedule's next tick could be run.

use std::sync::Arc;

use reelq_console::{CommandError, CommandResult, Exit, Out, grouped, known, money, plural};
use reelq_manifest::Problems;
use reelq_model::{Money, Timestamp};
use reelq_producer::{Plan, schedule::Schedule};
use reelq_runner::{context::CommandContext, opened::OpenedStore};
use reelq_store::Store;
use serde::Serialize;

use super::{manifests::Manifests, schedules::schedules};
use crate::commands::plan::{ModelCost, costs};

#[derive(Debug, Serialize)]
struct Checked<'a> {
    schedule: &'a str,
    manifest: String,
    sound: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Timestamp>,
    /// Rows, jobs and price of one tick.
    rows: u64,
    jobs: u64,
    /// The known prices together; nothing where none is known.
    #[serde(serialize_with = "Money::serialize_optional")]
    cost_usd: Option<Money>,
    unpriced: u64,
    /// By account and model.
    costs: Vec<ModelCost>,
    budget_usd: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Problems>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(context: &CommandContext, out: Out) -> CommandResult {
    let store = OpenedStore::read(context).await?;
    let now = match &store {
        Some(store) => store.calendar().await?,
        None => context.clock.now(),
    };
    let mut checked = Vec::new();
    for schedule in schedules(context)? {
        checked.push(check(schedule, context, store.as_deref(), now, out).await);
    }
    let sound = checked.iter().all(|one| one.sound);
    out.report_list("schedules", &checked, |checked| checked.iter().map(draw).collect::<Vec<_>>().join("\n"));
    Ok(if sound { Exit::Done } else { Exit::Invalid })
}

async fn check<'a>(
    schedule: &'a Schedule,
    context: &CommandContext,
    store: Option<&dyn Store>,
    now: Timestamp,
    out: Out,
) -> Checked<'a> {
    let next = schedule.timetable.after(now);
    let mut checked = Checked {
        schedule: schedule.name.as_str(),
        manifest: schedule.manifest.display().to_string(),
        sound: false,
        next,
        rows: 0,
        jobs: 0,
        cost_usd: None,
        unpriced: 0,
        costs: Vec::new(),
        budget_usd: schedule.budget,
        problems: None,
        error: None,
    };
    match planned(schedule, context, store, next.unwrap_or(now)).await {
        Ok(plan) => {
            if !out.is_json() {
                out.findings(&plan.warnings);
            }
            checked.take(plan);
        }
        Err(failure @ CommandError::Problems(_)) => {
            checked.error = Some(failure.in_one_line());
            let CommandError::Problems(problems) = failure else { return checked };
            if !out.is_json() {
                out.findings(&problems);
            }
            checked.problems = Some(*problems);
        }
        Err(failure) => checked.error = Some(failure.in_one_line()),
    }
    checked
}

/// What a tick at this time would load.
pub(super) async fn planned(
    schedule: &Schedule,
    context: &CommandContext,
    store: Option<&dyn Store>,
    at: Timestamp,
) -> Result<Plan, CommandError> {
    let batch = schedule.batch(at).map_err(|error| CommandError::usage(error.to_string()))?;
    let order = Manifests { context }.open(schedule, at, &batch)?;
    Ok(reelq_producer::plan(store, &Arc::new(order)).await?)
}

impl Checked<'_> {
    fn take(&mut self, plan: Plan) {
        self.sound = true;
        (self.rows, self.jobs) = (plan.rows, plan.lines);
        (self.unpriced, self.budget_usd) = (plan.unpriced(), plan.batch.budget);
        self.cost_usd = known(plan.amount(), plan.unpriced(), plan.to_buy());
        self.costs = costs(&plan);
        self.problems = (!plan.warnings.is_empty()).then_some(plan.warnings);
    }
}

fn draw(checked: &Checked<'_>) -> String {
    let schedule = checked.schedule;
    if let Some(why) = &checked.error {
        return format!("{schedule}: cannot be run: {why}");
    }
    let budget = checked.budget_usd.map(|budget| format!(", budget {}", money(budget))).unwrap_or_default();
    let over = checked.budget_usd.is_some_and(|budget| Some(budget) < checked.cost_usd);
    let over = if over { "; the budget does not cover it" } else { "" };
    format!("{schedule}: {}{budget}{over}", price(checked))
}

/// What a tick costs, as far as prices are known.
fn price(checked: &Checked<'_>) -> String {
    let Checked { jobs, unpriced, cost_usd, .. } = checked;
    let (cost, all) = (money(cost_usd.unwrap_or(Money::ZERO)), format!("{} job{}", grouped(*jobs), plural(*jobs)));
    if *unpriced == 0 {
        return format!("{all} for {cost} each tick");
    }
    let dark = checked.costs.iter().filter(|line| line.unpriced > 0);
    let dark: Vec<_> =
        dark.map(|line| format!("{} of {} {}", grouped(line.unpriced), line.account, line.model)).collect();
    let (dark, count) = (dark.join(", "), grouped(*unpriced));
    if unpriced == jobs {
        return format!("{all} of unknown price each tick ({dark})");
    }
    let priced = grouped(jobs.saturating_sub(*unpriced));
    format!("{all} each tick: {cost} for {priced}, and {count} of unknown price ({dark})")
}

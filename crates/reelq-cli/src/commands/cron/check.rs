//! `reelq cron check`: whether each schedule's next tick could be run.

use std::sync::Arc;

use reelq_manifest::Problems;
use reelq_model::{Money, Timestamp};
use reelq_producer::{Plan, schedule::Schedule};
use reelq_store::Store;
use serde::Serialize;

use super::{manifests::Manifests, schedules};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    output::{Out, grouped, money, plural},
    session::Session,
};

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
    cost_usd: Money,
    unpriced: u64,
    budget_usd: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Problems>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(session: &Session, out: Out) -> Outcome {
    let store = session.store_if_any().await?;
    let now = match &store {
        Some(store) => store.now().await?,
        None => session.clock.now(),
    };
    let mut checked = Vec::new();
    for schedule in schedules(session)? {
        checked.push(check(schedule, session, store.as_deref(), now, out).await);
    }
    let sound = checked.iter().all(|one| one.sound);
    out.report(&checked, |checked| checked.iter().map(draw).collect::<Vec<_>>().join("\n"));
    Ok(if sound { Exit::Done } else { Exit::Invalid })
}

async fn check<'a>(
    schedule: &'a Schedule,
    session: &Session,
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
        cost_usd: Money::ZERO,
        unpriced: 0,
        budget_usd: schedule.budget,
        problems: None,
        error: None,
    };
    match planned(schedule, session, store, next.unwrap_or(now)).await {
        Ok(plan) => checked.take(&plan),
        Err(Failure::Problems(problems)) => {
            if !out.is_json() {
                out.problems(&problems);
            }
            checked.problems = Some(*problems);
        }
        Err(failure) => checked.error = Some(failure.in_one_line()),
    }
    checked
}

async fn planned(
    schedule: &Schedule,
    session: &Session,
    store: Option<&dyn Store>,
    at: Timestamp,
) -> Result<Plan, Failure> {
    let batch = schedule.batch(at).map_err(|error| Failure::usage(error.to_string()))?;
    let order = Manifests { session }.open(schedule, at, &batch)?;
    Ok(reelq_producer::plan(store, &Arc::new(order)).await?)
}

impl Checked<'_> {
    fn take(&mut self, plan: &Plan) {
        self.sound = true;
        (self.rows, self.jobs) = (plan.rows, plan.lines);
        (self.cost_usd, self.unpriced, self.budget_usd) = (plan.amount(), plan.unpriced(), plan.batch.budget);
        self.problems = (!plan.warnings.is_empty()).then(|| plan.warnings.clone());
    }
}

fn draw(checked: &Checked<'_>) -> String {
    let Checked { schedule, manifest, jobs, .. } = checked;
    if !checked.sound {
        let why = checked.error.as_deref().unwrap_or("the manifest has errors");
        return format!("{schedule}: {manifest} cannot be run: {why}");
    }
    let budget = checked.budget_usd.map(|budget| format!(", budget {}", money(budget))).unwrap_or_default();
    let over = checked.budget_usd.is_some_and(|budget| budget < checked.cost_usd);
    let over = if over { "; the budget does not cover it" } else { "" };
    let cost = money(checked.cost_usd);
    format!("{schedule}: {} job{} for {cost} each tick{budget}{over}", grouped(*jobs), plural(*jobs))
}

//! `reelq purge`: removes the records of finished batches.

use reelq_console::{CommandError, CommandResult, Exit, Out, Proposal, grouped, plural, spent, table};
use reelq_model::{BatchName, units::Span};
use reelq_runner::{adapters, context::CommandContext, jobs::stuck::say_stuck, purging, work::retention::forget_place};
use reelq_store::{BatchView, JobFilter, Store, Unfinished};
use serde::Serialize;

use super::consent::Consent;
use crate::commands::lookup;

/// Flags of `reelq purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct PurgeArgs {
    /// The batches
    #[arg(required_unless_present = "older_than")]
    batches: Vec<BatchName>,
    /// All batches that ended longer ago than this, for example 30d
    #[arg(long, value_name = "TIME", conflicts_with = "batches")]
    older_than: Option<Span>,
    #[command(flatten)]
    consent: Consent,
}

/// A batch that was removed.
#[derive(Debug, Serialize)]
struct Purged {
    batch: String,
    jobs: u64,
}

/// A batch that is still needed.
#[derive(Debug, Serialize)]
struct Kept {
    batch: String,
    outstanding: u64,
    unconfirmed: u64,
    loading: bool,
}

#[derive(Debug, Default, Serialize)]
struct Report {
    purged: Vec<Purged>,
    kept: Vec<Kept>,
}

impl Report {
    fn keeps(&self, batch: &BatchName) -> bool {
        self.kept.iter().any(|kept| kept.batch == batch.as_str())
    }
}

pub(crate) async fn run(args: &PurgeArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let views = chosen(args, context, &*store).await?;
    if views.is_empty() {
        out.report(&Report::default(), |_| "no batch ended that long ago".to_owned());
        return Ok(Exit::Done);
    }
    args.consent.to(&stake(&views), context, out).await?;
    let mut report = Report::default();
    for view in &views {
        remove(&*store, &view.batch.name, context, &mut report).await?;
    }
    out.report(&report, draw);
    for view in views.iter().filter(|view| report.keeps(&view.batch.name)) {
        let filter = JobFilter { batch: Some(view.batch.name.clone()), ..JobFilter::default() };
        say_stuck(&filter, context, &*store, out).await?;
    }
    Ok(exit(&report))
}

async fn chosen(
    args: &PurgeArgs,
    _session: &CommandContext,
    store: &dyn Store,
) -> Result<Vec<BatchView>, CommandError> {
    if let Some(age) = args.older_than {
        return Ok(purging::ended_before(store, age.0).await?);
    }
    let mut views = Vec::new();
    for name in &args.batches {
        views.push(lookup::batch(store, name).await?);
    }
    Ok(views)
}

async fn remove(
    store: &dyn Store,
    name: &BatchName,
    context: &CommandContext,
    report: &mut Report,
) -> Result<(), CommandError> {
    let batch = name.to_string();
    // Of one that is not removed, what it has in hand must stay noted.
    let view = lookup::batch(store, name).await?;
    if view.finished_at.is_some() && !view.purging {
        keep(store, name, context).await?;
    }
    match purging::purge(store, name).await? {
        Ok(jobs) => {
            forget_place(&view, &context.storage()).await;
            report.purged.push(Purged { batch, jobs });
        }
        Err(Unfinished { outstanding, unconfirmed, loading }) => {
            report.kept.push(Kept { batch, outstanding, unconfirmed, loading });
        }
    }
    Ok(())
}

/// Keeps what the batch bought beyond its purge.
async fn keep(store: &dyn Store, name: &BatchName, context: &CommandContext) -> Result<(), CommandError> {
    let accounts = adapters::accounts(context, None)?;
    Ok(reelq_producer::keep_bought(store, &accounts, name, context.config.keep_bought).await?)
}

fn stake(views: &[BatchView]) -> Proposal {
    let count = u64::try_from(views.len()).unwrap_or(u64::MAX);
    let batches = if count == 1 { "batch" } else { "batches" };
    let what = format!("purge {} {batches}", grouped(count));
    Proposal { told: vec![consequences(views)], what, otherwise: "nothing was removed" }
}

fn consequences(views: &[BatchView]) -> String {
    let rows = views.iter().map(|view| {
        let ended = view.finished_at.map_or_else(|| "not ended".to_owned(), |at| at.to_string());
        let jobs = view.counts.total() + view.others.total();
        vec![view.batch.name.to_string(), grouped(jobs), spent(view), ended, view.batch.output.clone()]
    });
    let lines = table(&["batch", ">jobs", ">spent", "ended", "outputs (kept)"], rows);
    format!(
        "{lines}\n\nTheir rows, histories and charges are forgotten; files and result manifests stay where they are.\n\
         What they bought is kept in mind (the newest `keep_bought` requests): running one of their manifests again asks first."
    )
}

fn draw(report: &Report) -> String {
    let purged =
        report.purged.iter().map(|it| format!("{} purged: {} job{}", it.batch, grouped(it.jobs), plural(it.jobs)));
    let kept = report.kept.iter().map(|it| {
        let loading = if it.loading { ", a load unfinished" } else { "" };
        format!(
            "{} kept: {} outstanding, {} unconfirmed{loading}",
            it.batch,
            grouped(it.outstanding),
            grouped(it.unconfirmed)
        )
    });
    purged.chain(kept).collect::<Vec<_>>().join("\n")
}

fn exit(report: &Report) -> Exit {
    Exit::most_urgent(|exit| match exit {
        Exit::Unconfirmed => report.kept.iter().any(|kept| kept.unconfirmed > 0),
        Exit::Outstanding => !report.kept.is_empty(),
        _ => false,
    })
}

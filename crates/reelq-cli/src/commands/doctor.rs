//! `reelq doctor`: checks what a run needs, and says how to fix each thing.

mod accounts;
mod check;
mod journals;
mod pauses;
mod places;
mod records;
mod remove;
mod server;

use std::time::Duration;

use reelq_console::{CommandResult, Exit, Out};
use reelq_model::JobId;
use reelq_runner::context::CommandContext;

use self::check::{Check, Health};
use super::consent::Consent;

/// Flags of `reelq doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Do not ask the providers
    #[arg(long)]
    offline: bool,
    /// Remove the record of this job, which cannot be read; what it held is kept in a file
    #[arg(long, value_name = "JOB", conflicts_with = "offline")]
    remove: Option<JobId>,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) async fn run(args: &DoctorArgs, context: &CommandContext, out: Out) -> CommandResult {
    if let Some(job) = args.remove {
        return remove::run(job, args.consent, context, out).await;
    }
    // It tells of a store that is unreachable, and does not wait for it.
    context.patience.set(Duration::ZERO);
    let mut checks = vec![configuration(context), places::clock(context).await];
    checks.extend(places::folders(context));
    checks.push(places::store(context).await);
    checks.extend(records::checks(context).await);
    checks.extend(pauses::checks(context).await);
    checks.extend(journals::checks(context).await);
    checks.extend(server::checks(context).await);
    checks.extend(accounts::checks(context, args.offline).await);
    checks.extend(accounts::stranded_checks(context).await);
    out.report_list("checks", &checks, |checks| checks.iter().map(draw).collect::<Vec<_>>().join("\n"));
    let bad = checks.iter().filter(|check| check.health == Health::Bad).count();
    if bad > 0 {
        out.note(&format!("{bad} to fix"));
    }
    Ok(if bad > 0 { Exit::Invalid } else { Exit::Done })
}

fn configuration(context: &CommandContext) -> Check {
    let files: Vec<_> = context.settings.files.keys().map(|path| path.display().to_string()).collect();
    if context.config.accounts.is_empty() {
        let fix = "write a reelq.toml with [accounts.NAME], provider and api_key_env; or try --simulate";
        return Check::bad("configuration", "no account is configured", fix);
    }
    let from = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    Check::good("configuration", format!("{} account(s), from {from}", context.config.accounts.len()))
}

fn draw(check: &Check) -> String {
    let sign = match check.health {
        Health::Good => "ok  ",
        Health::Doubtful => "?   ",
        Health::Bad => "BAD ",
    };
    let fix = check.fix.as_ref().map(|fix| format!("\n       {fix}")).unwrap_or_default();
    format!("{sign} {}: {}{fix}", check.what, check.found)
}

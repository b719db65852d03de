//! `reelq doctor`: checks what a run needs, and says how to mend each thing.

mod accounts;
mod journals;
mod pauses;
mod places;
mod records;
mod remove;
mod server;

use std::time::Duration;

use reelq_console::{Exit, Out, Outcome};
use reelq_model::JobId;
use reelq_runner::context::Session;
use serde::Serialize;

use super::consent::Consent;

/// Flags of `reelq doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not ask the providers
    #[arg(long)]
    offline: bool,
    /// Remove the record of this job, which cannot be read; what it held is kept in a file
    #[arg(long, value_name = "JOB", conflicts_with = "offline")]
    remove: Option<JobId>,
    #[command(flatten)]
    consent: Consent,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    /// Good.
    Good,
    /// Not known, or worth a look.
    Doubtful,
    /// A run would fail.
    Bad,
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    /// What.
    pub(crate) what: String,
    /// How it is.
    pub(crate) health: Health,
    /// What was found.
    pub(crate) found: String,
    /// How to mend it.
    pub(crate) fix: Option<String>,
}

impl Check {
    pub(crate) fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Good, found: found.into(), fix: None }
    }

    pub(crate) fn doubtful(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Doubtful, found: found.into(), fix: Some(fix.into()) }
    }

    pub(crate) fn bad(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Bad, found: found.into(), fix: Some(fix.into()) }
    }
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    if let Some(job) = args.remove {
        return remove::run(job, args.consent, session, out).await;
    }
    // It tells of a store that is unreachable, and does not wait for it.
    session.patience.set(Duration::ZERO);
    let mut checks = vec![configuration(session), places::clock(session).await];
    checks.extend(places::folders(session));
    checks.push(places::store(session).await);
    checks.extend(records::checks(session).await);
    checks.extend(pauses::checks(session).await);
    checks.extend(journals::checks(session).await);
    checks.extend(server::checks(session).await);
    checks.extend(accounts::checks(session, args.offline).await);
    checks.extend(accounts::stranded_checks(session).await);
    out.report_list("checks", &checks, |checks| checks.iter().map(draw).collect::<Vec<_>>().join("\n"));
    let bad = checks.iter().filter(|check| check.health == Health::Bad).count();
    if bad > 0 {
        out.note(&format!("{bad} to mend"));
    }
    Ok(if bad > 0 { Exit::Invalid } else { Exit::Done })
}

fn configuration(session: &Session) -> Check {
    let files: Vec<_> = session.settings.files.keys().map(|path| path.display().to_string()).collect();
    if session.config.accounts.is_empty() {
        let fix = "write a reelq.toml with [accounts.NAME], provider and api_key_env; or try --simulate";
        return Check::bad("configuration", "no account is configured", fix);
    }
    let from = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    Check::good("configuration", format!("{} account(s), from {from}", session.config.accounts.len()))
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

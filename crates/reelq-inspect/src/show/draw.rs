//! How a row is drawn: what it is, what happened to it, what was sent, and what can be done.

use reelq_console::{duration, grouped, money};
use reelq_model::Stage;

use super::{RowReport, charged, fields};
use crate::events::JobEvent;

pub(super) fn draw(report: &RowReport) -> String {
    let parts = [heading(report), facts(report), timeline(report), request(report), reply(report), next(report)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn heading(report: &RowReport) -> String {
    let label = report.view.line.as_ref().and_then(|line| line.label.as_ref()).map(|label| format!(" ({label})"));
    let what = if report.view.line.is_some() { "Row" } else { "Job" };
    let status = report.status.map_or_else(|| "cannot be read".to_owned(), |status| status.to_string());
    format!("{what} {}{} of batch {}: {status}", report.name, label.unwrap_or_default(), report.batch)
}

/// What is known of the row, one fact a line; what is not known is left out.
fn facts(report: &RowReport) -> String {
    let (job, view) = (&report.view.job, &report.view);
    if view.is_unreadable() {
        return line("why", report.error_message.as_deref().unwrap_or_default());
    }
    let mut lines = vec![line("prompt", &report.prompt)];
    lines.extend(report.files.iter().map(|file| {
        let gone = if file.is_there == Some(false) { ", which is not there any more" } else { "" };
        line("file", &format!("{} ({} bytes{gone})", file.path, grouped(file.bytes)))
    }));
    lines.extend(report.error_message.iter().map(|message| line("why", message)));
    lines.extend(report.note.iter().map(|note| line("note", note)));
    lines.push(line("model", &format!("{} ({})", job.spec.model, job.spec.mode)));
    lines.push(line("account", &format!("{} ({})", job.spec.account, job.spec.provider)));
    lines.extend(fields(job).iter().map(|(name, value)| line(name, value)));
    lines.push(line("price", &job.price.map_or_else(|| "not known".to_owned(), money)));
    lines.push(line("charged", &charged(job, report.cost)));
    lines.extend(job.stage.task().map(|task| line("task", task.id.as_str())));
    let carried = view.line.iter().flat_map(|line| &line.passthrough);
    lines.extend(carried.map(|(name, value)| line(name, value)));
    lines.push(line("job", &job.id.to_string()));
    lines.extend(view.worker.iter().map(|worker| line("worker", worker.as_str())));
    lines.extend(view.due.map(|due| line("next step", &due_in(report, due))));
    lines.join("\n")
}

fn due_in(report: &RowReport, due: reelq_model::Timestamp) -> String {
    match due.since(report.now).as_secs() {
        0 => "due now".to_owned(),
        seconds => format!("in {} ({})", duration(seconds), due.with_millis()),
    }
}

/// A fact behind its name; further lines of a text stand below its first.
fn line(name: &str, text: &str) -> String {
    let text = text.lines().collect::<Vec<_>>().join("\n              ");
    format!("  {name:<10}  {text}")
}

fn timeline(report: &RowReport) -> String {
    let mut lines = vec!["What happened".to_owned()];
    if report.is_history_cut {
        lines.push("  (older entries are not kept)".to_owned());
    }
    lines.extend(report.events.iter().map(event));
    lines.join("\n")
}

fn event(event: &JobEvent) -> String {
    let after = event.after_ms.map_or_else(String::new, between);
    let status = event.status.to_string();
    format!("  {}  {after:>10}  {status:<11}  {}", event.at.with_millis(), event.told())
}

/// The time since what happened before.
fn between(millis: u64) -> String {
    match millis {
        0..60_000 => format!("+{}.{:03}s", millis / 1_000, millis % 1_000),
        _ => format!("+{}", duration(millis / 1_000)),
    }
}

fn request(report: &RowReport) -> String {
    let request = &report.request;
    let mut lines = vec!["The request".to_owned(), format!("  {}", request.said)];
    lines.extend(request.url.as_ref().map(|url| format!("  {} {url}", request.method.unwrap_or_default())));
    lines.extend(request.headers.iter().map(|(name, value)| format!("  {name}: {value}")));
    let body = request.body.as_ref().and_then(|body| serde_json::to_string_pretty(body).ok());
    lines.extend(body.iter().flat_map(|body| body.lines()).map(|line| format!("  {line}")));
    lines.join("\n")
}

/// No store keeps the bytes of a reply; what was read in the last one that mattered is kept.
fn reply(report: &RowReport) -> String {
    let job = &report.view.job;
    let said = match (&job.stage, &job.troubles) {
        (Stage::Failed { failure, .. }, _) => Some(failure.to_string()),
        (Stage::Unconfirmed { reason, .. }, _) => Some(reason.clone()),
        (_, Some(troubles)) => Some(troubles.last.reason.clone()),
        _ => None,
    };
    said.map(|said| format!("The last reply\n  its bytes are not kept; what was read in it: {said}"))
        .unwrap_or_default()
}

fn next(report: &RowReport) -> String {
    let steps = report.next.iter().map(|step| format!("  {}:\n    {}", step.what, step.command));
    let steps: Vec<_> = steps.collect();
    if steps.is_empty() { String::new() } else { format!("What you can do now\n{}", steps.join("\n")) }
}

//! One line of a result manifest from what the store knows. Pure.

use reelq_model::{FailureKind, Fields, Job, Money, Settlement, Stage, StoredFile, Timestamp};
use reelq_results::ResultRecord;
use reelq_store::{JobView, ResultLine};

use super::note::{all, note};

/// What became of one line. A job whose line is gone has row 0, and the label and the carried columns that it had last.
///
/// The cost is empty where it is not known; then the message or the note names the amount at risk. Charges that no one expected are
/// part of the cost of the job that caused them. `sharers` are the jobs that share a task with one of the line's own.
pub fn record(line: &ResultLine, sharers: &[JobView]) -> ResultRecord {
    if line.view.is_unreadable() {
        return unreadable(line, sharers);
    }
    let (job, place) = (&line.view.job, line.view.line.as_ref());
    let file = files(job).first();
    let link = first_link(job);
    ResultRecord {
        row: place.map_or(0, |place| place.row),
        id: line.labelled().and_then(|place| place.label.clone()),
        job: job.id.to_string(),
        copy: place.map_or(1, |place| place.copy),
        status: Some(job.status()),
        account: job.spec.account.to_string(),
        provider: job.spec.provider.to_string(),
        model: job.spec.model.to_string(),
        mode: job.spec.mode.clone(),
        prompt: job.spec.prompt().to_owned(),
        params: params(job),
        submissions: Some(job.submissions),
        remote_task: job.stage.task().map(|task| task.id.to_string()),
        cost_usd: cost(line),
        queued_at: Some(job.queued_at),
        submitted_at: job.submitted_at,
        finished_at: job.finished_at,
        stored_at: job.stored_at,
        run: job.submitted_at.zip(job.finished_at).map(|(from, to)| to.since(from)),
        polls: Some(job.polls),
        file: file.map(|file| file.path.clone()),
        bytes: file.map(|file| file.bytes),
        sha256: file.map(|file| file.sha256),
        source_url: file.map(|file| file.source_url.clone()).or_else(|| link.map(|(url, _)| url.to_owned())),
        expires_at: file.map_or_else(|| link.and_then(|(_, at)| at), |file| file.expires_at),
        error_kind: error_kind(job),
        error_message: message(job),
        note: note(line, sharers),
        is_unreadable: false,
        passthrough: line.labelled().map(|place| place.passthrough.clone()).unwrap_or_default(),
    }
}

/// The line of a job whose record cannot be read: what the store knows beside it, and nothing that is made up.
fn unreadable(line: &ResultLine, sharers: &[JobView]) -> ResultRecord {
    let place = line.view.line.as_ref();
    ResultRecord {
        row: place.map_or(0, |place| place.row),
        id: line.labelled().and_then(|place| place.label.clone()),
        job: line.view.job.id.to_string(),
        copy: place.map_or(1, |place| place.copy),
        status: line.view.status(),
        account: String::new(),
        provider: String::new(),
        model: String::new(),
        mode: String::new(),
        prompt: String::new(),
        params: Fields::new(),
        submissions: None,
        remote_task: None,
        cost_usd: None,
        queued_at: None,
        submitted_at: None,
        finished_at: None,
        stored_at: None,
        run: None,
        polls: None,
        file: None,
        bytes: None,
        sha256: None,
        source_url: None,
        expires_at: None,
        error_kind: None,
        error_message: Some(UNREADABLE.to_owned()),
        note: note(line, sharers),
        is_unreadable: true,
        passthrough: line.labelled().map(|place| place.passthrough.clone()).unwrap_or_default(),
    }
}

const UNREADABLE: &str = "its record cannot be read; `reelq doctor` names it";

pub(super) fn files(job: &Job) -> &[StoredFile] {
    match &job.stage {
        Stage::Succeeded { files, .. } => files,
        _ => &[],
    }
}

fn first_link(job: &Job) -> Option<(&str, Option<Timestamp>)> {
    match &job.stage {
        Stage::Fetching { outputs, .. } => outputs.first().map(|link| (link.url.as_str(), link.expires_at)),
        _ => None,
    }
}

fn params(job: &Job) -> Fields {
    job.spec.fields.iter().filter(|(name, _)| *name != "prompt").map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn error_kind(job: &Job) -> Option<FailureKind> {
    match &job.stage {
        Stage::Failed { failure, .. } => Some(failure.kind),
        _ => None,
    }
}

/// What the line cost with all its unexpected charges; `None` as soon as one part is unknown.
fn cost(line: &ResultLine) -> Option<Money> {
    all(line).map(Job::cost).sum()
}

/// What went wrong, of a row that failed or whose purchase is in doubt; nothing of any other.
fn message(job: &Job) -> Option<String> {
    let risk = || amount(job.price);
    match &job.stage {
        // Records of versions that did not keep which submission it was; of others, the doubt is reported by itself.
        Stage::Failed { failure, task: None } if failure.kind == FailureKind::GivenUp && job.doubtful.is_empty() => {
            Some(format!("{failure}; {} may have been charged", risk()))
        }
        Stage::Failed { failure, .. } => Some(failure.to_string()),
        Stage::Unconfirmed { reason, .. } => {
            Some(format!("it is unknown whether it was bought ({reason}); {} at risk; see `reelq resolve`", risk()))
        }
        _ => None,
    }
}

pub(super) fn unknown_charge(job: &Job) -> Option<String> {
    let unknown = |charge: &&reelq_model::Charge| charge.amount.is_none() && charge.settlement != Settlement::Refunded;
    let charge = job.charges.iter().find(unknown)?;
    Some(format!("the provider does not say what task {} cost", charge.task))
}

pub(super) fn doubt(job: &Job) -> Option<String> {
    let numbers: Vec<_> = job.doubtful.iter().map(u32::to_string).collect();
    let price = amount(job.price);
    let as_well = if matches!(job.stage, Stage::Failed { task: None, .. }) { "" } else { " as well" };
    (!numbers.is_empty())
        .then(|| format!("submission {} may have been charged{as_well}, {price} each", numbers.join(", ")))
}

pub(super) fn orphan(job: &Job) -> String {
    let tasks: Vec<&str> = job.charges.iter().map(|charge| charge.task.as_str()).collect();
    let what = format!("task {} was charged as well ({})", tasks.join(", "), amount(job.cost()));
    match files(job).first() {
        Some(file) => format!("{what}, its output is {}", file.path),
        None => format!("{what}, it is {}", job.status()),
    }
}

fn amount(money: Option<Money>) -> String {
    money.map_or_else(|| "an unknown amount".to_owned(), |money| format!("${money}"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use reelq_model::{Charge, Digest, Event, Failure, RemoteTask, Status, Submission, TaskId};
    use reelq_store::{JobView, Line};

    use super::*;
    use reelq_testkit::sample;

    const CENTS: i64 = 10_000;

    fn record(line: &ResultLine) -> ResultRecord {
        super::record(line, &[])
    }

    fn line(job: Job, orphans: Vec<Job>) -> ResultLine {
        let passthrough = BTreeMap::from([("x_team".to_owned(), "red".to_owned())]);
        let line = Line { row: 7, copy: 2, label: Some("cat".to_owned()), passthrough };
        let view = JobView {
            job,
            line: Some(line),
            due: None,
            worker: None,
            cancel_requested: false,
            parked: false,
            unread: None,
        };
        ResultLine { view, orphans, former: None }
    }

    fn task(id: &str) -> RemoteTask {
        RemoteTask::accepted(TaskId::new(id).unwrap(), 1, Timestamp::default())
    }

    fn charge(id: &str, cents: Option<i64>, settlement: Settlement) -> Charge {
        let amount = cents.map(|cents| Money::from_micros(cents * CENTS));
        Charge { task: TaskId::new(id).unwrap(), submission: 1, amount, settlement, at: None }
    }

    fn succeeded(path: &str, cents: Option<i64>) -> Job {
        let mut job = sample::job("a cat");
        let sha256 = Digest::of(b"x");
        let file = StoredFile {
            path: path.to_owned(),
            bytes: 9,
            sha256,
            source_url: "https://c/v".to_owned(),
            expires_at: None,
            note: None,
        };
        job.stage = Stage::Succeeded { task: task("t-1"), files: vec![file] };
        job.charges = vec![charge("t-1", cents, Settlement::Charged)];
        job.submitted_at = Some(job.queued_at.after(Duration::from_secs(1)));
        job.finished_at = Some(job.queued_at.after(Duration::from_secs(62)));
        job
    }

    fn unconfirmed() -> Job {
        let mut job = sample::job("a cat");
        job.price = Some(Money::from_micros(12 * CENTS));
        let submission =
            Submission { number: 1, key: job.next_key(), body: Digest::of(b"x"), at: Timestamp::default(), mark: None };
        job.stage = Stage::Unconfirmed { submission, reason: "no reply".to_owned() };
        job
    }

    #[test]
    fn stored_line_names_its_file_and_cost() {
        let record = record(&line(succeeded("a.mp4", Some(10)), Vec::new()));
        assert_eq!((record.row, record.copy, record.id.as_deref()), (7, 2, Some("cat")));
        assert_eq!(
            (record.status, record.file.as_deref(), record.bytes),
            (Some(Status::Succeeded), Some("a.mp4"), Some(9))
        );
        assert_eq!(record.cost_usd, Some(Money::from_micros(10 * CENTS)));
        assert_eq!(record.run, Some(Duration::from_secs(61)));
        assert_eq!((record.prompt.as_str(), record.params.len()), ("a cat", 0));
        assert_eq!(record.passthrough["x_team"], "red");
        assert_eq!(record.error_message, None);
    }

    #[test]
    fn stored_line_names_further_outputs_and_what_should_be_known_of_them() {
        let mut job = succeeded("a.mp4", Some(10));
        if let Stage::Succeeded { files, .. } = &mut job.stage {
            let note = Some("a.png.unverified could not be verified: cut off".to_owned());
            files.push(StoredFile { path: "a.png.unverified".to_owned(), note, ..files[0].clone() });
        }
        let record = record(&line(job, Vec::new()));
        assert_eq!((record.file.as_deref(), record.error_kind, record.error_message), (Some("a.mp4"), None, None));
        let expected = "further outputs: a.png.unverified; a.png.unverified could not be verified: cut off";
        assert_eq!(record.note.as_deref(), Some(expected));
    }

    #[test]
    fn unexpected_charge_is_added_and_named() {
        let mut second = succeeded("b.mp4", Some(10));
        second.charges = vec![charge("t-2", Some(15), Settlement::Charged)];
        let record = record(&line(succeeded("a.mp4", Some(10)), vec![second]));
        assert_eq!(record.cost_usd, Some(Money::from_micros(25 * CENTS)));
        assert_eq!(record.error_message, None, "the row succeeded");
        assert_eq!(record.note.unwrap(), "task t-2 was charged as well ($0.15), its output is b.mp4");
    }

    #[test]
    fn unconfirmed_line_has_no_cost_and_names_the_risk() {
        let record = record(&line(unconfirmed(), Vec::new()));
        assert_eq!((record.cost_usd, record.error_kind), (None, None));
        let expected = "it is unknown whether it was bought (no reply); $0.12 at risk; see `reelq resolve`";
        assert_eq!(record.error_message.as_deref(), Some(expected));
    }

    #[test]
    fn line_that_was_given_up_has_no_cost_either() {
        let resolution = reelq_model::Resolution::GiveUp;
        let job = unconfirmed().apply(Event::Resolved { resolution }, Timestamp::default()).unwrap().job;
        let record = record(&line(job, Vec::new()));
        assert_eq!((record.cost_usd, record.error_kind), (None, Some(FailureKind::GivenUp)));
        assert_eq!(record.note.unwrap(), "submission 1 may have been charged, $0.12 each");
    }

    #[test]
    fn line_that_was_bought_again_in_doubt_has_no_cost_until_the_doubt_is_over() {
        let apply = |job: Job, event| job.apply(event, Timestamp::default()).unwrap().job;
        let yes = |task: &str, submission| Event::Accepted {
            acceptance: reelq_model::Acceptance {
                task: TaskId::new(task).unwrap(),
                submission,
                cost: None,
                at: Timestamp::default(),
                outputs: Vec::new(),
            },
            first_poll: Duration::ZERO,
        };
        let again = apply(unconfirmed(), Event::Resolved { resolution: reelq_model::Resolution::Resubmit });
        assert_eq!(again.reserved(), again.price.unwrap(), "the budget must bear both");
        let adopted = apply(again.clone(), yes("t-1", 1));
        assert_eq!(record(&line(adopted, Vec::new())).cost_usd, again.price);
        let record = record(&line(apply(again, yes("t-2", 2)), Vec::new()));
        assert_eq!(record.cost_usd, None);
        let told = (record.error_message, record.note.as_deref());
        assert_eq!(told, (None, Some("submission 1 may have been charged as well, $0.12 each")));
    }

    #[test]
    fn unknown_amount_leaves_the_cost_empty_and_a_refund_makes_it_zero() {
        let unknown = record(&line(succeeded("a.mp4", None), Vec::new()));
        assert_eq!(unknown.cost_usd, None);
        assert_eq!(
            (unknown.error_message, unknown.note.as_deref()),
            (None, Some("the provider does not say what task t-1 cost"))
        );
        let mut failed = sample::job("a cat");
        let failure = Failure::new(FailureKind::Content, "the prompt was refused").with_code("1026");
        failed.stage = Stage::Failed { failure, task: Some(task("t-1")) };
        failed.charges = vec![charge("t-1", None, Settlement::Refunded)];
        let failed = record(&line(failed, Vec::new()));
        assert_eq!((failed.cost_usd, failed.error_kind), (Some(Money::ZERO), Some(FailureKind::Content)));
        assert_eq!(failed.error_message.as_deref(), Some("the prompt was refused (1026)"));
    }
}

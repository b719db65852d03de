//! What happened to a job, in words: the entries that a store keeps of it.

use reelq_model::{Job, Status, Timestamp};
use reelq_store::HistoryEntry;
use serde::Serialize;

/// One thing that happened to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobEvent {
    /// When, by the store's time.
    pub at: Timestamp,
    /// How many milliseconds after what happened before it; `None` of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// The job's status after it.
    pub status: Status,
    /// The event's name.
    pub event: String,
    /// The same in words.
    pub what: String,
    /// Why, or with what; empty where the event says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The worker that did it; `None` where a person or the store did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// All that is known to have happened to a job, the oldest first: that it was enqueued, and what its history keeps.
pub fn events(job: &Job, history: Vec<HistoryEntry>) -> Vec<JobEvent> {
    let mut before = job.queued_at;
    let enqueued = JobEvent {
        at: job.queued_at,
        after_ms: None,
        status: Status::Queued,
        event: "enqueued".to_owned(),
        what: in_words("enqueued"),
        reason: String::new(),
        worker: None,
    };
    let later = history.into_iter().map(|entry| {
        let after = entry.at.since(std::mem::replace(&mut before, entry.at));
        JobEvent { after_ms: u64::try_from(after.as_millis()).ok(), ..of(entry) }
    });
    std::iter::once(enqueued).chain(later).collect()
}

/// An entry by itself.
fn of(entry: HistoryEntry) -> JobEvent {
    JobEvent {
        at: entry.at,
        after_ms: None,
        status: entry.status,
        what: in_words(&entry.event),
        event: entry.event,
        reason: entry.reason,
        worker: entry.worker.map(|worker| worker.to_string()),
    }
}

/// An event as a sentence without its subject, the job; one that a newer version wrote by its name.
fn in_words(event: &str) -> String {
    let words = match event {
        "enqueued" => "enqueued",
        "sending" => "the request is sent",
        "recalled" => "a submission that the store had forgotten is known again",
        "not_sent" => "nothing was sent",
        "throttled" => "held back",
        "turned_away" => "turned away by the provider",
        "replay" => "the same request is to be sent again",
        "rejected" => "refused by the provider",
        "accepted" => "bought: the provider accepted it as task",
        "unresolved" => "no one knows whether it was bought",
        "resolved" => "settled by a person",
        "running" => "still running",
        "finished" => "done at the provider",
        "failed" => "failed at the provider",
        "fetch_later" => "its output is not there yet",
        "links_expired" => "its links are dead: fresh ones are asked for",
        "fetch_again" => "its earlier links are tried again",
        "fetch_failed" => "its output could not be fetched",
        "stored" => "its output is in its place",
        "cancelled" => "cancelled",
        "retry" => "taken up again",
        "parked" => "set aside: an event came that could not happen to it",
        "second_charge" => "charged a second time, for task",
        "lease_ended" => "no worker has it any more",
        "shares_task" => "one task stands for two purchases",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

impl JobEvent {
    /// What happened, and why.
    pub fn told(&self) -> String {
        match (self.event.as_str(), self.reason.as_str()) {
            (_, "") => self.what.clone(),
            ("accepted" | "second_charge", task) => format!("{} {task}", self.what),
            (_, reason) => format!("{}: {reason}", self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_testkit::sample;

    use super::*;

    #[test]
    fn events_are_told_in_words_with_the_time_between_them() {
        let job = sample::job("a cat");
        let entry = |after: u64, event: &str, reason: &str| HistoryEntry {
            at: job.queued_at.after(Duration::from_millis(after)),
            status: Status::Running,
            event: event.to_owned(),
            worker: None,
            reason: reason.to_owned(),
        };
        let history =
            vec![entry(30, "accepted", "t-1"), entry(1_030, "fetch_later", "404"), entry(1_031, "brand_new", "")];
        let events = events(&job, history);
        let told: Vec<_> = events.iter().map(|event| (event.after_ms, event.told())).collect();
        let expected = [
            (None, "enqueued"),
            (Some(30), "bought: the provider accepted it as task t-1"),
            (Some(1_000), "its output is not there yet: 404"),
            (Some(1), "brand new"),
        ];
        assert_eq!(told, expected.map(|(after, told)| (after, told.to_owned())));
    }

    #[test]
    fn every_event_of_the_machine_has_words_of_its_own() {
        for name in [
            "sending",
            "recalled",
            "not_sent",
            "throttled",
            "turned_away",
            "replay",
            "rejected",
            "accepted",
            "unresolved",
            "resolved",
            "running",
            "finished",
            "failed",
            "fetch_later",
            "links_expired",
            "fetch_again",
            "fetch_failed",
            "stored",
            "retry",
            "parked",
            "second_charge",
            "lease_ended",
            "shares_task",
        ] {
            assert_ne!(in_words(name), name.replace('_', " "), "{name}");
        }
    }
}

//! Where replies name a task, and what it means there. The one place that decides what is an acceptance.

use reelq_model::TaskId;
use serde_json::Value;

use super::{
    place::at,
    text::{clean, text},
};

/// How surely a member of a reply names the task that the request bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// It is called a task id.
    Strong,
    /// It is called an id: of a task, or of the request.
    Weak,
    /// A text where the oldest replies have the task id alone: anything may stand there.
    Loose,
    /// A task id inside the complaint: most likely an earlier task.
    InError,
}

/// Where a reply may name a task, the surest first.
const PLACES: [(&str, Strength); 22] = [
    ("/task_id", Strength::Strong),
    ("/taskId", Strength::Strong),
    ("/data/task_id", Strength::Strong),
    ("/data/taskId", Strength::Strong),
    ("/taskID", Strength::Strong),
    ("/data/taskID", Strength::Strong),
    ("/error/task_id", Strength::InError),
    ("/error/taskId", Strength::InError),
    ("/data/error/task_id", Strength::InError),
    ("/error/details/task_id", Strength::InError),
    ("/details/task_id", Strength::InError),
    ("/detail/task_id", Strength::InError),
    ("/task/id", Strength::Weak),
    ("/task/task_id", Strength::Weak),
    ("/data/task/id", Strength::Weak),
    ("/result/task_id", Strength::Weak),
    ("/output/task_id", Strength::Weak),
    ("/data/id", Strength::Weak),
    ("/id", Strength::Weak),
    ("/task", Strength::Loose),
    ("/data", Strength::Loose),
    ("/result", Strength::Loose),
];

/// What the rest of a submit reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// A success, and nothing complains.
    Taken,
    /// A success whose body complains, or that is not JSON alone.
    Doubted,
    /// A refusal, by its status.
    Refused,
    /// A status that proves nothing.
    Open,
}

/// What a named task makes of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskNaming {
    /// The task was bought.
    Accepted,
    /// No one knows: the task is kept as a candidate.
    Candidate,
    /// Not the name of a task.
    Ignored,
}

/// The table: for each strength, the verdict in the order of [`Surroundings`]: taken, doubted, refused, open.
const MEANINGS: [(Strength, [TaskNaming; 4]); 4] = {
    use Strength::{InError, Loose, Strong, Weak};
    use TaskNaming::{Accepted, Candidate, Ignored};
    [
        (Strong, [Accepted, Accepted, Candidate, Candidate]),
        (InError, [Candidate, Candidate, Candidate, Candidate]),
        (Weak, [Accepted, Ignored, Ignored, Ignored]),
        (Loose, [Accepted, Ignored, Ignored, Ignored]),
    ]
};

/// What a task that is named with `strength` makes of a reply.
fn verdict(strength: Strength, surroundings: Surroundings) -> TaskNaming {
    let row = MEANINGS.iter().find(|(named, _)| *named == strength);
    row.map_or(TaskNaming::Ignored, |(_, verdicts)| match surroundings {
        Surroundings::Taken => verdicts[0],
        Surroundings::Doubted => verdicts[1],
        Surroundings::Refused => verdicts[2],
        Surroundings::Open => verdicts[3],
    })
}

/// The places in their order: of equally sure ones those that the vendor documents, `own`, go first.
fn in_order(own: &[&str]) -> impl Iterator<Item = &'static (&'static str, Strength)> {
    let is_sure = |strength: Strength| matches!(strength, Strength::Strong | Strength::InError);
    let among = move |sure: bool| PLACES.iter().filter(move |(_, strength)| is_sure(*strength) == sure);
    let documented = |sure| among(sure).filter(|(place, _)| own.contains(place)).collect::<Vec<_>>();
    documented(true).into_iter().chain(among(true)).chain(documented(false)).chain(among(false))
}

/// The task that the reply names, with what that makes of it; the surest name that is not ignored. `own` are the places
/// that the vendor documents.
pub(super) fn named(document: &Value, own: &[&str], surroundings: Surroundings) -> Option<(TaskId, TaskNaming)> {
    let mut found = in_order(own).filter_map(|(place, strength)| {
        let verdict = verdict(*strength, surroundings);
        let task = id(at(document, place)?, *strength).filter(|_| verdict != TaskNaming::Ignored)?;
        Some((task, verdict))
    });
    found.next()
}

fn surely_named(document: &Value) -> impl Iterator<Item = TaskId> {
    let strong = PLACES.iter().filter(|(_, strength)| *strength == Strength::Strong);
    strong.filter_map(|(place, strength)| id(at(document, place)?, *strength))
}

/// Whether a reply surely names a task.
pub(super) fn names_a_task(document: &Value) -> bool {
    surely_named(document).next().is_some()
}

/// A task other than `asked` that a reply surely names, where it does not name `asked` too.
pub(super) fn stranger(document: &Value, asked: &TaskId) -> Option<TaskId> {
    // No vendor tells two tasks apart by case or by blanks at the edges alone.
    let is_asked = |named: TaskId| named.as_str().trim().eq_ignore_ascii_case(asked.as_str().trim());
    let names_asked = surely_named(document).any(is_asked);
    if names_asked { None } else { surely_named(document).next() }
}

/// A text or a whole positive number; a list of one of them counts as that one.
fn id(value: &Value, strength: Strength) -> Option<TaskId> {
    match value {
        Value::Number(_) if strength == Strength::Loose => None,
        Value::Array(items) if items.len() == 1 && strength == Strength::Strong => id(&items[0], strength),
        Value::Number(number) if number.as_u64().is_none_or(|number| number == 0) => None,
        Value::String(raw) => fits(raw.trim(), strength).then(|| usable(raw)).flatten(),
        other => text(other).filter(|text| fits(text, strength)).and_then(|text| TaskId::new(text).ok()),
    }
}

/// The id as it came, every byte of it, where a request can name it.
fn usable(raw: &str) -> Option<TaskId> {
    // What stands for bytes that are no text may have been anything; and no path can end with dots alone.
    let is_lost = raw.contains(char::REPLACEMENT_CHARACTER) || matches!(raw, "." | "..");
    TaskId::new(raw).ok().filter(|_| !is_lost && !raw.trim().is_empty())
}

/// What a reply says where it surely names its task, where no request could ever name that: its digits or bytes are lost, or
/// it is too long, or no part of a path. As it may be shown.
pub(super) fn unusable(document: &Value) -> Option<String> {
    let strong = PLACES.iter().filter(|(_, strength)| *strength == Strength::Strong);
    strong.filter_map(|(place, _)| at(document, place)).find_map(|value| match value {
        Value::Number(number) if !is_nothing(number) && number.as_u64().is_none() => Some(number.to_string()),
        Value::String(raw) if fits(raw.trim(), Strength::Strong) && usable(raw).is_none() => Some(clean(raw)),
        _ => None,
    })
}

/// Zero, and what stands for none.
fn is_nothing(number: &serde_json::Number) -> bool {
    matches!(number.as_i64(), Some(0 | -1)) || number.as_f64() == Some(0.0)
}

fn fits(text: &str, strength: Strength) -> bool {
    const NONE: [&str; 8] = ["null", "none", "nil", "undefined", "nan", "n/a", "0", "-1"];
    let has_blank = || text.contains(char::is_whitespace);
    let has_digit = || text.contains(|letter: char| letter.is_ascii_digit());
    let is_none = NONE.iter().any(|none| none.eq_ignore_ascii_case(text));
    match strength {
        _ if is_none || text.is_empty() => false,
        Strength::Strong => true,
        Strength::Weak => !has_blank() && !is_of_request(text),
        Strength::InError => !has_blank(),
        // Words such as `success` and addresses stand there too.
        Strength::Loose => !has_blank() && has_digit() && !text.contains("://") && !text.starts_with(['{', '[', '<']),
    }
}

/// Whether an id says by itself that it is the request's.
fn is_of_request(text: &str) -> bool {
    const BEGINNINGS: [&str; 6] = ["req_", "req-", "request", "trace", "err_", "err-"];
    let text = text.to_ascii_lowercase();
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A document that says `task` at `place`, and nothing else.
    fn saying(place: &str, task: Value) -> Value {
        let names = place.split('/').skip(1).collect::<Vec<_>>();
        names.into_iter().rev().fold(task, |inner, name| json!({ name: inner }))
    }

    #[test]
    fn every_place_means_what_the_table_says() {
        for (place, strength) in PLACES {
            let (_, verdicts) = MEANINGS.iter().find(|(named, _)| *named == strength).unwrap();
            let all_surroundings =
                [Surroundings::Taken, Surroundings::Doubted, Surroundings::Refused, Surroundings::Open];
            for (surroundings, verdict) in all_surroundings.into_iter().zip(verdicts) {
                let told = named(&saying(place, json!("t-1")), &[], surroundings);
                let expected = (*verdict != TaskNaming::Ignored).then(|| (TaskId::new("t-1").unwrap(), *verdict));
                assert_eq!(told, expected, "{place} {surroundings:?}");
            }
        }
    }

    #[test]
    fn only_a_task_id_is_an_acceptance_whatever_else_is_said() {
        for (strength, verdicts) in MEANINGS {
            assert_eq!(verdicts[1] == TaskNaming::Accepted, strength == Strength::Strong);
            assert!(verdicts[2..].iter().all(|verdict| *verdict != TaskNaming::Accepted), "{strength:?}");
        }
    }

    #[test]
    fn numbers_and_texts_name_tasks_and_placeholders_do_not() {
        let of = |value: Value| {
            named(&json!({ "task_id": value }), &[], Surroundings::Taken).map(|(task, _)| task.to_string())
        };
        assert_eq!(of(json!(12_345)).as_deref(), Some("12345"));
        assert_eq!(of(json!(" t-1 ")).as_deref(), Some(" t-1 "));
        assert_eq!(of(json!("a\nb")).as_deref(), Some("a\nb"));
        assert_eq!(of(json!("../v1%2e%2e?a#b")).as_deref(), Some("../v1%2e%2e?a#b"));
        assert_eq!(of(json!(["t-1"])).as_deref(), Some("t-1"));
        assert_eq!(of(json!("9".repeat(4_096))).map(|id| id.len()), Some(4_096));
        for value in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("null"),
            json!(true),
            json!({}),
            json!("  "),
            json!(".."),
            json!("a\u{fffd}b"),
            json!("9".repeat(4_097)),
            json!([]),
        ] {
            assert_eq!(of(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn what_no_request_could_name_is_told_as_it_came() {
        let of = |value: Value| unusable(&json!({ "data": { "taskId": value } }));
        assert!(of(json!(1e21)).is_some_and(|told| told.starts_with("1e")));
        assert_eq!(of(json!(-7)).as_deref(), Some("-7"));
        assert_eq!(of(json!("..")).as_deref(), Some(".."));
        assert_eq!(of(json!("a\u{fffd}b")).as_deref(), Some("a\u{fffd}b"));
        for nothing in [json!(0), json!(-1), json!(null), json!(""), json!("null"), json!({}), json!("t-1"), json!(7)] {
            assert_eq!(of(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn a_loose_text_must_look_like_an_id() {
        let of = |value: &str| named(&json!({ "data": value }), &[], Surroundings::Taken).is_some();
        assert!(of("task-wave1775285160b950328499"));
        for value in ["upstream timeout", "success", "https://cdn.example/1.mp4", "error 500", "{1"] {
            assert!(!of(value), "{value}");
        }
        assert_eq!(named(&json!({"code": 200, "data": 1}), &[], Surroundings::Taken), None);
    }

    #[test]
    fn the_id_of_a_request_is_no_tasks() {
        for id in ["req_8f3a", "request-17", "Req-01", "trace-5"] {
            assert_eq!(named(&json!({"id": id, "message": "received"}), &[], Surroundings::Taken), None, "{id}");
            assert!(named(&json!({"task_id": id}), &[], Surroundings::Taken).is_some(), "{id}");
        }
    }

    #[test]
    fn a_reply_that_also_names_the_task_asked_about_is_no_strangers() {
        let asked = TaskId::new("7").unwrap();
        assert_eq!(stranger(&json!({"task_id": 7}), &asked), None);
        assert_eq!(stranger(&json!({"task_id": "8", "data": {"task_id": "7"}}), &asked), None);
        assert_eq!(stranger(&json!({"id": "8"}), &asked), None);
        assert_eq!(stranger(&json!({"data": {"taskId": 8}}), &asked), Some(TaskId::new("8").unwrap()));
    }
}

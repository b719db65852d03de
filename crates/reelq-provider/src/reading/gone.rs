//! Whether a reply says, unmistakably, that the vendor does not know the task.

use reelq_model::TaskId;

use super::text::plain_words;

/// Parts of plain words, in which every word for a task is `task` and its id is left out.
const UNKNOWN: [&str; 28] = [
    "task not found",
    "task was not found",
    "task is not found",
    "task could not be found",
    "task id not found",
    "no such task",
    "unknown task",
    "task unknown",
    "task does not exist",
    "task doesn t exist",
    "task not exist",
    "task is not exist",
    "task id does not exist",
    "task id not exist",
    "invalid task id",
    "task id invalid",
    "task id is invalid",
    "task expired",
    "task has expired",
    "task is expired",
    "task deleted",
    "task was deleted",
    "task has been deleted",
    "task no longer exists",
    "cannot find task",
    "could not find task",
    "任务不存在",
    "任务已过期",
];
/// What a server says of an address that leads nowhere.
const ADDRESSES: [&str; 9] =
    ["route", "path", "endpoint", "page", "method", "url", "cannot post", "cannot get", "not defined by this api"];
const TASKS: [&str; 6] = ["job", "generation", "prediction", "request", "record", "taskid"];

/// The words of a code or message, with one word for what is asked about.
fn words(text: &str, task: &TaskId) -> String {
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
    let without_id = text.split_whitespace().filter(|word| bare(word) != bare(task.as_str()));
    let plain = plain_words(&without_id.collect::<Vec<_>>().join(" "));
    let words = plain.split(' ').map(|word| match word {
        "taskid" => "task id",
        word if TASKS.contains(&word) => "task",
        word => word,
    });
    words.filter(|word| !matches!(*word, "the" | "with" | "this" | "a" | "an")).collect::<Vec<_>>().join(" ")
}

/// Whether a code or message says that the task is not known.
pub(super) fn is_unknown(said: [Option<&str>; 2], task: &TaskId) -> bool {
    said.into_iter().flatten().any(|text| {
        let words = words(text, task);
        UNKNOWN.iter().any(|part| words.contains(part))
    })
}

/// Whether a message is about something that is not a task: a wrong address is no word on the task.
pub(super) fn is_about_another_thing(said: Option<&str>) -> bool {
    said.is_some_and(|said| is_about_an_address(said) || speaks_of(said, &["model"]))
}

/// Whether a message is about the address that was asked, and so about nothing behind it.
pub(super) fn is_about_an_address(said: &str) -> bool {
    speaks_of(said, &ADDRESSES)
}

fn speaks_of(said: &str, things: &[&str]) -> bool {
    let words = format!(" {} ", plain_words(said));
    things.iter().any(|thing| words.contains(&format!(" {thing} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmistakable_words_are_told_from_others() {
        let task = TaskId::new("t-1").unwrap();
        for text in [
            "task_not_found",
            "TASK_NOT_FOUND",
            "Task 't-1' not found",
            "invalid task_id",
            "invalid taskId: t-1",
            "The task with id t-1 does not exist",
            "No such task: t-1",
            "task expired",
            "This job has been deleted",
            "Generation not found.",
            "任务不存在",
        ] {
            let found = is_unknown([None, Some(text)], &task);
            assert!(found, "{text}: {}", words(text, &task));
        }
        for text in
            ["not found", "no such route", "invalid request", "model not found", "task failed", "rate limit", ""]
        {
            assert!(!is_unknown([Some(text), Some(text)], &task), "{text}");
        }
        assert!(is_about_another_thing(Some("The current request is not defined by this API.")));
        assert!(is_about_another_thing(Some("model not found")) && !is_about_an_address("model not found"));
        assert!(is_about_another_thing(Some("no such route")) && !is_about_another_thing(Some("Not found")));
    }
}

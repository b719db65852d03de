//! Verdicts keep their scope: a gateway's page judges no one, and a reply about another task is no answer.

use reelq_tests::{json, reply};

use crate::replies::{asked, buy, done, row};

#[test]
fn a_page_that_is_not_the_vendors_turns_a_purchase_away_and_blocks_nobody() {
    let pages = [
        (403, "<!DOCTYPE html><title>Just a moment...</title>"),
        (404, "<html><center>nginx</center></html>"),
        (401, ""),
        (400, "Bad Request"),
    ];
    let tries = std::sync::Mutex::new([0; 4]);
    let bought = buy(pages.len(), "", move |request, origin| {
        if request.is_submit() {
            let row = row(request);
            let mut tries = tries.lock().unwrap();
            tries[row] += 1;
            let (status, page) = pages[row];
            return if tries[row] == 1 {
                reply(status, &["Content-Type: text/html"], page)
            } else {
                json(200, format!(r#"{{"task_id":"t-{row}"}}"#))
            };
        }
        done(&asked(request), origin)
    });
    for row in &bought.rows {
        assert_eq!(row.get("status"), "succeeded", "{}: {}", row.get("prompt"), bought.stderr);
    }
    assert_eq!((bought.code, bought.submits()), (Some(0), 2 * pages.len()), "{}", bought.stderr);
}

#[test]
fn a_status_word_of_another_tense_with_a_link_is_an_end() {
    let words = ["succeed", "complete", "IN-PROGRESS", "Completed!"];
    let looks = std::sync::Mutex::new(0);
    let bought = buy(words.len(), "", move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        let task = asked(request);
        let word = words[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        if word == "IN-PROGRESS" {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            return if *looks < 3 {
                json(200, format!(r#"{{"task_id":"{task}","status":"{word}"}}"#))
            } else {
                done(&task, origin)
            };
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"{word}","video_url":"{origin}/{task}.mp4"}}"#))
    });
    bought.assert_all_bought_once();
}

#[test]
fn an_answer_that_is_none_is_asked_for_again() {
    let answers = [
        (200, r#"{"task_id":"t-999","status":"failed","error":{"code":"task_failed","message":"of another"}}"#),
        (200, r#"{"code":500,"message":"internal error","data":null}"#),
        (404, "<html>404 Not Found</html>"),
        (403, "<html>Access denied</html>"),
        (200, r#"{"task_id":"t-4","status":"failed","error":{"mess"#),
    ];
    let looks = std::sync::Mutex::new([0; 5]);
    let bought = buy(answers.len(), "", move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        let task = asked(request);
        let row = task.trim_start_matches("t-").parse::<usize>().unwrap();
        let mut looks = looks.lock().unwrap();
        looks[row] += 1;
        let (status, body) = answers[row];
        if looks[row] <= 2 { reply(status, &[], body) } else { done(&task, origin) }
    });
    bought.assert_all_bought_once();
}

#[test]
fn a_refusal_behind_which_something_may_have_taken_the_request_is_not_repeated() {
    const REFUSALS: [(u16, &str); 4] = [
        (400, r#"{"message":"Endpoint request timed out"}"#),
        (404, "upstream request timeout"),
        (444, ""),
        (400, r#"{"error":{"code":"conflict","message":"already created: taskId=task-0001"}}"#),
    ];
    let bought = buy(REFUSALS.len(), "idempotency = \"off\"\nbreaker = { after = 0 }\n", |request, _| {
        let (status, body) = if request.is_submit() { REFUSALS[row(request)] } else { (404, "") };
        reply(status, &[], body)
    });
    for row in &bought.rows {
        assert_eq!(row.get("status"), "unconfirmed", "{}: {}", row.get("prompt"), bought.stderr);
    }
    assert_eq!((bought.code, bought.submits()), (Some(6), REFUSALS.len()), "{}", bought.stderr);
}

#[test]
fn a_message_that_says_a_prompt_again_stops_no_account_and_a_failure_with_an_output_is_fetched() {
    const ECHO: &str = r#"{"code":"content_violation","message":"a phone that says insufficient balance"}"#;
    let bought = buy(4, "", |request, origin| {
        if request.is_submit() {
            return match row(request) {
                0 => json(400, format!(r#"{{"error":{ECHO}}}"#)),
                row => json(200, format!(r#"{{"task_id":"t-{row}"}}"#)),
            };
        }
        let task = asked(request);
        match task.as_str() {
            "t-1" => json(200, format!(r#"{{"task_id":"t-1","status":"failed","error":{ECHO}}}"#)),
            "t-2" => {
                let video = format!(r#""video_url":"{origin}/t-2.mp4""#);
                json(200, format!(r#"{{"task_id":"t-2","status":"failed","error":{ECHO},{video}}}"#))
            }
            _ => done(&task, origin),
        }
    });
    let ends: Vec<_> = bought.rows.iter().map(|row| row.get("status")).collect();
    assert_eq!(ends, ["failed", "failed", "succeeded", "succeeded"], "{}", bought.stderr);
    assert_eq!(bought.submits(), 4, "{}", bought.stderr);
}

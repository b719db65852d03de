//! What becomes of a paid request when the server misbehaves at each point of the exchange.

use std::time::Duration;

use reelq_http::CallError;
use reelq_model::SubmitOutcome;
use reelq_provider::Request;
use tokio::net::TcpListener;

use crate::support::{KEY, Server, Step, paid, provider, reply, transport, write};

/// Submits once to a server that follows the script, and checks that nothing was sent twice.
async fn outcome_of(script: Vec<Step>) -> SubmitOutcome {
    let server = Server::start(script).await;
    let outcome = transport(&server.url()).submit(&provider(), 3, &paid()).await;
    assert_eq!(server.connections(), 1, "sent more than once");
    outcome
}

fn assert_ambiguous(outcome: &SubmitOutcome) {
    assert!(matches!(outcome, SubmitOutcome::Ambiguous(_)), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(KEY));
}

fn assert_accepted(outcome: &SubmitOutcome) {
    let SubmitOutcome::Accepted(acceptance) = outcome else { panic!("{outcome:?}") };
    assert_eq!((acceptance.task.as_str(), acceptance.submission), ("t-1", 3));
}

const ACCEPTED: &str = r#"{"task":"t-1"}"#;

#[tokio::test]
async fn refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let outcome = transport(&format!("http://127.0.0.1:{port}")).submit(&provider(), 1, &paid()).await;
    assert!(matches!(outcome, SubmitOutcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn unknown_name_is_not_sent() {
    let outcome = transport("https://no-such-host.invalid").submit(&provider(), 1, &paid()).await;
    assert!(matches!(outcome, SubmitOutcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn failed_tls_is_not_sent() {
    let server = Server::start(vec![Step::ReadBytes(1), reply("400 Bad Request", "", "speak plainly")]).await;
    let base = format!("https://127.0.0.1:{}", server.port);
    let outcome = transport(&base).submit(&provider(), 1, &paid()).await;
    assert!(matches!(outcome, SubmitOutcome::NotSent(_)), "{outcome:?}");
    assert!(server.requests().iter().all(|seen| !seen.contains("Bearer")));
}

#[tokio::test]
async fn silent_tls_is_not_sent() {
    let server = Server::start(vec![Step::Hold]).await;
    let mut account = crate::support::account(&format!("https://127.0.0.1:{}", server.port));
    account.deadlines.connect = Duration::from_millis(200);
    let transport = reelq_http::Transport::new(&account, crate::support::clock()).unwrap();
    let outcome = transport.submit(&provider(), 1, &paid()).await;
    assert!(matches!(outcome, SubmitOutcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn accept_and_close_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![]).await);
}

#[tokio::test]
async fn close_after_the_head_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadHead]).await);
}

#[tokio::test]
async fn close_after_half_the_request_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadBytes(60)]).await);
}

#[tokio::test]
async fn close_after_the_whole_request_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadAll]).await);
}

#[tokio::test]
async fn half_a_head_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, write("HTTP/1.1 200 OK\r\ncontent-le")]).await);
}

#[tokio::test]
async fn half_a_body_is_ambiguous() {
    let torn = write("HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"task\":\"t");
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, torn]).await);
}

#[tokio::test]
async fn half_a_refusal_is_ambiguous() {
    let torn = write("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 90\r\nretry-after: 3\r\n\r\n{\"err");
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, torn]).await);
}

#[tokio::test]
async fn whole_yes_in_a_broken_frame_is_read() {
    let chunked =
        |rest: &str| write(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{ACCEPTED}{rest}"));
    for broken in [
        chunked("\r\n"),
        chunked(""),
        chunked("\r\nzz\r\n"),
        chunked("oops"),
        write(&format!("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{ACCEPTED}")),
        write(&format!("HTTP/1.1 200 OK\r\nx y: odd\r\nno colon\r\ncontent-length: 14\r\n\r\n{ACCEPTED}")),
    ] {
        assert_accepted(&outcome_of(vec![Step::ReadAll, broken]).await);
    }
    let silent = write(&format!("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{ACCEPTED}"));
    assert_accepted(&outcome_of(vec![Step::ReadAll, silent, Step::Hold]).await);
}

#[tokio::test]
async fn torn_chunked_body_is_ambiguous() {
    let torn = write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{\"task\":\"t-");
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, torn]).await);
}

#[tokio::test]
async fn garbage_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, Step::Write(vec![0xff, 0, 0x16, 0x03, b'\n', b'\n'])]).await);
}

#[tokio::test]
async fn slow_drip_of_the_head_ends_with_the_deadline() {
    let drip = Step::Drip(b"x".to_vec(), Duration::from_millis(50));
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, write("HTTP/1.1 200 OK\r\nx-y: "), drip]).await);
}

#[tokio::test]
async fn slow_drip_of_the_body_ends_with_the_deadline() {
    let drip = Step::Drip(b" ".to_vec(), Duration::from_millis(50));
    let head = write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, head, drip]).await);
}

#[tokio::test]
async fn no_reply_at_all_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, Step::Hold]).await);
}

#[tokio::test]
async fn server_that_reads_nothing_is_ambiguous() {
    assert_ambiguous(&outcome_of(vec![Step::Hold]).await);
}

#[tokio::test]
async fn interim_replies_are_passed_over() {
    let interim = write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
    assert_accepted(&outcome_of(vec![Step::ReadAll, interim, reply("200 OK", "", ACCEPTED)]).await);
}

#[tokio::test]
async fn complete_reply_is_read_by_the_provider() {
    assert_accepted(&outcome_of(vec![Step::ReadAll, reply("200 OK", "", ACCEPTED)]).await);
}

#[tokio::test]
async fn reply_before_the_request_was_read_counts() {
    assert_accepted(&outcome_of(vec![Step::ReadHead, reply("200 OK", "connection: close\r\n", ACCEPTED)]).await);
}

#[tokio::test]
async fn body_longer_than_announced_is_cut_at_the_announced_length() {
    let long = write(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ACCEPTED}and more", ACCEPTED.len()));
    assert_accepted(&outcome_of(vec![Step::ReadAll, long]).await);
}

#[tokio::test]
async fn two_lengths_that_differ_are_ambiguous() {
    let odd = write(&format!("HTTP/1.1 200 OK\r\ncontent-length: 14\r\ncontent-length: 15\r\n\r\n{ACCEPTED}"));
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, odd]).await);
}

#[tokio::test]
async fn huge_body_is_ambiguous_whether_announced_or_not() {
    let announced = write("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{}");
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, announced]).await);
    let endless = Step::Drip(vec![b' '; 1 << 18], Duration::ZERO);
    assert_ambiguous(&outcome_of(vec![Step::ReadAll, write("HTTP/1.1 200 OK\r\n\r\n"), endless]).await);
}

#[tokio::test]
async fn redirect_turns_away_or_stays_open_and_the_key_never_follows() {
    let elsewhere = Server::start(vec![Step::ReadAll, reply("200 OK", "", ACCEPTED)]).await;
    for (status, moved) in [(301, true), (307, true), (308, true), (302, false), (303, false), (300, false)] {
        let head = format!("location: {}/v1/videos?token=hidden\r\n", elsewhere.url());
        let outcome = outcome_of(vec![Step::ReadAll, reply(&format!("{status} Over There"), &head, "")]).await;
        let turned_away = matches!(outcome, SubmitOutcome::TurnedAway(_));
        assert_eq!(turned_away, moved, "{status}: {outcome:?}");
        assert!(turned_away || matches!(outcome, SubmitOutcome::Ambiguous(_)), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains("hidden"), "{outcome:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn each_form_of_retry_after_is_carried() {
    let date = "retry-after: Fri, 01 Jan 2100 00:00:00 GMT\r\n";
    let longest = reelq_provider::retry_after::WAIT_MAX;
    for (header, wait) in [("retry-after: 7\r\n", Some(Duration::from_secs(7))), (date, Some(longest)), ("", None)] {
        let outcome = outcome_of(vec![Step::ReadAll, reply("429 Too Many Requests", header, "{}")]).await;
        let SubmitOutcome::Throttled(setback) = outcome else { panic!("{outcome:?}") };
        assert_eq!(setback.wait, wait, "{header}");
    }
}

#[tokio::test]
async fn each_paid_request_has_a_connection_of_its_own() {
    let keep = || vec![Step::ReadAll, reply("200 OK", "", ACCEPTED), Step::Hold];
    let server = Server::with(move |_| keep()).await;
    let (transport, provider) = (transport(&server.url()), provider());
    for number in 1..=3 {
        let outcome = transport.submit(&provider, number, &paid()).await;
        assert!(matches!(outcome, SubmitOutcome::Accepted(_)), "{outcome:?}");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn request_that_cannot_be_built_is_rejected_unsent() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", ACCEPTED)]).await;
    let mut request = paid();
    request.headers.push(("X-Odd", "line\nbreak".to_owned()));
    let outcome = transport(&server.url()).submit(&provider(), 1, &request).await;
    assert!(matches!(outcome, SubmitOutcome::Rejected(_)), "{outcome:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn request_carries_key_body_and_headers_as_given() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", ACCEPTED)]).await;
    transport(&format!("{}/below/", server.url())).submit(&provider(), 1, &paid()).await;
    let seen = server.requests().remove(0);
    assert!(seen.starts_with("POST /below/v1/videos HTTP/1.1\r\n"), "{seen}");
    let lower = seen.to_ascii_lowercase();
    for header in
        [&format!("authorization: bearer {KEY}"), "idempotency-key: reelq-1", "content-type: application/json"]
    {
        assert_eq!(lower.matches(header).count(), 1, "{header} in {seen}");
    }
    assert!(seen.ends_with("{\"prompt\":\"a cat on a roof, at dawn\"}"), "{seen}");
}

#[tokio::test]
async fn call_tells_what_was_not_sent_from_what_was_not_answered() {
    let torn = Server::start(vec![Step::ReadAll, write("HTTP/1.1 200 OK\r\ncontent-le")]).await;
    let error = transport(&torn.url()).call(&Request::get("/v1/videos/t-1")).await.unwrap_err();
    assert!(!error.is_unsent(), "{error:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = transport(&format!("http://127.0.0.1:{port}")).call(&Request::get("/v1/videos/t-1")).await.unwrap_err();
    assert!(error.is_unsent(), "{error:?}");
}

#[tokio::test]
async fn call_does_not_follow_redirects() {
    let elsewhere = Server::start(vec![Step::ReadAll, reply("200 OK", "", "{}")]).await;
    let head = format!("location: {}/x?token=hidden\r\n", elsewhere.url());
    let server = Server::start(vec![Step::ReadAll, reply("302 Found", &head, "")]).await;
    let error = transport(&server.url()).call(&Request::get("/v1/videos/t-1")).await.unwrap_err();
    assert!(matches!(error, CallError::Redirected { status: 302, .. }), "{error:?}");
    assert!(!error.to_string().contains("hidden"));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn reply_that_breaks_off_is_what_came_of_it_and_why_there_is_no_more() {
    let date = "date: Sat, 21 Nov 2026 02:00:10 GMT\r\n";
    for (rest, body) in [("content-length: 9\r\n\r\n{", "{"), ("content-length: 9\r\n\r\n", ""), ("\r\n{}", "{}")] {
        let server = Server::start(vec![Step::ReadAll, write(&format!("HTTP/1.1 200 OK\r\n{date}{rest}"))]).await;
        let reply = transport(&server.url()).call(&Request::get("/v1/videos/t-1")).await.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (200, body.as_bytes()));
        assert_eq!(reply.cut.is_some(), rest.contains("length"), "{reply:?}");
        assert_eq!(reply.date, Some("2026-11-21T02:00:10Z".parse().unwrap()));
    }
}

#[tokio::test]
async fn long_reply_is_cut_at_the_limit_and_its_beginning_kept() {
    let limit = 16 << 20;
    for (length, is_cut) in [(limit, false), (limit + 1, true)] {
        let body = format!("{{\"task_id\":\"t-1\",{}", " ".repeat(length - 17));
        let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", &body)]).await;
        let mut account = crate::support::account(&server.url());
        account.deadlines = reelq_http::Deadlines::default();
        let transport = reelq_http::Transport::new(&account, crate::support::clock()).unwrap();
        let reply = transport.call(&Request::get("/v1/videos/t-1")).await.unwrap();
        assert_eq!((reply.body.len(), reply.cut.is_some()), (limit, is_cut));
        assert!(reply.body.starts_with(b"{\"task_id\":\"t-1\","));
    }
}

#[tokio::test]
async fn free_requests_ask_past_caches_and_paid_ones_need_not() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", ACCEPTED)]).await;
    transport(&server.url()).call(&Request::get("/v1/videos/t-1")).await.unwrap();
    transport(&server.url()).submit(&provider(), 1, &paid()).await;
    let seen: Vec<String> = server.requests().iter().map(|seen| seen.to_ascii_lowercase()).collect();
    assert!(seen[0].contains("cache-control: no-cache\r\n"), "{seen:?}");
    assert!(!seen[1].contains("cache-control"), "{seen:?}");
}

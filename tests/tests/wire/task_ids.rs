//! Task ids keep their bytes and digits: whatever a vendor calls a task, that one is asked about, or no one claims to know it.

use std::sync::{Arc, Mutex};

use reelq_tests::{RawReply, StoreKind, json, on_each_store, reply};

use crate::shop::{Shop, is_file, row};

on_each_store!(
    a_task_is_asked_about_by_the_id_that_its_vendor_gave_it,
    a_task_that_no_request_can_name_is_left_to_a_person_with_what_was_said,
);

/// An id as it stands in the reply, and as the path of the status request must have it.
const KEPT: [(&str, &str); 10] = [
    ("18446744073709551617", "18446744073709551617"),
    ("340282366920938463463374607431768211457", "340282366920938463463374607431768211457"),
    (r#""../../v1/keys""#, "..%2F..%2Fv1%2Fkeys"),
    (r#""%2e%2e""#, "%252e%252e"),
    (r#""a?b#c""#, "a%3Fb%23c"),
    (r#"" t 7 ""#, "%20t%207%20"),
    (r#""t\n8""#, "t%0A8"),
    (r#""t\u0001\t9""#, "t%01%099"),
    (r#""-rf""#, "-rf"),
    (r#""Tâche-Ü""#, "T%C3%A2che-%C3%9C"),
];

fn a_task_is_asked_about_by_the_id_that_its_vendor_gave_it(store: StoreKind) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let shop = Shop::open_on(store, "wave", KEPT.len(), "", move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":{},"status":"queued"}}"#, KEPT[row(request)].0));
        }
        if is_file(request) {
            return reply(200, &["Content-Type: video/mp4"], reelq_tests::clip(&request.target));
        }
        let path = request.target.rsplit('/').next().unwrap_or_default().to_owned();
        seen.lock().unwrap().push(path.clone());
        match KEPT.iter().position(|(_, encoded)| *encoded == path) {
            Some(number) => json(
                200,
                format!(r#"{{"task_id":{},"status":"completed","video_url":"{origin}/{number}.mp4"}}"#, KEPT[number].0),
            ),
            None => json(404, r#"{"error":{"code":"task_not_found","message":"no such task"}}"#),
        }
    });
    let ended = shop.run(&[]);
    let asked = asked.lock().unwrap();
    for (said, encoded) in KEPT {
        assert!(asked.iter().any(|path| path == encoded), "{said}: {asked:?}\n{}", ended.stderr);
    }
    assert_eq!(
        (ended.code, shop.count("succeeded"), shop.vendor.submits()),
        (Some(0), KEPT.len(), KEPT.len()),
        "{}",
        ended.stderr
    );
}

/// What a reply may say in place of an id, and a part of what is told of it.
const LOST: [(&[u8], &str); 5] =
    [(b"1e21", "1e"), (b"-7", "-7"), (b"\"..\"", "`..`"), (b"\"t-\xff\xfe1\"", "t-"), (b"12.5", "12.5")];

fn a_task_that_no_request_can_name_is_left_to_a_person_with_what_was_said(store: StoreKind) {
    // Wave replays keys: the same reply would come again and again.
    let shop = Shop::open_on(store, "wave", LOST.len(), "breaker = { after = 0 }\n", |request, _| {
        if !request.is_submit() {
            return RawReply::Drop;
        }
        let body = [&br#"{"task_id":"#[..], LOST[row(request)].0, br#","status":"queued"}"#].concat();
        reply(200, &["Content-Type: application/json"], body)
    });
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(6), LOST.len()), "{}", ended.stderr);
    for (line, (_, told)) in shop.rows().iter().zip(LOST) {
        assert_eq!(line.get("status"), "unconfirmed");
        let message = line.get("error_message");
        assert!(message.contains("names its task as") && message.contains(told), "{told}: {message}");
    }
}

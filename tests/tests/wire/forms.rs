//! Replies in forms that strict readers refuse, and addresses that have moved: each row is bought once.

use std::sync::Mutex;

use reelq_tests::{RawReply, reply};

use crate::shop::{Shop, asked, file, is_file, row, well};

/// A form of a reply: its name, and what it makes of the JSON.
type Form = (&'static str, fn(&str) -> Vec<u8>);

/// The same JSON, written as someone's server does.
const FORMS: [Form; 8] = [
    ("a byte order mark", |text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
    ("UTF-16, little end first", |text| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }),
    ("UTF-16, big end first", |text| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_be_bytes).collect()
    }),
    ("UTF-16 without a mark", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("text after it", |text| format!("{text}\n<!-- served by 10.0.0.7 -->").into_bytes()),
    ("a second document after it", |text| format!("{text}{{\"task_id\":\"t-999\"}}").into_bytes()),
    ("keys twice, the same", |text| format!("{},{}", &text[..text.len() - 1], &text[1..]).into_bytes()),
    ("keys twice, once null", |text| format!(r#"{{"task_id":null,"status":null,{}"#, &text[1..]).into_bytes()),
];

#[test]
fn replies_with_marks_in_other_encodings_with_more_behind_them_and_with_keys_twice_are_read() {
    let shop = Shop::open("wave", FORMS.len(), "", |request, origin| {
        if is_file(request) {
            return file(request);
        }
        let task = if request.is_submit() { format!("t-{}", row(request)) } else { asked(request) };
        let (_, form) = FORMS[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        let text = if request.is_submit() {
            format!(r#"{{"task_id":"{task}","status":"queued"}}"#)
        } else {
            format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#)
        };
        reply(200, &["Content-Type: application/json"], form(&text))
    });
    let ended = shop.run(&[]);
    for (row, (form, _)) in shop.rows().iter().zip(FORMS) {
        assert_eq!(row.get("status"), "succeeded", "{form}: {}", ended.stderr);
    }
    shop.assert_all_bought_once(&ended);
}

#[test]
fn a_purchase_that_is_sent_elsewhere_is_given_back_and_the_reason_says_where() {
    const MOVED: [u16; 3] = [301, 307, 308];
    for provider in ["wave", "apixo"] {
        let seen = Mutex::new([false; MOVED.len()]);
        let shop =
            Shop::open(provider, MOVED.len(), "breaker = { wait = \"1s\" }", move |request, origin| -> RawReply {
                assert!(!request.target.contains("/elsewhere"), "no purchase follows a redirect");
                if request.is_submit() && !std::mem::replace(&mut seen.lock().unwrap()[row(request)], true) {
                    return reply(MOVED[row(request)], &["Location: https://api.example/elsewhere"], "");
                }
                well(provider, request, origin)
            });
        let ended = shop.run(&[]);
        assert_eq!((ended.code, shop.count("succeeded")), (Some(0), MOVED.len()), "{}", ended.stderr);
        assert_eq!(shop.vendor.submits(), 2 * MOVED.len(), "{provider}: each was given back once");
    }
    let shop = Shop::open("apixo", 1, "", |request, _| {
        let status = if request.is_submit() { 308 } else { 404 };
        reply(status, &["Location: https://api.example/elsewhere"], "")
    });
    let ended = shop.run(&["--wait-at-most", "300ms"]);
    assert_eq!((ended.code, shop.count("queued")), (Some(5), 1), "{}", ended.stderr);
    assert!(ended.stderr.contains("https://api.example/elsewhere"), "{}", ended.stderr);
    assert!(ended.stderr.contains("base_url"), "{}", ended.stderr);
}

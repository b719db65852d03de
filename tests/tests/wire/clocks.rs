//! Vendors whose clock is wrong: their dates are read against the `Date` of the same reply.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use reelq_model::Timestamp;
use reelq_tests::reply;

use crate::{
    late_files::now,
    shop::{Shop, asked, file, is_file, taken, well},
};

/// What a vendor's clock shows, as HTTP writes it, and the same in seconds; one is far ahead and one far behind.
const CLOCKS: [(&str, i64); 2] =
    [("Fri, 01 Jan 2140 00:00:00 GMT", 5_364_662_400), ("Wed, 01 Jan 2020 00:00:00 GMT", 1_577_836_800)];

fn seconds(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().millis() / 1_000
}

#[test]
fn the_end_of_a_link_is_read_against_the_vendors_own_clock() {
    let forms: [fn(i64) -> String; 4] = [
        |at| at.to_string(),
        |at| (at * 1_000).to_string(),
        |at| (at * 1_000_000).to_string(),
        |at| format!("\"{}\"", Timestamp::from_millis(at * 1_000)),
    ];
    for (date, at) in CLOCKS {
        let shop = Shop::open("wave", forms.len(), "", move |request, origin| {
            if request.is_submit() || is_file(request) {
                return well("wave", request, origin);
            }
            let task = asked(request);
            let form = forms[task.trim_start_matches("t-").parse::<usize>().unwrap()];
            let body = format!(
                r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4","expires_at":{}}}"#,
                form(at + 7_200)
            );
            reply(200, &["Content-Type: application/json", &format!("Date: {date}")], body)
        });
        shop.assert_all_bought_once(&shop.run(&[]));
        for row in shop.rows() {
            let left = seconds(row.get("expires_at")) - now();
            assert!((7_000..=7_210).contains(&left), "{date}: {} is {left} s from now", row.get("expires_at"));
        }
    }
}

#[test]
fn a_link_is_waited_for_as_long_as_the_vendors_own_clock_says() {
    for (date, at) in CLOCKS {
        // The vendor's clock stands still, so its link lives for six seconds from the first answer that tells of it.
        let shop = Shop::open("wave", 1, "", move |request, origin| {
            if request.is_submit() {
                return taken("wave", request);
            }
            if is_file(request) {
                let is_late = request.at < Duration::from_secs(3);
                return if is_late { reply(404, &[], "") } else { file(request) };
            }
            let end = at + 6;
            let body = format!(
                r#"{{"task_id":"t-0","status":"completed","video_url":"{origin}/t-0.mp4","expires_at":{end}}}"#
            );
            reply(200, &["Content-Type: application/json", &format!("Date: {date}")], body)
        });
        shop.assert_all_bought_once(&shop.run(&[]));
    }
}

#[test]
fn the_wait_of_a_throttled_purchase_is_read_against_the_vendors_own_clock() {
    for (date, _) in CLOCKS {
        let asked = AtomicUsize::new(0);
        let shop = Shop::open("wave", 1, "", move |request, origin| {
            if request.is_submit() && asked.fetch_add(1, SeqCst) == 0 {
                let until = date.replace(":00 GMT", ":03 GMT");
                let head = [format!("Date: {date}"), format!("Retry-After: {until}")];
                return reply(429, &[&head[0], &head[1]], r#"{"error":{"code":"rate_limited","message":"slow down"}}"#);
            }
            well("wave", request, origin)
        });
        let ended = shop.run(&[]);
        assert_eq!((ended.code, shop.vendor.submits()), (Some(0), 2), "{}", ended.stderr);
        let at: Vec<_> = shop.vendor.requests().iter().filter(|it| it.is_submit()).map(|it| it.at).collect();
        let waited = at[1].saturating_sub(at[0]);
        assert!((2_900..15_000).contains(&waited.as_millis()), "{date}: {waited:?}");
    }
}

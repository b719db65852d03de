//! Gateways that answer in the vendor's place, over many rows at once: what they say is a verdict on none of them.

use std::time::Duration;

use reelq_tests::{RawReply, json, reply};

use crate::shop::{Shop, well};

const ROWS: usize = 60;
const WHILE: Duration = Duration::from_secs(4);

/// The gateway answers every purchase for a while; then the vendor is there again.
fn no_row_fails(provider: &'static str, page: fn() -> RawReply) {
    let shop = Shop::open(provider, ROWS, "breaker = { wait = \"1s\" }", move |request, origin| {
        if request.is_submit() && request.at < WHILE { page() } else { well(provider, request, origin) }
    });
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.count("succeeded")), (Some(0), ROWS), "{provider}: {}", ended.stderr);
    let requests = shop.vendor.requests();
    let (early, late) = requests.iter().filter(|it| it.is_submit()).partition::<Vec<_>, _>(|it| it.at < WHILE);
    assert_eq!(late.len(), ROWS, "{provider}: each row is bought once");
    // As many as may be in flight at once, and some probes.
    assert!((1..=30).contains(&early.len()), "{provider}: {} purchases were tried in vain", early.len());
}

#[test]
fn a_gateways_plain_404_for_some_seconds_fails_none_of_sixty_rows() {
    no_row_fails("wave", || reply(404, &["Content-Type: text/plain"], "404 page not found\n"));
    no_row_fails("apixo", || reply(404, &["Content-Type: text/plain"], "default backend - 404"));
}

#[test]
fn an_nginx_404_for_some_seconds_fails_none_of_sixty_rows() {
    let page = || {
        reply(
            404,
            &["Content-Type: text/html", "Server: nginx/1.25.3"],
            "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n\
             <hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n",
        )
    };
    no_row_fails("apixo", page);
    no_row_fails("poyo", page);
}

#[test]
fn a_gateways_404_in_json_of_its_own_fails_none_of_sixty_rows() {
    no_row_fails("poyo", || json(404, r#"{"message":"no Route matched with those values"}"#));
}

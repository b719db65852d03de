//! The key appears in no text that this crate makes.

use reelq_http::{AccountHttp, Transport};
use reelq_model::SubmitOutcome;
use reelq_provider::Request;
use secrecy::SecretString;

use crate::support::{KEY, Server, Step, account, clock, paid, provider, reply, transport};

fn assert_clean(text: &str) {
    assert!(!text.contains(KEY) && !text.contains("0123456789abcdef"), "{text}");
}

#[test]
fn debug_of_account_and_transport_shows_no_key() {
    let account = account("https://127.0.0.1:9");
    assert_clean(&format!("{account:?} {account:#?}"));
    let transport = Transport::new(&account, clock()).unwrap();
    assert_clean(&format!("{transport:?} {transport:#?}"));
}

#[test]
fn errors_of_setting_up_show_no_key() {
    let with = |base: &str, key: &str| {
        let account = AccountHttp::new(base.parse().unwrap(), SecretString::from(key));
        Transport::new(&account, clock()).unwrap_err()
    };
    let errors = [
        with("http://api.example", KEY),
        with(&format!("https://user:{KEY}@api.example"), KEY),
        with(&format!("https://api.example/?key={KEY}"), KEY),
        with("https://api.example", &format!("{KEY}\n")),
        with("https://api.example", ""),
    ];
    for error in errors {
        assert_clean(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn key_that_the_server_echoes_does_not_get_through() {
    let body = format!("the key {KEY} is wrong");
    let server = Server::start(vec![Step::ReadAll, reply("422 Unprocessable", "", &body)]).await;
    let outcome = transport(&server.url()).submit(&provider(), 1, &paid()).await;
    let SubmitOutcome::Rejected(failure) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.message, "the key [redacted] is wrong");
    let reply = transport(&server.url()).call(&Request::get("/v1/balance")).await.unwrap();
    assert_clean(&String::from_utf8_lossy(&reply.body));
}

#[tokio::test]
async fn errors_of_calls_show_no_key() {
    for script in [vec![], vec![Step::ReadAll, crate::support::write("nonsense\r\n\r\n")]] {
        let server = Server::start(script).await;
        let mut request = Request::get("/v1/videos");
        request.query = vec![("key", KEY.to_owned())];
        let error = transport(&server.url()).call(&request).await.unwrap_err();
        assert_clean(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn redirect_to_an_address_with_the_key_shows_no_key() {
    let spelled = KEY.replace('-', "%2D");
    for location in [format!("/v2/{KEY}/x"), format!("https://{KEY}.example/"), format!("//cdn.example/{spelled}")] {
        let head = format!("location: {location}\r\n");
        let server = Server::start(vec![Step::ReadAll, reply("302 Found", &head, "")]).await;
        let error = transport(&server.url()).call(&Request::get("/v1/videos/t-1")).await.unwrap_err();
        assert_clean(&format!("{error} {error:?}"));
        let outcome = transport(&server.url()).submit(&provider(), 1, &paid()).await;
        assert_clean(&format!("{outcome:?}"));
        assert!(error.to_string().contains("[redacted]"), "{error}");
    }
}

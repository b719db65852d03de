//! What counts as an address, and what is said about one that does not.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use crate::Address;

fn shown(text: &str) -> String {
    match text.parse::<Address>() {
        Ok(address) => address.to_string(),
        Err(error) => format!("no: {error}"),
    }
}

#[test]
fn addresses_are_read_and_shown_without_their_login() {
    let texts = [
        "redis://host",
        "redis://host:7000/3",
        "redis://:pw@host",
        "redis://user:p%40w@host:1/2",
        "redis://user:p@w/x@host:1/2",
        "rediss://host:6380",
        "redis://[::1]:7000/1",
        "redis+unix:///run/redis.sock",
        "redis+unix:///run/redis.sock?db=2&user=u&pass=pw",
        "redis+sentinel://a,b:1/main",
        "rediss+sentinel://u:pw@a:26380,[fe80::1]/main/4",
        "redis+cluster://a:7000,b:7001",
        "redis+cluster://a/0",
        "",
        "redis:host",
        "http://host",
        "sqlite:state.db",
        "redis://",
        "redis://host:",
        "redis://host:99999",
        "redis://host:0",
        "redis://host/one",
        "redis://::1",
        "redis://a,b",
        "redis+unix://run/redis.sock",
        "redis+unix:///run/redis.sock?timeout=3",
        "redis+sentinel://a:26379",
        "redis+sentinel://a:26379//0",
        "redis+cluster://a/1",
        "redis://%ff:pw@host",
    ];
    let lines: Vec<_> = texts.iter().map(|text| format!("{text}\n    {}", shown(text))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn login_is_decoded() {
    let address: Address = "redis://us%65r:p%40:w@host".parse().unwrap();
    assert_eq!(address.user.as_deref(), Some("user"));
    assert_eq!(address.password.unwrap().expose_secret(), "p@:w");
    let address: Address = "redis+unix:///s?pass=p%26w".parse().unwrap();
    assert_eq!(address.password.unwrap().expose_secret(), "p&w");
}

proptest! {
    #[test]
    fn no_text_panics_and_no_password_is_shown(host in "[a-z]{1,8}", rest in "[:/,@?=a-z0-9]{0,12}", at in "@?") {
        let text = format!("redis://user:hunter2-{rest}{at}{host}:{rest}");
        let parsed = text.parse::<Address>();
        let debug = format!("{parsed:?}");
        prop_assert!(!debug.contains("hunter2"));
        if let Ok(address) = parsed {
            prop_assert!(!address.to_string().contains("hunter2"));
        } else if let Err(error) = parsed {
            prop_assert!(!error.to_string().contains("hunter2"));
        }
    }
}

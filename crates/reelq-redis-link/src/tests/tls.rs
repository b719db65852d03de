//! TLS with an authority of our own.

use std::{fs, path::Path};

use reelq_redis_server::{Certificates, RedisServer};
use tempfile::TempDir;

use super::kit::{count, open, options, until_counted, until_refused};
use crate::{LinkOptions, TlsFiles};

fn trusting(certificates: &Certificates, with_own: bool) -> LinkOptions {
    let tls = TlsFiles {
        authorities: Some(certificates.authority()),
        certificate: with_own.then(|| certificates.certificate()),
        key: with_own.then(|| certificates.key()),
    };
    LinkOptions { tls, ..options() }
}

fn server(certificates: &Certificates, clients_too: bool) -> RedisServer {
    RedisServer::with().tls(certificates.tls(clients_too)).start()
}

#[tokio::test]
async fn server_of_a_known_authority_is_trusted() {
    let certificates = Certificates::make();
    let server = server(&certificates, false);
    let link = open(&server.url(), trusting(&certificates, false)).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn server_of_an_unknown_authority_or_another_name_is_refused() {
    let certificates = Certificates::make();
    let server = server(&certificates, false);
    let error = open(&server.url(), options()).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("shows a certificate that does not hold"), "{error}");
    let other = format!("rediss://localhost:{}", server.port());
    let error = open(&other, trusting(&certificates, false)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn server_that_asks_for_a_certificate_gets_it() {
    let certificates = Certificates::make();
    let server = server(&certificates, true);
    let link = open(&server.url(), trusting(&certificates, true)).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    let error = open(&server.url(), trusting(&certificates, false)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn files_that_hold_no_certificate_are_named() {
    let certificates = Certificates::make();
    let with = |tls| LinkOptions { tls, ..options() };
    let missing = TlsFiles { authorities: Some("/nowhere/ca.pem".into()), ..TlsFiles::default() };
    let error = open("rediss://127.0.0.1:1", with(missing)).await.unwrap_err();
    assert!(error.to_string().contains("read /nowhere/ca.pem as PEM"), "{error}");
    let lonely = TlsFiles { certificate: Some(certificates.certificate()), ..TlsFiles::default() };
    let error = open("rediss://127.0.0.1:1", with(lonely)).await.unwrap_err();
    assert!(error.to_string().contains("needs its key"), "{error}");
}

/// Puts a file in the place of another in one step, as whoever rotates certificates does.
fn replace(place: &Path, by: &Path) {
    let beside = place.with_extension("new");
    fs::copy(by, &beside).unwrap();
    fs::rename(beside, place).unwrap();
}

#[tokio::test]
async fn authority_and_certificate_that_are_replaced_under_a_living_link_need_no_restart() {
    let (old, new) = (Certificates::make(), Certificates::make());
    let server = server(&old, true);
    let own = TempDir::new().unwrap();
    let file = |name: &str| own.path().join(name);
    let files =
        TlsFiles { authorities: Some(file("ca.pem")), certificate: Some(file("cert.pem")), key: Some(file("key.pem")) };
    let follow = |certificates: &Certificates| {
        replace(&file("ca.pem"), &certificates.authority());
        replace(&file("cert.pem"), &certificates.certificate());
        replace(&file("key.pem"), &certificates.key());
    };
    follow(&old);
    let link = open(&server.url(), LinkOptions { tls: files, ..options() }).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    // The server's first: until the files follow it is refused, and tried again.
    new.show_on(&server);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    until_refused(&link, "shows a certificate that does not hold").await;
    follow(&new);
    assert!(until_counted(&link).await > 1);
    // The files first: the connection that stands goes on.
    follow(&old);
    let before = count(&link).await.unwrap();
    old.show_on(&server);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert!(until_counted(&link).await > before);
}

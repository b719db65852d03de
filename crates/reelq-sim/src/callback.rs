//! Sends callbacks to loopback addresses: the real vendors call the world, a simulator must not.

use std::{net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Vendor, market::Market, reply::SimReply};

const TRIES: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Where a callback goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// Host and port.
    authority: String,
    path: String,
}

/// Waits for the task's end and tells it to `url`, a few times until it is taken.
pub(crate) async fn call(market: Arc<Market>, task: String, url: String, origin: String) {
    let Some(target) = loopback(&url) else {
        tracing::info!(task, "callback to a place beyond loopback is not sent");
        return;
    };
    let Some((vendor, reply)) = ended(&market, &task, &origin).await else { return };
    let request = request(&market, vendor, &task, &target, &reply);
    for number in 0..TRIES {
        market.callback_sent();
        match tokio::time::timeout(PATIENCE, post(&target, &request)).await {
            Ok(Ok(true)) => return,
            outcome => tracing::debug!(task, ?outcome, "callback was not taken"),
        }
        tokio::time::sleep(FIRST_DELAY * 2u32.pow(number)).await;
    }
}

async fn ended(market: &Market, task: &str, origin: &str) -> Option<(Vendor, SimReply)> {
    loop {
        let due = market.callback_due(task)?;
        let left = due.since(market.now().wall);
        if left.is_zero() {
            return market.callback_body(task, origin);
        }
        tokio::time::sleep(left.clamp(LOOK_AGAIN.0, LOOK_AGAIN.1)).await;
    }
}

fn loopback(url: &str) -> Option<Target> {
    let rest = url.strip_prefix("http://")?;
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let (host, port) = authority.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')).unwrap_or((authority, "80"));
    let port: u16 = port.parse().ok()?;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    local.then(|| Target { authority: format!("{host}:{port}"), path })
}

fn request(market: &Market, vendor: Vendor, task: &str, target: &Target, reply: &SimReply) -> Vec<u8> {
    let signed = if vendor == Vendor::Poyo { signature(market, task) } else { String::new() };
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{signed}Connection: close\r\n\r\n",
        target.path,
        target.authority,
        reply.body.len()
    );
    [head.as_bytes(), &reply.body].concat()
}

/// PoYo's headers: they vouch for the task and the time, not for the body.
fn signature(market: &Market, task: &str) -> String {
    let stamp = market.now().wall.millis() / 1000;
    let key = hmac::Key::new(hmac::HMAC_SHA256, market.settings.webhook_secret.as_bytes());
    let signed = hmac::sign(&key, format!("{task}.{stamp}").as_bytes());
    format!("X-Webhook-Timestamp: {stamp}\r\nX-Webhook-Signature: {}\r\n", STANDARD.encode(signed))
}

/// Sends the request, and says whether the answer's status is a 2xx.
async fn post(target: &Target, request: &[u8]) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(&target.authority).await?;
    stream.write_all(request).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(status.starts_with(b"HTTP/1.1 2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_called() {
        for url in ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:9/x", "http://127.9.9.9?x"] {
            assert!(loopback(url).is_some(), "{url}");
        }
        for url in ["https://127.0.0.1/x", "http://example.com/x", "http://10.0.0.1/", "http://127.0.0.1.example/", ""]
        {
            assert!(loopback(url).is_none(), "{url}");
        }
    }
}

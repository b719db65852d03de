//! A raw TCP server that answers by a script, and a provider that reads its replies.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_http::{AccountHttp, Deadlines, Transport};
use reelq_model::{SharedClock, SystemClock};
use reelq_provider::Request;
use reelq_testkit::{FakeProvider, sample};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

/// What the server does with each connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads until the head of the request is in.
    ReadHead,
    /// Reads so many bytes.
    ReadBytes(usize),
    /// Reads the whole request.
    ReadAll,
    /// Writes this.
    Write(Vec<u8>),
    /// Writes this forever, a piece each interval.
    Drip(Vec<u8>, Duration),
    /// Holds the connection open until the client gives up.
    Hold,
}

pub(crate) fn write(text: &str) -> Step {
    Step::Write(text.as_bytes().to_vec())
}

/// A complete reply.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Step {
    write(&format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    /// Answers every connection with the same script.
    pub(crate) async fn start(script: Vec<Step>) -> Self {
        Self::with(move |_| script.clone()).await
    }

    /// Answers the n-th connection (from 0) with `script(n)`.
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    pub(crate) async fn with(script: impl Fn(usize) -> Vec<Step> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(Vec::new())));
        let server = Self { port, connections: Arc::clone(&connections), requests: Arc::clone(&requests) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let steps = script(connections.fetch_add(1, Ordering::SeqCst));
                tokio::spawn(play(stream, steps, Arc::clone(&requests)));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What was read of each request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn play(mut stream: TcpStream, steps: Vec<Step>, requests: Arc<std::sync::Mutex<Vec<String>>>) {
    let mut seen = Vec::new();
    for step in steps {
        let done = match step {
            Step::ReadHead => read_until(&mut stream, &mut seen, head_end).await,
            Step::ReadBytes(count) => read_until(&mut stream, &mut seen, |seen| seen.len() >= count).await,
            Step::ReadAll => read_until(&mut stream, &mut seen, is_whole).await,
            Step::Write(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Drip(bytes, pause) => drip(&mut stream, &bytes, pause).await,
            Step::Hold => read_until(&mut stream, &mut seen, |_| false).await,
        };
        if !seen.is_empty() {
            note(&requests, &seen);
        }
        if !done {
            return;
        }
    }
    // What the client still sends must be taken in, or closing would reset the connection and destroy our reply.
    drop(stream.shutdown().await);
    read_until(&mut stream, &mut seen, |_| false).await;
}

fn note(requests: &std::sync::Mutex<Vec<String>>, seen: &[u8]) {
    let text = String::from_utf8_lossy(seen).into_owned();
    let mut requests = requests.lock().unwrap();
    match requests.last_mut() {
        Some(last) if text.starts_with(last.as_str()) => *last = text,
        _ => requests.push(text),
    }
}

async fn read_until(stream: &mut TcpStream, seen: &mut Vec<u8>, enough: impl Fn(&[u8]) -> bool) -> bool {
    let mut buffer = [0; 4096];
    while !enough(seen) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
        }
    }
    true
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> bool {
    while stream.write_all(bytes).await.is_ok() {
        tokio::time::sleep(pause).await;
    }
    false
}

fn head_end(seen: &[u8]) -> bool {
    seen.windows(4).any(|window| window == b"\r\n\r\n")
}

fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

/// Short enough for a test, long enough for a busy machine.
pub(crate) const DEADLINES: Deadlines =
    Deadlines { connect: Duration::from_secs(5), read: Duration::from_millis(400), total: Duration::from_millis(1200) };

pub(crate) fn account(base_url: &str) -> AccountHttp {
    let mut account = AccountHttp::new(base_url.parse().unwrap(), SecretString::from(KEY));
    account.deadlines = DEADLINES;
    account
}

pub(crate) fn transport(base_url: &str) -> Transport {
    Transport::new(&account(base_url), clock()).unwrap()
}

pub(crate) fn paid() -> Request {
    let mut request = Request::post("/v1/videos", r#"{"prompt":"a cat on a roof, at dawn"}"#);
    request.headers.push(("Idempotency-Key", "reelq-1".to_owned()));
    request
}

/// A provider that takes `{"task":"…"}` for an acceptance.
pub(crate) fn provider() -> FakeProvider {
    FakeProvider::new(sample::capability())
}

//! A raw TCP server that answers by a script, and a provider that reads its replies.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_http::{AccountHttp, Deadlines, Transport};
use reelq_model::{
    Acceptance, Failure, FailureKind, JobSpec, Money, ProviderName, Setback, SharedClock, SubmitOutcome, SystemClock,
    TaskId,
};
use reelq_provider::retry_after;
use reelq_provider::{
    BalanceOutcome, BuildError, CallbackSignature, CancelOutcome, Capability, Checked, FailedTasks, Idempotency,
    ImageFacts, PollOutcome, Provider, Reply, Request, SubmitInput,
};
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

/// Takes `{"task":"…"}` for a yes.
#[derive(Debug)]
pub(crate) struct Plain {
    name: ProviderName,
    capability: Capability,
}

impl Plain {
    pub(crate) fn new() -> Self {
        let capability = Capability {
            idempotency: Idempotency::None,
            cancel: false,
            balance: false,
            link_lifetime: None,
            price_known: false,
            failed_tasks: FailedTasks::Charged,
            callback_signature: CallbackSignature::None,
            not_found_grace: Duration::ZERO,
            first_poll: Duration::ZERO,
            poll_interval: Duration::ZERO,
        };
        Self { name: ProviderName::new("plain").unwrap(), capability }
    }
}

impl Provider for Plain {
    fn name(&self) -> &ProviderName {
        &self.name
    }
    fn capability(&self) -> &Capability {
        &self.capability
    }
    fn check(&self, _: &str, _: Option<&str>, _: &reelq_model::Fields) -> Checked {
        Checked { mode: String::new(), fields: serde_json::Map::new(), price: None::<Money>, findings: Vec::new() }
    }
    fn check_image(&self, _: &str, _: &str, _: &ImageFacts) -> Vec<reelq_model::Finding> {
        Vec::new()
    }
    fn submit(&self, _: &SubmitInput<'_>) -> Result<Request, BuildError> {
        Ok(paid())
    }
    fn submitted(&self, submission: u32, reply: &Reply) -> SubmitOutcome {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        match reply.status {
            200 => match text.strip_prefix("{\"task\":\"").and_then(|rest| rest.strip_suffix("\"}")) {
                Some(task) => SubmitOutcome::Accepted(Acceptance {
                    task: TaskId::new(task).unwrap(),
                    submission,
                    cost: None,
                    at: reply.at,
                    outputs: Vec::new(),
                }),
                None => SubmitOutcome::Ambiguous(Setback::new("a yes that cannot be read")),
            },
            _ if reply.cut.is_some() => SubmitOutcome::Ambiguous(Setback::new("half a reply")),
            429 => {
                let wait = reply.retry_after.as_deref().and_then(|value| retry_after::parse(value, reply.at));
                SubmitOutcome::Throttled(Setback {
                    reason: "429".to_owned(),
                    wait,
                    limit: None,
                    candidate: None,
                    in_vain: false,
                })
            }
            400..500 => SubmitOutcome::Rejected(Failure::new(FailureKind::Invalid, text)),
            _ => SubmitOutcome::Ambiguous(Setback::new(text)),
        }
    }
    fn poll(&self, _: &JobSpec, task: &TaskId) -> Request {
        Request::get(format!("/v1/videos/{task}"))
    }
    fn polled(&self, _: &JobSpec, _: &TaskId, _: &Reply) -> PollOutcome {
        PollOutcome::NotFound { message: String::new() }
    }
    fn cancel(&self, _: &TaskId) -> Option<Request> {
        None
    }
    fn cancelled(&self, _: &TaskId, _: &Reply) -> CancelOutcome {
        CancelOutcome::TooLate
    }
    fn balance(&self) -> Option<Request> {
        None
    }
    fn balanced(&self, _: &Reply) -> BalanceOutcome {
        BalanceOutcome::Valid(None)
    }
}

//! A client that can see what a good one hides: closed connections and cut bodies. One connection a request.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use reelq_model::{Clock as _, ManualClock, Timestamp};
use reelq_sim::{Ledger, SimSettings, Simulator, Violation, ViolationKind};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A simulator on a clock that moves only when it is told to.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    clock: Arc<ManualClock>,
}

/// A reply; `None` in its place is a connection that was closed without one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl SimReply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&self.body)))
    }

    /// Whether the body is shorter than its announced length.
    pub(crate) fn is_cut(&self) -> bool {
        self.header("content-length").is_some_and(|length| length.parse::<usize>().unwrap() > self.body.len())
    }

    /// Status and body, for snapshots.
    pub(crate) fn shown(&self) -> Value {
        json!({"status": self.status, "body": self.json()})
    }
}

impl World {
    pub(crate) async fn start(settings: SimSettings) -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_775_285_160_040)));
        let sim = Simulator::start(settings, clock.clone()).await.unwrap();
        Self { sim, clock }
    }

    pub(crate) async fn quiet() -> Self {
        Self::start(SimSettings::default()).await
    }

    pub(crate) fn advance(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets every task end.
    pub(crate) fn finish(&self) {
        self.advance(60_000);
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.sim.ledger()
    }

    pub(crate) fn violations(&self) -> Vec<ViolationKind> {
        self.ledger().violations.into_iter().map(|Violation { kind, .. }| kind).collect()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<SimReply> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: sim.test\r\nConnection: close\r\n");
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let mut stream = TcpStream::connect(self.sim.addr()).await.unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A reset after the last byte is as good an end as any.
        let _ended = stream.read_to_end(&mut bytes).await;
        parse(&bytes)
    }

    pub(crate) async fn get(&self, path: &str) -> SimReply {
        self.send("GET", path, &[("Authorization", "Bearer key")], "").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Option<SimReply> {
        let all = [&[("Authorization", "Bearer key"), ("Content-Type", "application/json")], headers].concat();
        self.send("POST", path, &all, &body.to_string()).await
    }

    /// Gets a link without a key.
    pub(crate) async fn fetch(&self, url: &str, headers: &[(&str, &str)]) -> SimReply {
        let path = url.strip_prefix("http://sim.test").unwrap();
        self.send("GET", path, headers, "").await.unwrap()
    }
}

fn parse(bytes: &[u8]) -> Option<SimReply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Some(SimReply { status, headers: lines.filter_map(header).collect(), body: bytes[end + 4..].to_vec() })
}

/// Wave's submission of a prompt under a key.
pub(crate) async fn wave(world: &World, prompt: &str, key: &str) -> Option<SimReply> {
    let body = json!({"model": "minimax-hailuo-2.3", "prompt": prompt, "duration": 6, "resolution": "768p"});
    world.post("/v1/tasks", &[("Idempotency-Key", key)], &body).await
}

/// APIXO's submission of a prompt.
pub(crate) async fn apixo(world: &World, prompt: &str) -> Option<SimReply> {
    let input = json!({"mode": "standard-image-to-video", "prompt": prompt,
        "image_urls": ["https://example.com/a.png"], "duration": 6});
    world.post("/api/v1/generateTask/hailuo-2-3-fast", &[], &json!({"request_type": "async", "input": input})).await
}

/// PoYo's submission of a prompt under a key.
pub(crate) async fn poyo(world: &World, prompt: &str, key: &str) -> Option<SimReply> {
    let body = json!({"model": "hailuo-2.3", "input": {"prompt": prompt, "duration": 6, "resolution": "768p"}});
    world.post("/api/generate/submit", &[("Idempotency-Key", key)], &body).await
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

//! A vendor whose every byte the test decides: a plain socket that answers requests with what a closure gives.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::waiting::let_pass;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// `GET`, `POST`, `HEAD`.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How many requests came before it, whatever they asked.
    pub number: usize,
    /// When it was read, since the vendor started.
    pub at: Duration,
}

impl RawRequest {
    /// Whether it buys.
    pub fn is_submit(&self) -> bool {
        self.method == "POST"
    }

    /// The header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether the path, without its query, ends so.
    pub fn path_ends(&self, end: &str) -> bool {
        self.target.split('?').next().unwrap_or_default().ends_with(end)
    }

    /// The prompt of a submit request, wherever its vendor puts it.
    pub fn prompt(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let places = ["/prompt", "/input/prompt", "/extra/prompt"];
        let found = places.iter().find_map(|place| body.pointer(place)?.as_str());
        found.unwrap_or_default().to_owned()
    }
}

/// What to do with one request.
#[derive(Debug, Clone)]
pub enum RawReply {
    /// These bytes, exactly, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, a pause, those bytes, then the end of the connection.
    Slow(Vec<u8>, Duration, Vec<u8>),
    /// These bytes, exactly, then a reset of the connection.
    Reset(Vec<u8>),
    /// Nothing, then the end of the connection.
    Drop,
}

impl From<Vec<u8>> for RawReply {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A whole reply with a length; `head` are further header lines, each without its line end.
pub fn reply(status: u16, head: &[&str], body: impl AsRef<[u8]>) -> RawReply {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for line in head {
        bytes.push_str(line);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    RawReply::Bytes([bytes.as_bytes(), body].concat())
}

/// A whole JSON reply.
pub fn json(status: u16, body: impl AsRef<str>) -> RawReply {
    reply(status, &["Content-Type: application/json"], body.as_ref())
}

/// The bytes of a small video that passes every check: `tag` makes each one different.
pub fn clip(tag: &str) -> Vec<u8> {
    fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
        [&length.to_be_bytes()[..], &name[..], content].concat()
    }
    [
        boxed(*b"ftyp", b"isom\0\0\x02\0isomiso2mp41"),
        boxed(*b"moov", &boxed(*b"mvhd", &[0; 100])),
        boxed(*b"mdat", tag.as_bytes()),
    ]
    .concat()
}

/// A vendor that a closure speaks for. Requests are answered side by side; all of them are kept.
#[derive(Debug)]
pub struct RawVendor {
    port: u16,
    requests: Arc<Mutex<Vec<RawRequest>>>,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl RawVendor {
    /// Starts it on a free port. The closure also gets the vendor's own address, for the links that it hands out.
    pub fn start<R: Into<RawReply>>(answer: impl Fn(&RawRequest, &str) -> R + Send + Sync + 'static) -> Self {
        Self::start_at(0, answer)
    }

    /// A port at which no one answers, until a vendor is started at it.
    pub fn no_mans_port() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        listener.local_addr().expect("a bound port has an address").port()
    }

    /// Starts it at a port that was found before.
    pub fn start_at<R: Into<RawReply>>(
        port: u16,
        answer: impl Fn(&RawRequest, &str) -> R + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a port is free");
        let port = listener.local_addr().expect("a bound port has an address").port();
        let (requests, stopping) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let acceptor = {
            let (requests, stopping) = (Arc::clone(&requests), Arc::clone(&stopping));
            let answer = move |request: &RawRequest, origin: &str| -> RawReply { answer(request, origin).into() };
            spawn(move || {
                accept(&listener, &Desk { requests, answer: Box::new(answer), port, began: now() }, &stopping);
            })
        };
        Self { port, requests, stopping, acceptor: Some(acceptor) }
    }

    /// Where it answers.
    pub fn base_url(&self) -> String {
        origin(self.port)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests bought, or tried to.
    pub fn submits(&self) -> usize {
        self.requests().iter().filter(|request| request.is_submit()).count()
    }
}

impl Drop for RawVendor {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

type Answer = Box<dyn Fn(&RawRequest, &str) -> RawReply + Send + Sync>;

struct Desk {
    requests: Arc<Mutex<Vec<RawRequest>>>,
    answer: Answer,
    port: u16,
    began: Instant,
}

fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[expect(clippy::disallowed_methods, reason = "the test's own clock, beside the binary's")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the acceptor is joined when the vendor is dropped")]
fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(work)
}

fn accept(listener: &TcpListener, desk: &Desk, stopping: &AtomicBool) {
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            if stopping.load(Ordering::SeqCst) {
                break;
            }
            if let Ok(stream) = stream {
                // A connection that the test forgets must not hold the vendor up for ever.
                drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
                scope.spawn(move || serve(&stream, desk));
            }
        }
    });
}

fn serve(mut stream: &TcpStream, desk: &Desk) {
    let Some(request) = read(stream, desk) else { return };
    let write = match (desk.answer)(&request, &origin(desk.port)) {
        RawReply::Bytes(bytes) => stream.write_all(&bytes),
        RawReply::Slow(first, pause, rest) => stream.write_all(&first).and_then(|()| {
            let_pass(pause);
            stream.write_all(&rest)
        }),
        RawReply::Reset(bytes) => return drop(stream.write_all(&bytes).and_then(|()| reset(stream))),
        RawReply::Drop => Ok(()),
    };
    drop(write);
    drop(stream.shutdown(Shutdown::Write));
    // What the other side still sends is taken, so that it sees an end and not a reset.
    drop(stream.read(&mut [0; 1024]));
}

/// Makes the end of the connection a reset, once what was written has arrived.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    let_pass(Duration::from_millis(100));
    tokio::net::TcpSocket::from_std_stream(stream.try_clone()?).set_zero_linger()
}

fn read(stream: &TcpStream, desk: &Desk) -> Option<RawRequest> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut requests = desk.requests.lock().unwrap_or_else(PoisonError::into_inner);
    let request = RawRequest { method, target, headers, body, number: requests.len(), at: desk.began.elapsed() };
    requests.push(request.clone());
    Some(request)
}

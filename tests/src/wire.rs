//! A line between workers and Redis that a test can cut, close and slow down.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};

/// How the line behaves just now.
#[derive(Debug)]
struct State {
    closed: AtomicBool,
    delay_millis: AtomicU64,
    /// How many of a hundred answers are lost, each with its connection.
    lost: AtomicU64,
    answers: AtomicU64,
    /// Counts the cuts; every connection made before the last of them is dropped.
    cuts: watch::Sender<u64>,
}

/// A TCP port that leads to another, as long as the test lets it.
#[derive(Debug)]
pub struct Wire {
    runtime: Option<Runtime>,
    state: Arc<State>,
    port: u16,
}

impl Wire {
    /// Leads a free port to `upstream`.
    pub fn to(upstream: SocketAddr) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port is free");
        let port = listener.local_addr().expect("a bound port has an address").port();
        let state = Arc::new(State {
            closed: AtomicBool::new(false),
            delay_millis: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            cuts: watch::Sender::new(0),
        });
        runtime.spawn(accept(listener, upstream, Arc::clone(&state)));
        Self { runtime: Some(runtime), state, port }
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Drops every connection, wherever its bytes are; new ones are taken.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Drops every connection, and each new one at once.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Takes connections again.
    pub fn open(&self) {
        self.state.closed.store(false, Ordering::SeqCst);
    }

    /// Holds back each piece of data, either way, for so long.
    pub fn delay(&self, by: Duration) {
        self.state.delay_millis.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Loses so many of a hundred answers from now on, each with its connection.
    pub fn lose(&self, of_a_hundred: u64) {
        self.state.lost.store(of_a_hundred, Ordering::SeqCst);
    }
}

impl State {
    /// Whether the next answer is lost: spread evenly, the same in every run.
    fn loses_one(&self) -> bool {
        let number = self.answers.fetch_add(1, Ordering::SeqCst);
        (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % 100 < self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the wire's own runtime ends its tasks with it")]
async fn accept(listener: TcpListener, upstream: SocketAddr, state: Arc<State>) {
    while let Ok((near, _)) = listener.accept().await {
        if !state.closed.load(Ordering::SeqCst) {
            tokio::spawn(lead(near, upstream, Arc::clone(&state)));
        }
    }
}

/// Leads one connection until either end closes it or the line is cut.
async fn lead(near: TcpStream, upstream: SocketAddr, state: Arc<State>) {
    let mut cuts = state.cuts.subscribe();
    cuts.mark_unchanged();
    let Ok(far) = TcpStream::connect(upstream).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = copy(near_in, far_out, &state, false) => {}
        () = copy(far_in, near_out, &state, true) => {}
        _ = cuts.changed() => {}
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, state: &State, answers: bool) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let delay = state.delay_millis.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if answers && state.loses_one() {
            return;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

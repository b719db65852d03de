//! A line to the server that counts calls of scripts, and loses answers or holds a call back when it is told to.
#![expect(
    clippy::disallowed_methods,
    reason = "its threads end with their connections, and the last one with the test"
)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;

/// What was asked for and what is to be lost.
#[derive(Debug, Default)]
struct State {
    /// Calls of a namespace's scripts.
    calls: usize,
    /// Of these calls the answers are lost, each with its connection.
    lost: Range<usize>,
    /// The call that waits on its way to the server.
    held: Option<Gate>,
}

/// Before which call the line stops, whom it tells so, and who lets it go on.
#[derive(Debug)]
struct Gate {
    call: usize,
    reached: oneshot::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

/// A call that is held back.
#[derive(Debug)]
pub(crate) struct Held {
    reached: oneshot::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Held {
    /// Waits until the call is on its way, does `meanwhile`, and lets the call go on.
    pub(crate) async fn meanwhile<T>(self, meanwhile: impl Future<Output = T>) -> T {
        self.reached.await.unwrap();
        let done = meanwhile.await;
        self.go_on.send(()).unwrap();
        done
    }
}

/// One line; it ends with the test's process.
#[derive(Debug)]
pub(crate) struct Front {
    state: Arc<Mutex<State>>,
    port: u16,
}

impl Front {
    /// Leads a free port to `upstream`.
    pub(crate) fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).unwrap();
                lead(&near, &far, &shared);
            }
        });
        Self { state, port }
    }

    /// Where it takes connections.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Begins to count anew; the answers to these calls are done by the server and lost on the way.
    pub(crate) fn lose(&self, lost: Range<usize>) {
        *self.state.lock().unwrap() = State { lost, ..State::default() };
    }

    /// Begins to count anew, and holds back this call of a script before it reaches the server.
    pub(crate) fn hold_back(&self, call: usize) -> Held {
        let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), mpsc::channel());
        let gate = Gate { call, reached, go_on: goes_on };
        *self.state.lock().unwrap() = State { held: Some(gate), ..State::default() };
        Held { reached: is_reached, go_on }
    }

    /// Loses nothing more, and goes on counting.
    pub(crate) fn lose_no_more(&self) {
        self.state.lock().unwrap().lost = 0..0;
    }

    /// Calls of a namespace's scripts since it was told what to lose.
    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }
}

fn lead(near: &TcpStream, far: &TcpStream, state: &Arc<Mutex<State>>) {
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let is_lost = Arc::new(AtomicBool::new(false));
    let (mut asks, mut to_server) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let (shared, lost) = (Arc::clone(state), Arc::clone(&is_lost));
    thread::spawn(move || {
        pass_on(&mut asks, &mut to_server, |piece| {
            if asks_for_script(piece) && count(&shared) {
                lost.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    let (mut answers, mut to_client) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    thread::spawn(move || pass_on(&mut answers, &mut to_client, |_| !is_lost.load(Ordering::SeqCst)));
}

/// Whether the answer to this call is to be lost.
fn count(state: &Mutex<State>) -> bool {
    let (is_lost, gate) = {
        let mut state = state.lock().unwrap();
        state.calls += 1;
        let call = state.calls - 1;
        (state.lost.contains(&call), state.held.take_if(|gate| gate.call == call))
    };
    if let Some(gate) = gate {
        gate.reached.send(()).unwrap();
        gate.go_on.recv().unwrap();
    }
    is_lost
}

/// A namespace's scripts have its prefix as their one key; those that greet a server have others.
fn asks_for_script(piece: &[u8]) -> bool {
    contains(piece, b"EVALSHA") && contains(piece, b"}:\r\n")
}

fn contains(piece: &[u8], text: &[u8]) -> bool {
    piece.windows(text.len()).any(|window| window == text)
}

/// Passes pieces on until one end closes, or `may` refuses one.
fn pass_on(from: &mut TcpStream, to: &mut TcpStream, may: impl Fn(&[u8]) -> bool) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if !may(&piece[..read]) || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    _ = from.shutdown(Shutdown::Both);
    _ = to.shutdown(Shutdown::Both);
}

//! A real server behind a front that knows `WAITAOF`, and whose disk is ready when the test says so.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinSet,
};

use crate::RedisServer;

/// What the disk does when it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// It has everything at once.
    Ready,
    /// It is busy until this changes.
    Busy,
    /// It has nothing when the wait is over.
    Late,
    /// There is no append-only file.
    Off,
}

/// The server; its tasks end with it.
#[derive(Debug)]
pub struct Newer {
    port: u16,
    /// What the disk does from now on.
    pub disk: watch::Sender<Disk>,
    /// The real one, which lives as long.
    _server: RedisServer,
    log: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Newer {
    /// Starts the real server and the front.
    ///
    /// # Panics
    ///
    /// Where there is no `redis-server`, or no port is free.
    pub async fn start(disk: Disk) -> Self {
        let server = RedisServer::start();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (log, disk) = (Arc::default(), watch::Sender::new(disk));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server.socket(), Arc::clone(&log), disk.subscribe()));
        Self { port, disk, _server: server, log, _tasks: tasks }
    }

    /// The front's address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The names of the commands that came so far, with the connection's number in front.
    ///
    /// # Panics
    ///
    /// Where one of its tasks has panicked; the looks at it below as well.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no one panics with it").clone()
    }

    /// How often the disk was waited for.
    pub fn waits(&self) -> usize {
        self.log().iter().filter(|entry| entry.ends_with("WAITAOF")).count()
    }

    /// Waits until the disk was waited for so often.
    ///
    /// # Panics
    ///
    /// After fifteen seconds.
    pub async fn saw_waits(&self, times: usize) {
        for _ in 0..3000 {
            if self.waits() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no {times} waits for the disk: {:?}", self.log());
    }
}

async fn accept(listener: TcpListener, real: PathBuf, log: Arc<Mutex<Vec<String>>>, disk: watch::Receiver<Disk>) {
    let mut connections = JoinSet::new();
    for number in 0_u32.. {
        let (client, _) = listener.accept().await.expect("it listens");
        let server = UnixStream::connect(&real).await.expect("the server runs");
        connections.spawn(serve(client, server, number, Arc::clone(&log), disk.clone()));
    }
}

/// Hands one command after the other to the real server, but for the one that it does not know.
async fn serve(
    client: TcpStream,
    server: UnixStream,
    number: u32,
    log: Arc<Mutex<Vec<String>>>,
    mut disk: watch::Receiver<Disk>,
) -> Option<()> {
    let (mut client, mut server) = (BufReader::new(client), BufReader::new(server));
    loop {
        let mut command = Vec::new();
        value(&mut client, &mut command).await?;
        let name = String::from_utf8_lossy(&command).split("\r\n").nth(2)?.to_uppercase();
        log.lock().expect("no one panics with it").push(format!("{number} {name}"));
        let mut answer = Vec::new();
        if name == "WAITAOF" {
            answer.extend_from_slice(wait(&mut disk).await.as_bytes());
        } else {
            server.get_mut().write_all(&command).await.ok()?;
            value(&mut server, &mut answer).await?;
        }
        client.get_mut().write_all(&answer).await.ok()?;
    }
}

async fn wait(disk: &mut watch::Receiver<Disk>) -> String {
    let state = disk.wait_for(|state| *state != Disk::Busy).await.map_or(Disk::Late, |state| *state);
    match state {
        Disk::Ready => "*2\r\n:1\r\n:0\r\n".to_owned(),
        Disk::Busy | Disk::Late => "*2\r\n:0\r\n:0\r\n".to_owned(),
        Disk::Off => "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n".to_owned(),
    }
}

/// Copies one value of the protocol, with all that lies in it.
async fn value(stream: &mut (impl AsyncBufRead + Unpin), copy: &mut Vec<u8>) -> Option<()> {
    let mut left = 1;
    while left > 0 {
        left -= 1;
        let start = copy.len();
        stream.read_until(b'\n', copy).await.ok().filter(|read| *read > 0)?;
        let line = String::from_utf8_lossy(&copy[start..]).trim_end().to_owned();
        let count = || line.get(1..)?.parse::<usize>().ok();
        match line.as_bytes().first()? {
            b'*' => left += count().unwrap_or(0),
            b'$' => {
                let Some(length) = count() else { continue };
                let start = copy.len();
                copy.resize(start + length + 2, 0);
                stream.read_exact(&mut copy[start..]).await.ok()?;
            }
            _ => {}
        }
    }
    Some(())
}

//! A made-up server that knows `WAITAOF`, and whose disk is ready when the test says so.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// What the disk does when it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
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
pub(super) struct Fake {
    pub(super) port: u16,
    pub(super) disk: watch::Sender<Disk>,
    log: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(super) async fn start(disk: Disk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (log, disk) = (Arc::default(), watch::Sender::new(disk));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&log), disk.subscribe()));
        Self { port, disk, log, _tasks: tasks }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The names of the commands that came so far, with the connection's number in front.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits until so many commands of the name came.
    pub(super) async fn saw(&self, name: &str, times: usize) {
        for _ in 0..3000 {
            if self.log().iter().filter(|entry| entry.ends_with(name)).count() >= times {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("{name} did not come {times} times: {:?}", self.log());
    }
}

async fn accept(listener: TcpListener, log: Arc<Mutex<Vec<String>>>, disk: watch::Receiver<Disk>) {
    let mut connections = JoinSet::new();
    for number in 0_u32.. {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, number, Arc::clone(&log), disk.clone()));
    }
}

async fn serve(stream: TcpStream, number: u32, log: Arc<Mutex<Vec<String>>>, mut disk: watch::Receiver<Disk>) {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        let name = words[0].to_uppercase();
        log.lock().unwrap().push(format!("{number} {name}"));
        let answer = match name.as_str() {
            "INFO" => "$16\r\nrun_id:made-up\r\n\r\n".to_owned(),
            // The mark answers with two keys, every other script with a number.
            "EVALSHA" if words[2] == "2" => "*2\r\n$7\r\nmade-up\r\n$1\r\n1\r\n".to_owned(),
            "EVALSHA" => ":7\r\n".to_owned(),
            "WAITAOF" => wait(&mut disk).await,
            "CONFIG" => "*0\r\n".to_owned(),
            _ => "+OK\r\n".to_owned(),
        };
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
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

async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let count = header(stream, '*').await?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = header(stream, '$').await?;
        let mut bytes = vec![0; length + 2];
        stream.read_exact(&mut bytes).await.ok()?;
        words.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
    }
    Some(words)
}

async fn header(stream: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}

//! [`RedisServer`]: the process, its folder, and how to reach it.

use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Options, RedisReply,
    options::{Ports, Role},
    reply::ask,
};

/// Looks at the server this often while it starts.
const STEP: Duration = Duration::from_millis(5);
/// So many looks before it counts as stuck: half a minute.
const LOOKS: u32 = 6000;
/// A free port may be taken by someone else before the server has it.
const TRIES: u32 = 5;

/// A running server; its folder outlives kills and restarts, and goes with the value.
#[derive(Debug)]
pub struct RedisServer {
    folder: TempDir,
    options: Options,
    ports: Ports,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server on a unix socket that keeps nothing on disk.
    pub fn start() -> Self {
        Options::default().start()
    }

    /// Says how the server is to be, before it starts.
    pub fn with() -> Options {
        Options::default()
    }

    pub(crate) fn launch(options: Options) -> Self {
        let mut server = Self { folder: new_folder(), options, ports: Ports::default(), child: None };
        for _ in 0..TRIES {
            server.choose_ports();
            server.write_configuration();
            match server.boot() {
                Ok(()) => {
                    server.become_cluster();
                    return server;
                }
                Err(log) if log.contains("Address already in use") => {}
                Err(log) => panic!("redis-server does not start:\n{log}"),
            }
        }
        panic!("redis-server finds no free port");
    }

    /// Where clients find it: over TCP where it listens there, else over its socket. Holds the password.
    pub fn url(&self) -> String {
        let password = self.options.password.as_deref();
        if self.ports.client == 0 {
            return self.socket_url();
        }
        let user = password.map(|password| format!(":{password}@")).unwrap_or_default();
        let scheme = if self.options.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{user}127.0.0.1:{}", self.ports.client)
    }

    /// Where clients on this machine find it: over its socket. Holds the password.
    pub fn socket_url(&self) -> String {
        let pass = self.options.password.as_ref().map(|password| format!("?pass={password}")).unwrap_or_default();
        format!("redis+unix://{}{pass}", self.socket().display())
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        Self::socket_in(self.folder.path())
    }

    /// The socket of a server that works in this folder.
    pub(crate) fn socket_in(folder: &Path) -> PathBuf {
        folder.join("s")
    }

    /// Its TCP port.
    ///
    /// # Panics
    ///
    /// Where it listens on its socket only.
    pub fn port(&self) -> u16 {
        assert!(self.ports.client != 0, "the server was not asked to listen on TCP");
        self.ports.client
    }

    /// The port that the nodes of its cluster talk over.
    ///
    /// # Panics
    ///
    /// Where it is no node of a cluster.
    pub fn bus_port(&self) -> u16 {
        assert!(self.ports.bus != 0, "the server was not asked to be a node of a cluster");
        self.ports.bus
    }

    /// The folder that it works in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// Where it does not run.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Runs one command and returns its answer, errors of the server included.
    ///
    /// # Panics
    ///
    /// Where the server cannot be reached.
    pub fn command(&self, words: &[&str]) -> RedisReply {
        self.ask(words).expect("the server answers")
    }

    /// How often it has run a command, by the command's name in small letters, for anyone and within scripts; `evalsha` counts
    /// scripts.
    ///
    /// # Panics
    ///
    /// Where the server cannot be reached.
    pub fn calls(&self, command: &str) -> u64 {
        let stats = self.command(&["INFO", "commandstats"]);
        let from = stats.text().split_once(&format!("cmdstat_{command}:calls="));
        from.and_then(|(_, from)| from.split_once(',')?.0.parse().ok()).unwrap_or(0)
    }

    /// Kills it as `kill -9` does; what it had not written is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        _ = self.ask(&["SHUTDOWN"]);
        if let Some(mut child) = self.child.take() {
            _ = child.wait();
        }
    }

    /// Starts it again in the same folder and on the same ports, ending it first where it still runs.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn restart(&mut self) {
        self.kill();
        self.boot().unwrap_or_else(|log| panic!("redis-server does not start again:\n{log}"));
    }

    fn choose_ports(&mut self) {
        let port = |wanted: bool| if wanted { free_port() } else { 0 };
        self.ports = Ports { client: port(self.options.tcp), bus: port(self.options.is_node()) };
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("redis.conf")
    }

    fn write_configuration(&self) {
        let text = self.options.render(&self.socket().display().to_string(), self.ports);
        fs::write(self.configuration(), text).expect("the configuration can be written");
    }

    /// Starts the process and waits until it answers; its log where it ends or stays silent.
    fn boot(&mut self) -> Result<(), String> {
        _ = fs::remove_file(self.socket());
        let mut command = Command::new("redis-server");
        command.arg(self.configuration()).current_dir(self.folder.path());
        if self.options.role == Role::Sentinel {
            command.arg("--sentinel");
        }
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("redis-server cannot be started ({error}): `cargo xtask setup` installs what the tests need")
        });
        self.child = Some(child);
        let mut answers = false;
        let known = looks_until(|| {
            answers = matches!(self.ask(&["PING"]), Ok(RedisReply::Text(_)));
            answers || self.has_ended()
        });
        if answers {
            return Ok(());
        }
        if !known {
            self.kill();
        }
        Err(self.log())
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some()))
    }

    /// The log, and what the server said about its configuration before it had one.
    fn log(&mut self) -> String {
        let said = self.child.take().and_then(|child| child.wait_with_output().ok());
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        said + &fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }

    /// Takes every slot, and waits until the cluster counts as whole.
    fn become_cluster(&self) {
        if self.options.role != Role::Cluster {
            return;
        }
        self.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
        let is_whole = || self.command(&["CLUSTER", "INFO"]).text().contains("cluster_state:ok");
        assert!(looks_until(is_whole), "the cluster does not come up");
    }

    fn ask(&self, words: &[&str]) -> io::Result<RedisReply> {
        ask(&self.socket(), self.options.password.as_deref(), words)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes the folder of a server. Paths of unix sockets are short, so it is not below a long TMPDIR.
pub(crate) fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("rq").tempdir_in("/tmp").expect("a folder under /tmp can be made")
}

/// Looks until something is so; whether it came in time.
pub(crate) fn looks_until(mut is_so: impl FnMut() -> bool) -> bool {
    (0..LOOKS).any(|number| {
        if number > 0 {
            thread::sleep(STEP);
        }
        is_so()
    })
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback address can be bound");
    listener.local_addr().expect("a bound socket has an address").port()
}

//! A user's folder: configuration, manifests, state and outputs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use reelq_redis_server::RedisServer;
use tempfile::TempDir;

use crate::{
    ResultRow, Terminal,
    binary::{self, Ended, Running},
    prices,
};

/// An account as a test configures it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name.
    pub name: &'static str,
    /// Its provider.
    pub provider: &'static str,
    /// Further lines of its table.
    pub lines: String,
}

impl Account {
    /// One account each for the three providers, named like them.
    pub fn each(lines: &str) -> Vec<Self> {
        let account = |name| Self { name, provider: name, lines: lines.to_owned() };
        ["wave", "apixo", "poyo"].map(account).to_vec()
    }

    /// The API key that the sandbox gives to it.
    pub fn key(&self) -> String {
        format!("sk-{}-never-to-be-seen", self.name)
    }
}

/// The stores that whole-system tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// A file beside the manifests.
    Sqlite,
    /// A server of the test's own, with every write on disk.
    Redis,
}

/// A folder to run the binary in, with nothing of the developer's own environment.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
    accounts: Vec<Account>,
    redis: Option<RedisServer>,
    store: Option<String>,
}

impl Sandbox {
    /// Makes the folder and writes `reelq.toml`, with a state file.
    pub fn new(base_url: &str, accounts: Vec<Account>, more: &str) -> Self {
        Self::on(StoreKind::Sqlite, base_url, accounts, more)
    }

    /// Makes the folder and writes `reelq.toml`, with this store.
    pub fn on(store: StoreKind, base_url: &str, accounts: Vec<Account>, more: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let redis = (store == StoreKind::Redis).then(|| RedisServer::with().append_only("always").start());
        let state = redis.as_ref().map_or_else(|| "sqlite:.reelq/state.db".to_owned(), RedisServer::url);
        let mut config = format!("store = \"{state}\"\n");
        for account in &accounts {
            let (name, provider, lines) = (account.name, account.provider, &account.lines);
            let variable = variable(name);
            writeln!(config, "[accounts.{name}]\nprovider = \"{provider}\"\nbase_url = \"{base_url}\"")
                .expect("text can be written to");
            writeln!(config, "api_key_env = \"{variable}\"\n{lines}").expect("text can be written to");
        }
        config.push_str("[catalogue]\napixo = \"prices-apixo.toml\"\npoyo = \"prices-poyo.toml\"\n");
        config.push_str(more);
        let sandbox = Self { folder, accounts, redis, store: None };
        fs::write(sandbox.path("reelq.toml"), config).expect("the sandbox is writable");
        for provider in ["apixo", "poyo"] {
            let file = sandbox.path(format!("prices-{provider}.toml"));
            fs::write(file, prices::overlay(provider)).expect("the sandbox is writable");
        }
        sandbox
    }

    /// The same folder, but with its state in this store.
    #[must_use]
    pub fn over(mut self, store: &str) -> Self {
        self.store = Some(store.to_owned());
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The server that keeps the state, where one does.
    pub const fn redis(&mut self) -> Option<&mut RedisServer> {
        self.redis.as_mut()
    }

    /// Prepares a call of the binary, by someone who agrees to what it asks.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.typed(&binary::agreed(arguments))
    }

    /// Prepares a call of the binary with exactly these arguments.
    pub fn typed(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::path());
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").env("RUST_BACKTRACE", "1");
        for account in &self.accounts {
            command.env(variable(account.name), account.key());
        }
        command.envs(self.store.as_ref().map(|store| ("REELQ_STORE", store)));
        command
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// Runs a shell command to its end, with the binary in the search path.
    pub fn shell(&self, command: &str) -> Ended {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).current_dir("/");
        self.equip(&mut shell);
        Running::start(shell).wait()
    }

    /// Has a shell command typed at a terminal, in this folder and with the binary in the search path.
    pub fn terminal(&self, command: &str) -> Terminal {
        // The session leader has the terminal for its own; the shell gives each job of it a group.
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait", "/bin/sh", "-c", command]).current_dir(self.folder.path());
        self.equip(&mut session);
        Terminal::start(session)
    }

    fn equip(&self, shell: &mut Command) {
        let binary = binary::path();
        let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap_or(&binary).display());
        shell.env_clear().env("HOME", self.folder.path()).env("PATH", path).env("TERM", "xterm");
        for account in &self.accounts {
            shell.env(variable(account.name), account.key());
        }
        shell.envs(self.store.as_ref().map(|store| ("REELQ_STORE", store)));
    }

    /// The result manifest of a batch.
    pub fn results(&self, batch: &str) -> Vec<ResultRow> {
        ResultRow::read_all(&self.path("out").join(batch).join("results.csv"))
    }
}

fn variable(account: &str) -> String {
    format!("{}_KEY", account.to_uppercase())
}

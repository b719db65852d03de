//! [`SharedServer`]: one server for all tests of a run, also where each is a process of its own.
//!
//! A user holds a pipe of the server's folder open. Its guard, a process of its own, reads from the pipe: it comes to an
//! end when the last user has ended, in whatever way. Who joins takes turns under a lock; the guard needs none.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Options, RedisReply, RedisServer,
    options::Ports,
    reply::ask,
    server::{looks_until, new_folder},
};

/// The part of one user in a shared server, which keeps nothing on disk and listens on a unix socket.
#[derive(Debug)]
pub struct SharedServer {
    folder: PathBuf,
    /// Open for writing: what the guard waits for.
    _pipe: File,
}

impl SharedServer {
    /// Joins the server of the tests whose binaries lie where this one does, and starts it where there is none.
    ///
    /// # Panics
    ///
    /// Where there is no `redis-server` or it does not come up.
    pub fn join() -> Self {
        let binary = std::env::current_exe().expect("a test knows its binary");
        Self::join_at(&binary.with_file_name("shared-redis"))
    }

    /// Joins the server of those who meet at this folder, which is made where it is missing.
    ///
    /// # Panics
    ///
    /// As [`join`](Self::join) does.
    pub fn join_at(meeting: &Path) -> Self {
        fs::create_dir_all(meeting).expect("the folder can be made");
        let turn = File::create(meeting.join("turn")).expect("its lock can be made");
        turn.lock().expect("its lock can be held");
        let current = meeting.join("current");
        let known = fs::read_to_string(&current).ok().and_then(|folder| Self::enter(Path::new(&folder)));
        known.unwrap_or_else(|| {
            let started = Self::start();
            fs::write(current, started.folder.as_os_str().as_encoded_bytes()).expect("its place can be noted");
            started
        })
    }

    /// Where clients find it.
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        RedisServer::socket_in(&self.folder)
    }

    /// The folder that it works in, which goes with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs one command and returns its answer, errors of the server included.
    ///
    /// # Panics
    ///
    /// Where the server cannot be reached.
    pub fn command(&self, words: &[&str]) -> RedisReply {
        ask(&self.socket(), None, words).expect("the server answers")
    }

    /// A name that no one else is given on this server.
    pub fn fresh_name(&self) -> String {
        format!("test-{}", self.command(&["INCR", "names"]).int())
    }

    /// Becomes a user of the server in this folder; nothing where it is ending, or does not answer.
    fn enter(folder: &Path) -> Option<Self> {
        let shared = Self { folder: folder.to_owned(), _pipe: hold(&folder.join("users")).ok()? };
        shared.answers().then_some(shared)
    }

    fn start() -> Self {
        let folder = new_folder();
        let options =
            Options::default().render(&RedisServer::socket_in(folder.path()).display().to_string(), Ports::default());
        fs::write(folder.path().join("redis.conf"), options).expect("the configuration can be written");
        let users = folder.path().join("users");
        let made = Command::new("mkfifo").arg(&users).status().expect("mkfifo can be started");
        assert!(made.success(), "a pipe can be made");
        // Held before the guard reads: should this process be killed now, the guard ends, too.
        let pipe = hold(&users).expect("a pipe can be opened");
        guard(folder.path(), &users);
        let shared = Self { folder: folder.keep(), _pipe: pipe };
        assert!(looks_until(|| shared.answers()), "redis-server does not start:\n{}", shared.said());
        shared
    }

    fn answers(&self) -> bool {
        matches!(ask(&self.socket(), None, &["PING"]), Ok(RedisReply::Text(_)))
    }

    fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("said") + &read("redis.log")
    }
}

/// Opens the pipe for writing, and for reading as well, so that no reader is waited for; and tells the guard.
fn hold(pipe: &Path) -> io::Result<File> {
    let mut held = OpenOptions::new().read(true).write(true).open(pipe)?;
    held.write_all(b".")?;
    Ok(held)
}

/// Starts the process that starts the server and ends it. In a group of its own: who ends a test ends its whole group.
#[expect(clippy::zombie_processes, reason = "it ends after whoever could wait for it")]
fn guard(folder: &Path, users: &Path) {
    let pipe = File::open(users).expect("a pipe can be opened");
    let mut command = Command::new("sh");
    command.args(["-c", include_str!("guard.sh"), "guard"]).arg(folder).current_dir(folder);
    command.stdin(pipe).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().expect("sh can be started");
}

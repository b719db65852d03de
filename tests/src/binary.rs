//! The `reelq` binary as a child process.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Finds the binary that cargo built beside this test.
pub(crate) fn path() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("tests live in target/<profile>/deps");
    let binary = folder.join(format!("reelq{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo build -p reelq-cli` first", binary.display());
    binary
}

/// Commands that buy, withdraw or give up nothing without a yes.
const ASKING: [&str; 6] = ["run", "enqueue", "retry", "resolve", "cancel", "purge"];

/// The arguments, with a yes where they need one.
pub(crate) fn agreed<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let asks =
        arguments.first().is_some_and(|name| ASKING.contains(name)) || arguments.starts_with(&["cron", "trigger"]);
    let said = arguments.iter().any(|argument| ["--yes", "-y", "--simulate", "--help"].contains(argument));
    let mut agreed = arguments.to_vec();
    if asks && !said {
        agreed.push("--yes");
    }
    agreed
}

/// Runs it in a folder, with nothing else from the environment.
pub fn reelq(folder: &Path, arguments: &[&str]) -> Ended {
    reelq_with(folder, &[], arguments)
}

/// The same with variables of the environment.
pub fn reelq_with(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = Command::new(path());
    command.env_clear().env("HOME", folder).envs(variables.iter().copied()).current_dir(folder).args(arguments);
    Running::start(command).wait()
}

/// How a finished process ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Its data.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

/// A process that still runs; killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
}

impl Running {
    /// Starts a command that the sandbox prepared.
    pub fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { child: Some(child.expect("the binary starts")) }
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let child = self.child.take().expect("it is waited for once");
        let output = child.wait_with_output().expect("the process can be waited for");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it still runs").id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().expect("it is waited for once").try_wait().expect("a child can be asked").is_some()
    }

    /// Sends a signal by name, for example `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(status.expect("kill runs").success(), "signal {name} was delivered");
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) -> Ended {
        self.child.as_mut().expect("it still runs").kill().expect("a child can be killed");
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

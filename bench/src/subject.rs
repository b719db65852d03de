//! The real binary in a folder of its own.

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use reelq_model::SystemClock;
use reelq_sim::{SimSettings, Simulator};
use tempfile::TempDir;

use crate::process::{Ended, Running, succeed};

/// Nothing is held back, and a task is looked at soon.
pub(crate) const UNHELD: &str = "requests_per_second = 10000.0\nburst = 1000\nmax_in_flight = 1000\n\
    polls_per_second = 10000.0\npoll = { first = \"10ms\", min = \"10ms\", max = \"50ms\" }\n\
    [downloads]\nconcurrency = 64\n";

/// Starts a simulator without faults.
pub(crate) async fn simulator(settings: SimSettings) -> Result<Simulator> {
    Simulator::start(settings, Arc::new(SystemClock::new())).await.context("start the simulator")
}

/// A user's folder with one account and one manifest.
pub(crate) struct Subject {
    folder: TempDir,
}

impl Subject {
    /// Writes `reelq.toml` with `lines` in the account's table, and a CSV of `rows` rows.
    pub(crate) fn new(base_url: &str, lines: &str, rows: usize) -> Result<Self> {
        Self::over("", base_url, lines, rows)
    }

    /// The same, with `store` at the top of the configuration.
    pub(crate) fn over(store: &str, base_url: &str, lines: &str, rows: usize) -> Result<Self> {
        let subject = Self { folder: TempDir::new().context("make a folder")? };
        let account =
            format!("[accounts.wave]\nprovider = \"wave\"\nbase_url = \"{base_url}\"\napi_key_env = \"WAVE_KEY\"\n");
        fs::write(subject.path("reelq.toml"), format!("{store}{account}{lines}")).context("write the configuration")?;
        let mut manifest = String::from("id,model,prompt,duration\n");
        for row in 1..=rows {
            writeln!(manifest, "r{row},minimax-hailuo-2.3,\"a lighthouse in heavy rain, take {row}\",6")?;
        }
        fs::write(subject.path("set.csv"), manifest).context("write the manifest")?;
        Ok(subject)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder, for whoever keeps it until later.
    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    /// The binary with `arguments`, to be started in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command> {
        let here = std::env::current_exe().context("find this program")?;
        let binary = here.with_file_name(format!("reelq{}", std::env::consts::EXE_SUFFIX));
        ensure!(binary.exists(), "{} is missing: run through `cargo xtask bench`", binary.display());
        let mut command = Command::new(binary);
        command.args(arguments).current_dir(self.folder.path()).env("WAVE_KEY", "bench").stdin(Stdio::null());
        Ok(command)
    }

    /// Runs the binary to its end, which must be a success; what that cost.
    pub(crate) async fn measured(&self, arguments: &[&str], limit: Duration) -> Result<Ended> {
        succeed(&mut self.command(arguments)?, limit).await
    }

    /// Starts the binary and leaves it running, until what is returned goes.
    pub(crate) fn launch(&self, arguments: &[&str]) -> Result<Running> {
        Running::quietly(&mut self.command(arguments)?)
    }

    /// Runs the binary to its end; it must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<()> {
        let output = self.command(arguments)?.output().context("start reelq")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "reelq {} ended with {}:\n{said}", arguments.join(" "), output.status);
        Ok(())
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child> {
        self.command(arguments)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("start reelq")
    }

    /// Bytes of the state files.
    pub(crate) fn state_bytes(&self) -> Result<u64> {
        let sizes = fs::read_dir(self.path(".reelq")).context("list the state")?;
        let sizes = sizes.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum::<Result<u64>>()
    }
}

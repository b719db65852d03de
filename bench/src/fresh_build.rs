//! What a fresh release build of the program costs, into a folder of its own.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{figure::Report, process::succeed};

const LIMIT: Duration = Duration::from_mins(40);

/// Builds it as a user does who has its sources, and what they depend on, already.
#[expect(clippy::disallowed_methods, reason = "cargo names itself only in the environment")]
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the workspace")?;
    let cargo = || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root);
        cargo
    };
    succeed(cargo().args(["fetch", "--locked"]), LIMIT).await?;
    // Beside the other builds: a folder for temporary files may be too small.
    let builds = root.join("target");
    std::fs::create_dir_all(&builds).context("make the folder of builds")?;
    let target = TempDir::with_prefix_in("bench-build-", builds).context("make a folder")?;
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "reelq-cli", "--target-dir"]).arg(target.path());
    let built = succeed(&mut build, LIMIT).await?;
    let of = "cargo build --release --package reelq-cli, nothing built before, sources there";
    report.add("build_cpu_s", built.cpu.as_secs_f64(), of);
    report.add("build_wall_s", built.wall.as_secs_f64(), of);
    let size = target.path().join("release/reelq").metadata().context("find the program")?.len();
    report.add("program_mib", size as f64 / f64::from(1 << 20), of);
    Ok(())
}

//! Programs that are run for what they print.

use std::{
    fs::File,
    io::{Read as _, Seek as _},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::{Ended, Running};

/// Runs `command` to its end, which must be a success; what it cost. What it prints goes to a file that nobody reads.
pub(crate) async fn succeed(command: &mut Command, limit: Duration) -> Result<Ended> {
    Ok(run(command, limit).await?.0)
}

/// Runs `command` to its end, which must be a success; what it printed.
pub(crate) async fn capture(command: &mut Command, limit: Duration) -> Result<String> {
    text(&mut run(command, limit).await?.1)
}

async fn run(command: &mut Command, limit: Duration) -> Result<(Ended, File)> {
    let name = describe(command);
    // Files, not pipes: nobody has to read while the child works.
    let (printed, mut said) = (file()?, file()?);
    command.stdin(Stdio::null()).stdout(printed.try_clone()?).stderr(said.try_clone()?);
    let ended = Running::start(command)?.end(limit).await?;
    ensure!(ended.status.success(), "`{name}` ended with {}:\n{}", ended.status, text(&mut said)?);
    Ok((ended, printed))
}

/// Whether a program can be started here, judged by its answer to `--version`.
pub(crate) fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn file() -> Result<File> {
    tempfile::tempfile().context("make a file for what is printed")
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).context("read what was printed")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_tells_what_the_program_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo told >&2; exit 3"]);
        let error = capture(&mut command, Duration::from_mins(1)).await.unwrap_err();
        assert!(format!("{error:#}").contains("told"), "{error:#}");
    }
}

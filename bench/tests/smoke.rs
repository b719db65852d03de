//! The bench itself works: its quick subjects end, and nothing of it stays behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn bench(folder: &Path, arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_reelq-bench"));
    let reelq = program.with_file_name("reelq");
    assert!(reelq.exists(), "build reelq-cli as well: the bench measures {}", reelq.display());
    let mut command = Command::new(program);
    command.args(arguments).env("TMPDIR", folder).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Processes that work below the folder.
fn at_work(folder: &Path) -> usize {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path().join("cwd")));
    processes.filter(|cwd| fs::read_link(cwd).is_ok_and(|cwd| cwd.starts_with(folder))).count()
}

fn left_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come to that within a minute");
}

#[test]
fn the_quick_subjects_are_measured() {
    let (folder, json) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let arguments = ["throughput", "looks", "--small", "--json", json.path().to_str().unwrap()];
    let output = bench(folder.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&fs::read(json.path()).unwrap()).unwrap();
    let names: Vec<_> = told["figures"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    for name in ["whole_job_cpu_us", "whole_jobs_cpu_ratio_to_durable", "client_naive_cpu_us", "look_cpu_us"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert_eq!((at_work(folder.path()), left_in(folder.path())), (0, 0));
}

#[test]
fn an_interrupted_bench_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut child: Child = bench(folder.path(), &["looks", "--small"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| at_work(folder.path()) > 0);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(!child.wait().unwrap().success());
    wait_until(|| at_work(folder.path()) == 0 && left_in(folder.path()) == 0);
}

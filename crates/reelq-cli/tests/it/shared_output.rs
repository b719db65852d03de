//! Over Redis, commands run in any folder: a batch's files must not be scattered over them.

use std::path::Path;

use assert_cmd::Command;
use reelq_redis_server::RedisServer;
use serde_json::Value as Json;

/// Runs `reelq ARGUMENTS --simulate --json` in a folder, and reads what it prints.
fn reelq(folder: &Path, store: &str, arguments: &[&str]) -> Json {
    let mut command = Command::cargo_bin("reelq").unwrap();
    command.env_clear().env("HOME", folder).env("REELQ_STORE", store).current_dir(folder);
    let output = command.args(arguments).args(["--simulate", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn manifest_that_is_enqueued_again_elsewhere_leaves_the_batch_where_its_files_are() {
    let server = RedisServer::start();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let manifest = first.path().join("set.csv");
    std::fs::write(&manifest, "account,model,prompt\nwave,minimax-hailuo-2.3,a cat\n").unwrap();
    let store = server.socket_url();
    let enqueue = |folder: &Path, more: &[&str]| {
        let arguments = [&["enqueue", manifest.to_str().unwrap(), "--yes"], more].concat();
        reelq(folder, &store, &arguments)["output"].clone()
    };
    let place = enqueue(first.path(), &[]);
    let expected = first.path().join("out/simulated/set");
    assert_eq!(place, expected.to_str().unwrap());
    assert_eq!(enqueue(second.path(), &[]), place);
    assert_eq!(reelq(second.path(), &store, &["plan", manifest.to_str().unwrap()])["output"], place);
    let said = enqueue(second.path(), &["--output", "elsewhere"]);
    assert_eq!(said, second.path().join("elsewhere").to_str().unwrap(), "who says another place means it");
}

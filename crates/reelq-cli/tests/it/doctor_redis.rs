//! `reelq doctor` looks at the Redis server, and says what to fix.

use assert_cmd::Command;
use reelq_redis_server::RedisServer;

fn doctor(store: &str, more: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let account = "[accounts.poyo]\nprovider = \"poyo\"\napi_key_env = \"POYO_KEY\"\n";
    let config = format!("store = \"{store}\"\n{more}{account}");
    std::fs::write(folder.path().join("reelq.toml"), config).unwrap();
    let mut command = Command::cargo_bin("reelq").unwrap();
    command.env_clear().env("HOME", folder.path()).env("POYO_KEY", "k").env("REDIS_PASSWORD", "s3cret");
    let output = command.current_dir(folder.path()).args(["doctor", "--offline"]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn settings_that_put_something_at_risk_are_named_with_their_mend() {
    let server = RedisServer::with().directive("maxmemory 50mb").directive("maxmemory-policy allkeys-lru").start();
    let (code, stdout) = doctor(&server.socket_url(), "");
    assert_eq!(code, Some(2), "{stdout}");
    assert!(stdout.contains("ok   server: Redis "), "{stdout}");
    assert!(stdout.contains("BAD  server: maxmemory-policy allkeys-lru: a full server drops keys"), "{stdout}");
    assert!(stdout.contains("\n       maxmemory-policy noeviction\n"), "{stdout}");
    assert!(stdout.contains("?    server: appendonly no"), "{stdout}");
}

#[test]
fn good_server_has_nothing_to_mend_and_its_password_is_not_shown() {
    let server = RedisServer::with().tcp().password("s3cret").append_only("always").directive("maxmemory 50mb").start();
    let url = format!("redis://127.0.0.1:{}", server.port());
    let (code, stdout) = doctor(&url, "durability = \"strict\"\n[redis]\npassword_env = \"REDIS_PASSWORD\"\n");
    assert_eq!(code, Some(0), "{stdout}");
    assert!(!stdout.contains("?    server") && !stdout.contains("s3cret"), "{stdout}");
}

#[test]
fn refused_durability_and_a_server_that_is_away_are_told() {
    let server = RedisServer::with().append_only("everysec").directive("maxmemory 50mb").start();
    let (code, stdout) = doctor(&server.socket_url(), "durability = \"strict\"\n");
    assert_eq!(code, Some(2), "{stdout}");
    assert!(stdout.contains("BAD  store: failed to use the store: durability is strict, but "), "{stdout}");
    assert!(stdout.contains("BAD  server: appendfsync everysec: strict durability is refused"), "{stdout}");
    let (code, stdout) = doctor("redis://127.0.0.1:1", "");
    assert_eq!(code, Some(2), "{stdout}");
    assert!(
        stdout.contains("redis://127.0.0.1:1 cannot be reached") && stdout.contains("start the server"),
        "{stdout}"
    );
}

//! A shared server is there while anyone uses it, and gone soon after.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use reelq_redis_server::{RedisReply, SharedServer};

fn looks_until(is_so: impl Fn() -> bool) -> bool {
    (0..2000).any(|_| {
        is_so() || {
            thread::sleep(Duration::from_millis(5));
            false
        }
    })
}

/// Whether no process works in this folder any more, and it is gone.
fn has_ended(id: &str, folder: &Path) -> bool {
    !folder.exists() && !Path::new("/proc").join(id).exists()
}

fn process_id(server: &SharedServer) -> String {
    let facts = server.command(&["INFO", "server"]).text().to_owned();
    let (_, id) = facts.split_once("process_id:").unwrap();
    id.lines().next().unwrap().to_owned()
}

#[test]
fn users_share_one_server_that_ends_after_the_last() {
    let meeting = tempfile::tempdir().unwrap();
    let first = SharedServer::join_at(meeting.path());
    let (id, folder) = (process_id(&first), first.folder().to_owned());
    let second = SharedServer::join_at(meeting.path());
    assert_eq!(process_id(&second), id);
    assert_ne!(first.fresh_name(), second.fresh_name());
    drop(first);
    assert_eq!(second.command(&["PING"]).text(), "PONG");
    drop(second);
    assert!(looks_until(|| has_ended(&id, &folder)), "the server runs on");
}

#[test]
fn users_that_come_and_go_at_any_time_keep_their_server_and_leave_none_behind() {
    let meeting = tempfile::tempdir().unwrap();
    let user = |number: u64| {
        let servers = (0..40u64).map(|turn| {
            let server = SharedServer::join_at(meeting.path());
            thread::sleep(Duration::from_micros((number * 7919 + turn * 104_729) % 3000));
            assert_eq!(server.command(&["PING"]).text(), "PONG");
            (process_id(&server), server.folder().to_owned())
        });
        servers.collect::<Vec<_>>()
    };
    let servers: Vec<_> = thread::scope(|scope| {
        let users: Vec<_> = (0..3).map(|number| scope.spawn(move || user(number))).collect();
        users.into_iter().flat_map(|user| user.join().unwrap()).collect()
    });
    assert!(looks_until(|| servers.iter().all(|(id, folder)| has_ended(id, folder))), "a server runs on");
}

/// Another process, which holds a server's pipe as a user does.
fn holding(pipe: &Path) -> Child {
    let mut other = Command::new("sh");
    other.args(["-c", "echo; read end"]).stdout(Stdio::piped()).stdin(Stdio::piped());
    other.stderr(OpenOptions::new().write(true).open(pipe).unwrap());
    let mut other = other.spawn().unwrap();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    other
}

#[test]
fn a_user_that_is_killed_keeps_no_server() {
    let meeting = tempfile::tempdir().unwrap();
    let server = SharedServer::join_at(meeting.path());
    let (id, folder) = (process_id(&server), server.folder().to_owned());
    let mut other = holding(&folder.join("users"));
    drop(server);
    assert!(folder.join("users").exists(), "a server ended that is in use");
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(looks_until(|| has_ended(&id, &folder)), "the server runs on");
}

#[test]
fn a_stuck_server_is_left_to_those_who_have_it() {
    let meeting = tempfile::tempdir().unwrap();
    let stuck = SharedServer::join_at(meeting.path());
    let (id, folder) = (process_id(&stuck), stuck.folder().to_owned());
    stuck.command(&["CONFIG", "SET", "busy-reply-threshold", "1"]);
    thread::scope(|scope| {
        let endless = scope.spawn(|| stuck.command(&["EVAL", "while true do end", "0"]));
        assert!(looks_until(|| matches!(stuck.command(&["PING"]), RedisReply::Error(_))));
        let other = SharedServer::join_at(meeting.path());
        assert_ne!(process_id(&other), id);
        assert_eq!(stuck.command(&["SCRIPT", "KILL"]).text(), "OK");
        assert!(matches!(endless.join().unwrap(), RedisReply::Error(_)));
    });
    drop(stuck);
    assert!(looks_until(|| has_ended(&id, &folder)), "the stuck server runs on");
}

//! What is deployed by: the compose file and the configuration that it mounts are held against the real binary.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::path::{Path, PathBuf};

use reelq_tests::{Ended, reelq};
use serde_json::Value as Json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The services of the compose file, merge keys resolved.
fn services() -> Vec<(String, Json)> {
    let compose: Json = serde_saphyr::from_str(&read("docker-compose.yml")).unwrap();
    let services = compose["services"].as_object().unwrap();
    services.iter().map(|(name, service)| (name.clone(), service.clone())).collect()
}

fn service(name: &str) -> Json {
    services().into_iter().find(|(other, _)| other == name).unwrap().1
}

fn ours() -> impl Iterator<Item = (String, Json)> {
    services().into_iter().filter(|(name, _)| name != "redis")
}

fn words(list: &Json) -> Vec<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Runs the binary in an empty folder.
fn run(arguments: &[String]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    reelq(folder.path(), &arguments)
}

/// Whether the binary's parser takes the arguments; nothing of them is done.
fn assert_accepted(mut arguments: Vec<String>) {
    arguments.push("--help".to_owned());
    let ended = run(&arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    let command = format!("Usage: reelq {}", arguments[0]);
    assert!(ended.stdout.contains(&command), "{arguments:?} is no command: {}", ended.stdout);
}

#[test]
fn commands_and_health_checks_of_the_services_are_accepted() {
    for (name, service) in ours() {
        assert_accepted(words(&service["command"]));
        if let Some(check) = service.pointer("/healthcheck/test") {
            let check = words(check);
            assert_eq!(check[..2], ["CMD", "/usr/local/bin/reelq"], "{name}: there is no shell in the image");
            assert_accepted(check[2..].to_vec());
        }
    }
}

#[test]
fn commands_that_are_shown_for_containers_are_accepted() {
    let shown = [read("docker-compose.yml"), read("docs/operations.md")].concat();
    let lines = shown.lines().filter_map(|line| line.split_once("run --rm producer ").map(|(_, line)| line));
    let commands: Vec<Vec<String>> = lines
        .map(|line| line.split('#').next().unwrap_or_default())
        .map(|line| line.split_whitespace().map(|word| word.trim_matches('`').to_owned()).collect())
        .collect();
    assert!(commands.len() >= 5, "{commands:?}");
    commands.into_iter().for_each(assert_accepted);
}

#[test]
fn mounted_files_of_the_repository_exist() {
    for (name, service) in ours() {
        let volumes = words(&service["volumes"]);
        let sources = volumes.iter().filter_map(|volume| volume.split_once(':')).map(|(source, _)| source);
        // A folder of manifests is the user's, and so are the secrets.
        for source in sources.filter(|source| source.starts_with("./") && *source != "./manifests") {
            assert!(root().join(source).is_file(), "{name}: {source} is missing");
        }
        assert!(volumes.contains(&"./deploy/reelq.toml:/etc/reelq/reelq.toml:ro".to_owned()), "{name}: {volumes:?}");
    }
}

#[test]
fn redis_keeps_every_write_and_evicts_nothing() {
    let command = words(&service("redis")["command"]).join(" ");
    for setting in ["--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"] {
        assert!(command.contains(setting), "{setting}: {command}");
    }
    assert_eq!(words(&service("redis")["volumes"]), ["redis:/data"], "its files outlive the container");
}

#[test]
fn containers_of_ours_write_nowhere_but_to_their_volumes_and_are_nobody() {
    for (name, service) in ours() {
        assert_eq!(service["read_only"], Json::Bool(true), "{name}");
        assert_eq!(service["user"], "65532:65532", "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
    }
    assert!(read("Dockerfile").lines().any(|line| line == "USER 65532:65532"), "the image itself has no root either");
}

#[test]
fn configuration_of_the_containers_is_sound_and_names_what_is_mounted() {
    let file = root().join("deploy/reelq.toml");
    let arguments = ["--config", file.to_str().unwrap(), "config", "show", "--json"].map(str::to_owned);
    let ended = run(&arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    let text = read("deploy/reelq.toml");
    for (name, service) in ours() {
        for secret in words(&service["secrets"]) {
            assert!(text.contains(&format!("\"/run/secrets/{secret}\"")), "{name}: {secret} is not used");
        }
        for volume in words(&service["volumes"]).iter().filter(|volume| !volume.starts_with("./")) {
            let inside = volume.split(':').nth(1).unwrap();
            assert!(text.contains(&format!("\"{inside}")), "{name}: nothing is kept in {inside}");
        }
    }
}

#[test]
fn schedule_that_is_commented_out_can_be_put_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reelq.toml");
    let text = read("deploy/reelq.toml");
    let (settings, schedule) = text.split_once("# [[schedules]]").unwrap();
    let schedule: Vec<&str> = schedule.lines().map(|line| line.trim_start_matches("# ")).collect();
    std::fs::write(&file, format!("{settings}[[schedules]]{}\n", schedule.join("\n"))).unwrap();
    let arguments = ["--config", file.to_str().unwrap(), "config", "show"].map(str::to_owned);
    let ended = run(&arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("schedules.nightly.cron"), "{}", ended.stdout);
}

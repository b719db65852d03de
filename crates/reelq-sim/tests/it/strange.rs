//! What vendors and networks do that no one documented, and that it changes nothing in the ledger.

use std::{collections::BTreeSet, time::Duration};

use reelq_sim::SimSettings;

use crate::client::{SimReply, World, apixo, poyo, text, wave};

async fn with(faults: &str) -> World {
    World::start(SimSettings { faults: faults.parse().unwrap(), ..SimSettings::default() }).await
}

/// A wave task that succeeded, and its status path.
async fn succeeded(world: &World) -> (String, String) {
    let task = text(&wave(world, "a cat", "1").await.unwrap().json()["task_id"]);
    world.finish();
    let path = format!("/v1/tasks/{task}");
    (task, path)
}

fn first_link(reply: &SimReply) -> String {
    let shown = reply.json().to_string();
    let from = shown.find("http://sim.test/files/").unwrap();
    shown[from..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_strange_reply_still_holds_the_id_of_what_was_bought() {
    let world = with("strange_reply=1").await;
    let mut forms = BTreeSet::new();
    for number in 0..60 {
        let reply = wave(&world, &format!("cat {number}"), &number.to_string()).await.unwrap();
        let task = world.ledger().charges[number].task.clone();
        let is_zipped = reply.header("content-encoding") == Some("gzip");
        let wide = reply.body.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>();
        let holds = wide.windows(task.len()).any(|part| part == task.as_bytes());
        assert!(is_zipped || holds, "{number}");
        forms.insert((is_zipped, reply.body.len() > 1_000_000, reply.body.first().copied()));
    }
    assert!(forms.len() >= 5, "{forms:?}");
}

#[tokio::test]
async fn a_gateways_page_accepts_nothing() {
    let world = with("gateway_page=1").await;
    for reply in [wave(&world, "a cat", "1").await, apixo(&world, "a cat").await, poyo(&world, "a cat", "1").await] {
        let reply = reply.unwrap();
        assert!([403, 404].contains(&reply.status) && reply.body.starts_with(b"<!DOCTYPE html>"), "{reply:?}");
    }
    assert!(world.ledger().charges.is_empty());
}

#[tokio::test]
async fn an_outage_accepts_nothing_and_ends() {
    let world = World::quiet().await;
    world.sim.set_outage(Some(Duration::from_secs(5)));
    let reply = apixo(&world, "a cat").await.unwrap();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    assert_eq!(world.get("/api/v1/apikeys/current-balance").await.status, 503);
    assert!(world.ledger().charges.is_empty());
    world.sim.set_outage(None);
    assert_eq!(apixo(&world, "a cat").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_status_can_be_of_another_task() {
    let world = with("other_task=1").await;
    let other = text(&wave(&world, "another", "0").await.unwrap().json()["task_id"]);
    let (_, path) = succeeded(&world).await;
    let told = world.get(&path).await.json();
    assert_eq!(told["task_id"], other.as_str());
}

#[tokio::test]
async fn a_status_can_say_nothing_of_a_task_that_is_there() {
    let unknown = &[400, 404, 410][..];
    for (fault, statuses) in [("task_refused=1", &[403][..]), ("task_unknown=1", unknown), ("login_redirect=1", &[302])]
    {
        let world = with(fault).await;
        let (_, path) = succeeded(&world).await;
        assert!(statuses.contains(&world.get(&path).await.status), "{fault}");
        assert_eq!(world.ledger().charges.len(), 1);
    }
}

#[tokio::test]
async fn words_and_numbers_can_be_what_nobody_documented() {
    let world = with("strange_word=1,strange_numbers=1").await;
    let (_, path) = succeeded(&world).await;
    let told = world.get(&path).await.json();
    assert_eq!(told["status"], "succeed");
    assert!([0, -1, 4_611_686_018_427_387_903_i64].contains(&told["cost"].as_i64().unwrap()));
    let expires_at = told["result"]["videos"][0]["expires_at"].as_i64().unwrap();
    assert!(expires_at > 1_000_000_000_000_000, "microseconds, nanoseconds, or never: {expires_at}");
}

#[tokio::test]
async fn a_picture_can_stand_before_the_video() {
    let world = with("cover_first=1").await;
    let (_, path) = succeeded(&world).await;
    let reply = world.get(&path).await;
    let picture = world.fetch(&first_link(&reply), &[]).await;
    assert!(first_link(&reply).contains(".png") && picture.body.starts_with(b"\x89PNG"), "{reply:?}");
    assert!(reply.json().to_string().contains(".mp4"));
}

#[tokio::test]
async fn a_file_can_come_seconds_after_its_task() {
    let world = with("late_file=1").await;
    let task = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    let ends = world.ledger().charges[0].ends_at.unwrap();
    let wait = ends.since(world.now()).as_millis();
    world.advance(u64::try_from(wait).unwrap() + 100);
    let link = first_link(&world.get(&format!("/v1/tasks/{task}")).await);
    let early = world.fetch(&link, &[]).await;
    assert!(early.status != 200 || !early.body.windows(4).any(|part| part == b"ftyp"), "{early:?}");
    world.advance(4_000);
    assert!(world.fetch(&link, &[]).await.body.windows(4).any(|part| part == b"ftyp"));
}

#[tokio::test]
async fn a_continued_download_can_be_of_another_file() {
    let world = with("changed_file=1").await;
    let (_, path) = succeeded(&world).await;
    let link = first_link(&world.get(&path).await);
    let whole = world.fetch(&link, &[]).await;
    let rest = world.fetch(&link, &[("Range", "bytes=10-")]).await;
    assert_eq!((rest.status, rest.header("etag")), (206, Some("\"another\"")));
    assert_eq!(rest.body.len() + 10, whole.body.len());
    assert_ne!(rest.body[..], whole.body[10..]);
}

#[tokio::test]
async fn a_file_can_come_in_a_form_that_nobody_asked_for() {
    let world = with("strange_delivery=1").await;
    let (_, path) = succeeded(&world).await;
    let link = first_link(&world.get(&path).await);
    let mut forms = BTreeSet::new();
    for _ in 0..30 {
        let reply = world.fetch(&link, &[]).await;
        forms.insert((reply.status, reply.header("content-encoding").map(str::to_owned)));
    }
    assert_eq!(forms.len(), 3, "{forms:?}");
}

#[tokio::test]
async fn a_refusal_can_name_the_task_that_was_bought() {
    let world = with("refused_though_taken=1").await;
    let refusal = wave(&world, "a cat", "1").await.unwrap();
    assert!([400, 409].contains(&refusal.status), "{refusal:?}");
    let charges = world.ledger().charges;
    assert!(refusal.json().to_string().contains(&charges[0].task), "{refusal:?}");
}

#[tokio::test]
async fn a_success_can_have_an_error_beside_it_and_another_centurys_date() {
    let world = with("error_beside_success=1,wrong_clock=1").await;
    let (_, path) = succeeded(&world).await;
    let reply = world.get(&path).await;
    let told = reply.json();
    assert_eq!((&told["status"], &told["error"]["code"]), (&"completed".into(), &"partial".into()));
    let date = reply.header("date").unwrap();
    assert!(date.contains(" 2140 ") || date.contains(" 2020 "), "{date}");
}

#[tokio::test]
async fn a_file_can_be_a_webm_under_a_word_that_says_nothing() {
    let world = with("strange_container=1,strange_label=1").await;
    let task = text(&poyo(&world, "a cat", "1").await.unwrap().json()["data"]["task_id"]);
    world.finish();
    let reply = world.get(&format!("/api/generate/status/{task}")).await;
    let label = &reply.json()["data"]["files"][0]["file_type"];
    assert!(label.is_null() || label == "mp4" || label == "unknown", "{label}");
    let file = world.fetch(&first_link(&reply), &[]).await;
    assert!(file.body.starts_with(b"\x1a\x45\xdf\xa3") && file.body.windows(4).any(|part| part == b"ftyp"));
}

#[tokio::test]
async fn a_message_can_steer_a_terminal_and_repeat_the_key() {
    let world = with("permanent_failure=1,hostile_text=1").await;
    let (_, path) = succeeded(&world).await;
    let told = text(&world.get(&path).await.json()["error"]["message"]);
    assert!(told.contains("\u{1b}[2J") && told.contains("Bearer key)"), "{told}");
}

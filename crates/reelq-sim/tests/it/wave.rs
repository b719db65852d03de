//! Wave: flat replies, replayed keys, refunds, cancellation.

use reelq_model::Settlement;
use reelq_sim::{Faults, SimSettings, ViolationKind};
use serde_json::{Value, json};

use crate::client::{SimReply, World, text, wave};

fn id(reply: &SimReply) -> String {
    text(&reply.json()["task_id"])
}

/// The link of a finished task, whether it is told as text or in a list.
pub(crate) fn link(status: &Value) -> String {
    let url = &status["result"]["videos"][0]["url"];
    text(if url.is_array() { &url[0] } else { url })
}

#[tokio::test]
async fn a_task_goes_from_queued_to_completed() {
    let world = World::quiet().await;
    let mut told = Vec::new();
    for prompt in ["one", "two", "three", "four"] {
        let submitted = wave(&world, prompt, prompt).await.unwrap();
        let path = format!("/v1/tasks/{}", id(&submitted));
        told.push(vec![submitted.shown(), world.get(&path).await.shown()]);
    }
    world.advance(200);
    let ids: Vec<String> = told.iter().map(|replies| text(&replies[0]["body"]["task_id"])).collect();
    for (replies, id) in told.iter_mut().zip(&ids) {
        replies.push(world.get(&format!("/v1/tasks/{id}")).await.shown());
    }
    world.finish();
    for (replies, id) in told.iter_mut().zip(&ids) {
        replies.push(world.get(&format!("/v1/tasks/{id}")).await.shown());
    }
    insta::assert_json_snapshot!(told);
    assert_eq!(world.ledger().totals.charged.to_string(), "1.2444");
}

#[tokio::test]
async fn the_vendors_own_examples_are_taken() {
    let world = World::quiet().await;
    let examples = [
        json!({"model": "hailuo-2.3", "action": "generate", "prompt": "一只白猫慵懒地躺在阳光下的窗台上",
            "duration": 6, "resolution": "1080p"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "A Shiba Inu in a spacesuit walking on the moon, cinematic lighting",
            "duration": 6, "resolution": "1080p", "aspect_ratio": "16:9"}),
        json!({"model": "wan2.5-t2v", "action": "generate", "prompt": "春天的樱花树下,花瓣随风飘落",
            "aspect_ratio": "16:9", "duration": 5}),
    ];
    for example in examples {
        let reply = world.post("/v1/tasks", &[], &example).await.unwrap();
        assert_eq!((reply.status, &reply.json()["model"]), (200, &example["model"]), "{reply:?}");
    }
}

#[tokio::test]
async fn a_repeated_key_is_answered_with_the_first_task_for_a_day() {
    let world = World::quiet().await;
    let first = wave(&world, "a cat", "key-1").await.unwrap();
    let again = wave(&world, "a cat", "key-1").await.unwrap();
    assert_eq!(id(&first), id(&again));
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.charges[0].replays, ledger.requests.replayed), (1, 1, 1));
    world.advance(24 * 3600 * 1000);
    assert_ne!(id(&first), id(&wave(&world, "a cat", "key-1").await.unwrap()));
    let duplicates = world.ledger().duplicates;
    assert_eq!((duplicates.len(), duplicates[0].tasks.len()), (1, 2));
}

#[tokio::test]
async fn a_key_that_comes_with_another_body_is_refused_and_noted() {
    let world = World::quiet().await;
    wave(&world, "a cat", "key-1").await.unwrap();
    let reply = wave(&world, "a dog", "key-1").await.unwrap();
    insta::assert_json_snapshot!(reply.shown());
    assert_eq!(world.violations(), [ViolationKind::KeyReused]);
    assert_eq!(world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn only_a_queued_task_can_be_cancelled_and_is_refunded() {
    let world = World::quiet().await;
    let task = id(&wave(&world, "a cat", "1").await.unwrap());
    let path = format!("/v1/tasks/{task}/cancel");
    let cancelled = world.post(&path, &[], &json!({})).await.unwrap();
    assert_eq!(cancelled.json()["refunded_quota"], 155_550);
    assert_eq!(world.get(&format!("/v1/tasks/{task}")).await.json()["status"], "cancelled");
    assert_eq!(world.ledger().charges[0].settlement, Settlement::Refunded);
    let late = world.post(&path, &[], &json!({})).await.unwrap();
    assert_eq!((late.status, text(&late.json()["error"]["code"])), (400, "task_not_cancellable".to_owned()));
}

#[tokio::test]
async fn a_failed_task_costs_nothing() {
    let faults = Faults { moderation: 1.0, ..Faults::default() };
    let world = World::start(SimSettings { faults, ..SimSettings::default() }).await;
    let task = id(&wave(&world, "a cat", "1").await.unwrap());
    world.finish();
    let status = world.get(&format!("/v1/tasks/{task}")).await.json();
    assert_eq!((&status["status"], &status["cost"]), (&json!("failed"), &json!(0)));
    assert!(["content_violation", "sensitive_content_detected"].contains(&text(&status["error"]["code"]).as_str()));
    assert_eq!(world.ledger().spent().micros(), 0);
}

#[tokio::test]
async fn wrong_requests_are_refused_and_not_charged() {
    let world = World::quiet().await;
    let bodies = [
        json!({"model": "minimax-hailuo-2.3"}),
        json!({"model": "sora", "prompt": "x"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "duration": 10, "resolution": "1080p"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "duration": "6"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "duration": 7}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "resolution": "4K"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x".repeat(2001)}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "action": "image2video"}),
        json!({"model": "minimax-hailuo-2.3", "prompt": "x", "promt": "y"}),
        json!({"model": "hailuo-02", "prompt": "x", "last_frame": "https://example.com/b.png"}),
        json!({"model": "wan2.5-t2v", "prompt": "x", "image_urls": ["https://example.com/a.png"]}),
        json!({"model": "wan2.5-i2v", "prompt": "x", "first_frame": "https://example.com/a.png"}),
        json!({"model": "wan2.5-t2v", "prompt": "x", "seed": -1}),
        json!([1]),
    ];
    let mut told = Vec::new();
    for body in bodies {
        told.push(world.post("/v1/tasks", &[], &body).await.unwrap().shown());
    }
    insta::assert_json_snapshot!(told);
    assert_eq!(world.ledger().charges, []);
}

#[tokio::test]
async fn a_task_is_shown_to_its_own_account_only() {
    let world = World::quiet().await;
    let path = format!("/v1/tasks/{}", id(&wave(&world, "a cat", "1").await.unwrap()));
    let other = world.send("GET", &path, &[("Authorization", "Bearer other")], "").await.unwrap();
    assert_eq!((other.status, &other.json()["error"]["code"]), (404, &json!("task_not_found")));
    assert_eq!(world.send("GET", &path, &[], "").await.unwrap().status, 401);
    for (key, status) in [("sim-401", 401), ("sim-402", 402), ("sim-403", 403)] {
        let bearer = format!("Bearer {key}");
        let reply = world.send("POST", "/v1/tasks", &[("Authorization", &bearer)], "{}").await.unwrap();
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn the_balance_falls_with_every_purchase() {
    let limits = reelq_sim::SimLimits { balance: Some("10".parse().unwrap()), ..Default::default() };
    let world = World::start(SimSettings { limits, ..SimSettings::default() }).await;
    wave(&world, "a cat", "1").await.unwrap();
    insta::assert_json_snapshot!(world.get("/v1/dashboard/billing/balance").await.shown());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_many_times_at_once_buys_one_task() {
    let world = std::sync::Arc::new(World::quiet().await);
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let world = std::sync::Arc::clone(&world);
        sending.spawn(async move { id(&wave(&world, "a cat", "1").await.unwrap()) });
    }
    let mut tasks = sending.join_all().await;
    tasks.dedup();
    assert_eq!((tasks.len(), world.ledger().charges.len(), world.ledger().requests.replayed), (1, 1, 19));
}

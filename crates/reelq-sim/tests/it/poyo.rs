//! PoYo: replayed keys, codes 200 and 0, failures that are not charged.

use std::collections::BTreeSet;

use reelq_sim::{Faults, SimSettings};
use serde_json::{Value, json};

use crate::client::{World, poyo, text};

async fn status(world: &World, task: &str) -> Value {
    world.get(&format!("/api/generate/status/{task}")).await.shown()
}

#[tokio::test]
async fn a_task_goes_from_not_started_to_finished() {
    let world = World::quiet().await;
    let submitted = poyo(&world, "a cat", "1").await.unwrap();
    let task = text(&submitted.json()["data"]["task_id"]);
    let mut told = vec![submitted.shown(), status(&world, &task).await];
    world.advance(200);
    told.push(status(&world, &task).await);
    world.finish();
    told.push(status(&world, &task).await);
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn the_vendors_own_example_is_taken() {
    let world = World::quiet().await;
    let example = json!({
        "model": "hailuo-2.3",
        "callback_url": "https://your-domain.com/callback",
        "input": {"prompt": "a tiktok dancer is dancing on a small drone, doing flips and tricks",
            "duration": 6, "resolution": "768p", "prompt_optimizer": true}
    });
    let reply = world.post("/api/generate/submit", &[], &example).await.unwrap();
    assert_eq!((reply.status, &reply.json()["data"]["status"]), (200, &json!("not_started")));
}

#[tokio::test]
async fn a_repeated_key_buys_nothing_and_success_is_200_or_0() {
    let world = World::quiet().await;
    let mut codes = BTreeSet::new();
    let mut tasks = BTreeSet::new();
    for _ in 0..12 {
        let reply = poyo(&world, "a cat", "1").await.unwrap().json();
        codes.insert(reply["code"].as_u64().unwrap());
        tasks.insert(text(&reply["data"]["task_id"]));
    }
    assert_eq!((codes, tasks.len()), (BTreeSet::from([0, 200]), 1));
    assert_eq!(world.ledger().charges[0].replays, 11);
}

#[tokio::test]
async fn a_failed_task_is_not_charged() {
    let faults = Faults { transient_failure: 1.0, ..Faults::default() };
    let world = World::start(SimSettings { faults, ..SimSettings::default() }).await;
    let task = text(&poyo(&world, "a cat", "1").await.unwrap().json()["data"]["task_id"]);
    world.finish();
    insta::assert_json_snapshot!(status(&world, &task).await);
    assert_eq!(world.ledger().spent().micros(), 0);
}

#[tokio::test]
async fn wrong_requests_are_refused_and_not_charged() {
    let world = World::quiet().await;
    let bodies = [
        json!({"model": "hailuo-2.3"}),
        json!({"model": "hailuo-9", "input": {"prompt": "x"}}),
        json!({"model": "hailuo-2.3", "input": {}}),
        json!({"model": "hailuo-2.3", "input": {"prompt": "x", "resolution": "1080p", "duration": 10}}),
        json!({"model": "hailuo-2.3", "input": {"prompt": "x", "end_image_url": "https://example.com/b.png"}}),
    ];
    let mut told = Vec::new();
    for body in bodies {
        told.push(world.post("/api/generate/submit", &[], &body).await.unwrap().shown());
    }
    told.push(status(&world, "task-none").await);
    insta::assert_json_snapshot!(told);
    assert_eq!(world.ledger().charges, []);
}

#[tokio::test]
async fn balances_are_told() {
    let world = World::quiet().await;
    assert_eq!(world.get("/api/user/balance").await.json()["data"]["balance"], json!(1_000_000.00));
    assert_eq!(world.get("/api/v1/apikeys/current-balance").await.json()["data"]["balance"], json!(1_000_000.00));
}

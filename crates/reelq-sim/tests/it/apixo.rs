//! APIXO: no keys, failures inside 200, results in a string.

use reelq_model::Settlement;
use reelq_sim::{Faults, SimLimits, SimSettings};
use serde_json::{Value, json};

use crate::client::{World, apixo, text};

async fn status(world: &World, task: &str) -> Value {
    world.get(&format!("/api/v1/statusTask/hailuo-2-3-fast?taskId={task}")).await.shown()
}

#[tokio::test]
async fn a_task_goes_from_pending_to_success() {
    let world = World::quiet().await;
    let submitted = apixo(&world, "a cat").await.unwrap();
    let task = text(&submitted.json()["data"]["taskId"]);
    let mut told = vec![submitted.shown(), status(&world, &task).await];
    world.advance(200);
    told.push(status(&world, &task).await);
    world.finish();
    told.push(status(&world, &task).await);
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn every_accepted_submission_is_a_purchase() {
    let world = World::quiet().await;
    let body =
        json!({"input": {"mode": "pro-image-to-video", "prompt": "x", "image_urls": ["https://example.com/a.png"]}});
    for _ in 0..2 {
        let headers = [("Idempotency-Key", "same")];
        world.post("/api/v1/generateTask/hailuo-2-3-fast", &headers, &body).await.unwrap();
    }
    let ledger = world.ledger();
    assert_eq!(ledger.tasks_by_body().into_values().collect::<Vec<_>>(), [2]);
    assert_eq!(ledger.totals.open.to_string(), "0.66");
    assert_ne!(ledger.charges[0].task, ledger.charges[1].task);
}

#[tokio::test]
async fn a_failed_task_is_told_inside_a_200_and_stays_charged() {
    let faults = Faults { moderation: 1.0, ..Faults::default() };
    let world = World::start(SimSettings { faults, ..SimSettings::default() }).await;
    let task = text(&apixo(&world, "a cat").await.unwrap().json()["data"]["taskId"]);
    world.finish();
    insta::assert_json_snapshot!(status(&world, &task).await);
    assert_eq!(world.ledger().charges[0].settlement, Settlement::Charged);
}

#[tokio::test]
async fn missing_credits_are_told_in_three_places() {
    let limits = SimLimits { balance: Some("0.1".parse().unwrap()), ..SimLimits::default() };
    let world = World::start(SimSettings { limits, ..SimSettings::default() }).await;
    let (mut codes, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..40 {
        let reply = apixo(&world, &format!("cat {number}")).await.unwrap().json();
        match reply["data"]["taskId"].as_str() {
            Some(task) => tasks.push(task.to_owned()),
            None => codes.push(reply["code"].as_u64().unwrap()),
        }
    }
    assert!(codes.contains(&402) && codes.contains(&400), "{codes:?}");
    world.finish();
    let told = status(&world, &tasks[0]).await;
    assert_eq!(told["body"]["data"]["failCode"], "INSUFFICIENT_CREDITS");
    assert_eq!(world.ledger().spent().micros(), 0);
}

#[tokio::test]
async fn wrong_requests_are_refused_and_not_charged() {
    let world = World::quiet().await;
    let image = ["https://example.com/a.png"];
    let inputs = [
        json!({"mode": "standard-text-to-video", "prompt": "x"}),
        json!({"mode": "standard-image-to-video", "prompt": "x", "image_urls": image}),
        json!({"mode": "standard-image-to-video", "prompt": "x", "image_urls": image, "duration": 5}),
        json!({"mode": "standard-image-to-video", "prompt": "x", "image_urls": [], "duration": 6}),
    ];
    let mut told = Vec::new();
    for input in inputs {
        let reply = world.post("/api/v1/generateTask/hailuo-2-3-fast", &[], &json!({"input": input})).await.unwrap();
        told.push(reply.shown());
    }
    let callback = json!({"request_type": "callback", "input": {"mode": "pro-image-to-video", "image_urls": image}});
    told.push(world.post("/api/v1/generateTask/hailuo-2-3-fast", &[], &callback).await.unwrap().shown());
    told.push(world.post("/api/v1/generateTask/veo", &[], &callback).await.unwrap().shown());
    told.push(status(&world, "task_none").await);
    insta::assert_json_snapshot!(told);
    assert_eq!(world.ledger().charges, []);
}

#[tokio::test]
async fn an_unreachable_image_fails_the_task() {
    let world = World::quiet().await;
    let input = json!({"mode": "pro-image-to-video", "prompt": "x", "image_urls": ["ftp://example.com/a.png"]});
    let reply = world.post("/api/v1/generateTask/hailuo-2-3-fast", &[], &json!({"input": input})).await.unwrap();
    world.finish();
    let told = status(&world, &text(&reply.json()["data"]["taskId"])).await;
    assert_eq!(told["body"]["data"]["failCode"], "INVALID_IMAGE_URL");
}

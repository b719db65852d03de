//! Each fault, and the truth of the ledger under it.

use std::collections::BTreeSet;

use reelq_model::Settlement;
use reelq_sim::{Faults, SimCharge, SimSettings};
use serde_json::json;

use crate::client::{World, apixo, poyo, text, wave};

async fn with(faults: &str) -> World {
    World::start(SimSettings { faults: faults.parse().unwrap(), ..SimSettings::default() }).await
}

#[tokio::test]
async fn a_drop_before_acceptance_charges_nothing() {
    let world = with("dropped_before=1").await;
    assert_eq!(wave(&world, "a cat", "1").await, None);
    assert_eq!(apixo(&world, "a cat").await, None);
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.requests.dropped_before), (0, 2));
}

#[tokio::test]
async fn a_drop_after_acceptance_charges_without_a_reply() {
    let world = with("dropped_after=1").await;
    assert_eq!(wave(&world, "a cat", "1").await, None);
    assert_eq!(wave(&world, "a cat", "1").await, None);
    assert_eq!(apixo(&world, "a cat").await, None);
    assert_eq!(apixo(&world, "a cat").await, None);
    let ledger = world.ledger();
    let bought: Vec<&str> = ledger.charges.iter().map(|charge| charge.provider.as_str()).collect();
    assert_eq!(bought, ["wave", "apixo", "apixo"]);
    assert_eq!((ledger.requests.dropped_after, ledger.requests.replayed, ledger.duplicates.len()), (4, 1, 1));
}

#[tokio::test]
async fn a_torn_reply_is_cut_after_acceptance() {
    let world = with("torn_reply=1").await;
    let reply = poyo(&world, "a cat", "1").await.unwrap();
    assert!(reply.is_cut() && !reply.body.is_empty(), "{reply:?}");
    let task = world.ledger().charges[0].task.clone();
    assert!(world.get(&format!("/api/generate/status/{task}")).await.is_cut());
}

#[tokio::test]
async fn a_slow_reply_arrives_whole() {
    let mut settings = SimSettings { faults: "slow_reply=1".parse().unwrap(), ..SimSettings::default() };
    settings.pace.slow_reply = std::time::Duration::from_millis(100);
    let world = World::start(settings).await;
    let reply = wave(&world, "a cat", "1").await.unwrap();
    assert!(!reply.is_cut());
    assert_eq!(reply.json()["status"], "queued");
}

#[tokio::test]
async fn server_errors_and_garbage_come_before_and_after_acceptance() {
    for fault in ["server_error=1", "garbage=1"] {
        let world = with(fault).await;
        for number in 0..80 {
            let reply = wave(&world, &format!("cat {number}"), &number.to_string()).await.unwrap();
            assert!(reply.status >= 500 || (fault == "garbage=1" && reply.json()["task_id"].is_null()), "{reply:?}");
        }
        let bought = world.ledger().charges.len();
        assert!((20..60).contains(&bought), "{fault}: {bought}");
    }
}

#[tokio::test]
async fn a_throttled_submission_is_not_accepted_and_says_when_to_come_back_in_every_form() {
    let world = with("throttled=1").await;
    let mut forms = BTreeSet::new();
    for number in 0..60 {
        let reply = wave(&world, &format!("cat {number}"), &number.to_string()).await.unwrap();
        assert_eq!(reply.status, 429);
        let reset_at = [&reply.json()["reset_at"], &reply.json()["error"]["reset_at"]].map(|value| !value.is_null());
        forms.insert(match (reply.header("retry-after"), reset_at) {
            (Some("1"), [false, false]) => "seconds",
            (Some("Sat, 04 Apr 2026 06:46:02 GMT"), [false, false]) => "date",
            (None, [true, false]) => "body",
            (None, [false, true]) => "error object",
            (None, [false, false]) => "nothing",
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(forms.len(), 5, "{forms:?}");
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.requests.throttled, ledger.violations.len()), (0, 60, 0));
}

#[tokio::test]
async fn status_requests_can_be_throttled_and_dropped() {
    let world = with("poll_throttled=1").await;
    let task = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    assert_eq!(world.get(&format!("/v1/tasks/{task}")).await.status, 429);
    let world = with("poll_dropped=1").await;
    let task = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    let path = format!("/v1/tasks/{task}");
    assert_eq!(world.send("GET", &path, &[("Authorization", "Bearer key")], "").await, None);
}

#[tokio::test]
async fn a_task_can_be_invisible_at_first() {
    let world = with("not_found_after_submit=1").await;
    let task = text(&poyo(&world, "a cat", "1").await.unwrap().json()["data"]["task_id"]);
    let path = format!("/api/generate/status/{task}");
    assert_eq!(world.get(&path).await.status, 404);
    world.advance(400);
    assert_eq!(world.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_success_can_name_no_output_at_first() {
    let world = with("empty_result=1").await;
    let task = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    world.finish();
    let path = format!("/v1/tasks/{task}");
    assert_eq!(world.get(&path).await.json()["result"]["videos"], json!([]));
    assert_ne!(world.get(&path).await.json()["result"]["videos"], json!([]));
}

#[tokio::test]
async fn the_charge_of_a_failure_depends_on_the_vendor() {
    for fault in ["transient_failure=1", "permanent_failure=1", "moderation=1"] {
        let world = with(fault).await;
        wave(&world, "a cat", "1").await.unwrap();
        apixo(&world, "a cat").await.unwrap();
        poyo(&world, "a cat", "1").await.unwrap();
        let open = world.ledger().charges;
        assert!(open.iter().all(|charge| charge.settlement == Settlement::Open));
        world.finish();
        let settled: Vec<Settlement> = world.ledger().charges.iter().map(|charge| charge.settlement).collect();
        assert_eq!(settled, [Settlement::Refunded, Settlement::Charged, Settlement::Refunded], "{fault}");
    }
}

/// Submits every row until it is bought, and tells what was charged for what.
async fn bought(seed: u64, rows: impl Iterator<Item = u32>) -> BTreeSet<String> {
    let faults = Faults { permanent_failure: 0.2, ..Faults::rough() };
    let world = World::start(SimSettings { seed, faults, ..SimSettings::default() }).await;
    for row in rows {
        let (prompt, key) = (format!("cat {row}"), row.to_string());
        while wave(&world, &prompt, &key).await.is_none_or(|reply| reply.status != 200) {}
    }
    world.finish();
    let told = |charge: &SimCharge| format!("{} {} {:?}", charge.prompt, charge.task, charge.settlement);
    world.ledger().charges.iter().map(told).collect()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world_whatever_the_order() {
    let forwards = bought(7, 0..60).await;
    assert_eq!(forwards, bought(7, (0..60).rev()).await);
    assert_ne!(forwards, bought(8, 0..60).await);
    assert_eq!(forwards.len(), 60);
}

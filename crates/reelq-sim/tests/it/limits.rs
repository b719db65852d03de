//! The hidden limits of an account, and what the ledger notes of those who break them.

use reelq_sim::{SimLimits, SimSettings, ViolationKind, fingerprint};
use serde_json::json;

use crate::client::{World, apixo, poyo, text, wave};

async fn limited(limits: SimLimits) -> World {
    World::start(SimSettings { limits, ..SimSettings::default() }).await
}

async fn statuses(world: &World, from: u32, to: u32) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in from..to {
        statuses.push(wave(world, &format!("cat {number}"), &number.to_string()).await.unwrap().status);
    }
    statuses
}

#[tokio::test]
async fn submissions_beyond_the_rate_are_refused_and_noted() {
    let world = limited(SimLimits { requests_per_second: Some(2.0), ..SimLimits::default() }).await;
    assert_eq!(statuses(&world, 0, 3).await, [200, 200, 429]);
    assert_eq!(world.violations(), [ViolationKind::OverRate]);
    world.advance(1000);
    assert_eq!(statuses(&world, 3, 6).await, [200, 200, 429]);
    assert_eq!(world.ledger().charges.len(), 4);
}

#[tokio::test]
async fn each_account_has_its_own_limits() {
    let world = limited(SimLimits { requests_per_second: Some(1.0), ..SimLimits::default() }).await;
    assert_eq!(statuses(&world, 0, 2).await, [200, 429]);
    assert_eq!(poyo(&world, "a cat", "1").await.unwrap().status, 200);
    let body = json!({"model": "hailuo-2.3", "prompt": "x"}).to_string();
    let other = world.send("POST", "/v1/tasks", &[("Authorization", "Bearer other")], &body).await.unwrap();
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn tasks_in_flight_are_bounded_until_they_end() {
    let world = limited(SimLimits { max_in_flight: Some(2), ..SimLimits::default() }).await;
    assert_eq!(statuses(&world, 0, 3).await, [200, 200, 429]);
    assert_eq!(world.violations(), [ViolationKind::OverInFlight]);
    world.finish();
    assert_eq!(statuses(&world, 3, 6).await, [200, 200, 429]);
    let ledger = world.ledger();
    let wave = fingerprint(reelq_sim::Vendor::Wave, "key");
    let account = ledger.accounts.iter().find(|account| account.account == wave).unwrap();
    assert_eq!((account.peak_in_flight, account.totals.tasks), (2, 4));
}

#[tokio::test]
async fn a_cancelled_task_makes_room() {
    let world = limited(SimLimits { max_in_flight: Some(1), ..SimLimits::default() }).await;
    let task = text(&wave(&world, "a cat", "a").await.unwrap().json()["task_id"]);
    world.post(&format!("/v1/tasks/{task}/cancel"), &[], &json!({})).await.unwrap();
    assert_eq!(statuses(&world, 0, 2).await, [200, 429]);
}

#[tokio::test]
async fn a_replay_counts_against_no_limit() {
    let world = limited(SimLimits { max_in_flight: Some(1), ..SimLimits::default() }).await;
    for _ in 0..3 {
        assert_eq!(wave(&world, "a cat", "1").await.unwrap().status, 200);
    }
    assert_eq!(world.violations(), []);
}

#[tokio::test]
async fn a_submission_before_the_wait_is_over_is_noted() {
    let world = limited(SimLimits { requests_per_second: Some(1.0), ..SimLimits::default() }).await;
    let mut row = 0;
    // Some replies name no wait; those cannot be disobeyed.
    while !world.violations().contains(&ViolationKind::Impatient) && row < 20 {
        statuses(&world, row, row + 1).await;
        row += 1;
    }
    assert!(row < 20, "no violation was noted");
    world.advance(5000);
    let before = world.ledger().violations.len();
    assert_eq!(statuses(&world, 20, 21).await, [200]);
    assert_eq!(world.ledger().violations.len(), before);
}

#[tokio::test]
async fn an_account_without_money_is_refused_with_402() {
    let world = limited(SimLimits { balance: Some("0.4".parse().unwrap()), ..SimLimits::default() }).await;
    assert_eq!(statuses(&world, 0, 2).await, [200, 402]);
    assert_eq!(apixo(&world, "a cat").await.unwrap().json()["code"], 200);
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.spent().to_string()), (2, "0.5011".to_owned()));
}

#[tokio::test]
async fn the_ledger_is_told_as_json() {
    let world = World::quiet().await;
    wave(&world, "a cat", "1").await.unwrap();
    apixo(&world, "a dog").await.unwrap();
    let reply = world.get("/ledger").await;
    insta::assert_json_snapshot!(reply.json());
    let read: reelq_sim::Ledger = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(read, world.ledger());
    assert_eq!(world.get("/ledger?charges=no").await.json()["charges"], json!([]));
    assert_eq!(world.get("/health").await.json()["simulated"], true);
    assert_eq!(world.get("/nowhere").await.status, 404);
}

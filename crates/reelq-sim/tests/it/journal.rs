//! A simulator that is started again on its journal.

use reelq_sim::SimSettings;
use serde_json::json;

use crate::client::{World, text, wave};

#[tokio::test]
async fn a_simulator_started_again_knows_what_it_sold_and_keeps_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let settings = SimSettings { journal: Some(folder.path().join("sim/tasks.jsonl")), ..SimSettings::default() };
    let world = World::start(settings.clone()).await;
    let kept = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    let cancelled = text(&wave(&world, "a dog", "2").await.unwrap().json()["task_id"]);
    world.post(&format!("/v1/tasks/{cancelled}/cancel"), &[], &json!({})).await.unwrap();
    let (before, address) = (world.ledger(), world.sim.addr());
    world.sim.stop().await;

    let world = World::start(settings).await;
    assert_eq!(world.sim.addr(), address);
    assert_eq!(world.ledger().charges, before.charges);
    let again = wave(&world, "a cat", "1").await.unwrap();
    assert_eq!(text(&again.json()["task_id"]), kept);
    assert_eq!(world.get(&format!("/v1/tasks/{cancelled}")).await.json()["status"], "cancelled");
    world.finish();
    assert_eq!(world.get(&format!("/v1/tasks/{kept}")).await.json()["status"], "completed");
}

#[tokio::test]
async fn tasks_out_of_the_journal_are_in_flight_only_while_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let settings = SimSettings { journal: Some(folder.path().join("tasks.jsonl")), ..SimSettings::default() };
    let world = World::start(settings.clone()).await;
    for number in 0..3 {
        wave(&world, "a cat", &number.to_string()).await.unwrap();
        world.finish();
    }
    let before = world.ledger().accounts;
    assert_eq!(before[0].peak_in_flight, 1);
    world.sim.stop().await;
    let world = World::start(settings).await;
    world.finish();
    world.finish();
    world.finish();
    assert_eq!(world.ledger().accounts, before);
}

#[tokio::test]
async fn a_line_cut_by_a_kill_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("tasks.jsonl");
    let settings = SimSettings { journal: Some(journal.clone()), ..SimSettings::default() };
    let world = World::start(settings.clone()).await;
    wave(&world, "a cat", "1").await.unwrap();
    world.sim.stop().await;
    let whole = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, [&whole[..], &whole[..20]].concat()).unwrap();

    let world = World::start(settings.clone()).await;
    wave(&world, "a dog", "2").await.unwrap();
    world.sim.stop().await;
    assert_eq!(World::start(settings).await.ledger().charges.len(), 2);
}

//! Servers that forget, and machines that run out of what they need, under two machines at work: each trouble once, in a seeded
//! order. No row is bought twice, no clip is lost, and limits and budgets are kept.

mod events;
mod world;

use std::time::Duration;

use rand::{RngExt as _, seq::SliceRandom as _};
use reelq_model::Money;
use reelq_tests::{Audit, let_pass};

use self::{
    events::Event,
    world::{BUDGET, IN_FLIGHT, PROMPTS, World},
};

fn befall(fsync: &str, seed: u64, mut events: Vec<Event>) {
    let mut world = World::new(fsync, seed);
    world.load();
    world.add_workers();
    world.until("purchases", |world| world.purchases() >= 8);
    events.shuffle(&mut world.rng);
    for event in events {
        let pause = world.rng.random_range(300..1_200);
        let_pass(Duration::from_millis(pause));
        world.befall(event);
    }
    let bought_amid = world.purchases();
    let ended = world.end();
    let seen = format!("seed {seed}: {}\n{}", world.told.join(", "), ended.stderr);
    assert!(matches!(ended.code, Some(6 | 8)), "the budgets are reached: {:?} {seen}", ended.code);
    assert!(bought_amid > 8, "{seen}");
    judge(&world, &seen);
}

fn judge(world: &World, seen: &str) {
    let (ledger, rows) = (world.vendor.ledger(), world.results());
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    audit.every_clip_is_on_disk(&world.output());
    let unconfirmed = rows.iter().filter(|row| row.get("status") == "unconfirmed");
    assert!(unconfirmed.map(|row| row.get("provider")).all(|provider| provider == "apixo"), "{seen}");
    for account in &ledger.accounts {
        let spent = account.totals.charged + account.totals.open;
        assert!(spent <= Money::from_micros(BUDGET * 1_000_000), "{account:?} of ${BUDGET}: {seen}");
        assert!(account.peak_in_flight <= IN_FLIGHT, "{account:?} where {IN_FLIGHT} were allowed: {seen}");
    }
}

#[test]
fn every_promise_is_kept_while_servers_that_sync_always_forget_and_machines_freeze() {
    befall("always", 7, vec![Event::FailOver, Event::Empty, Event::Freeze, Event::NoDescriptors, Event::KillWorker]);
}

#[test]
fn every_promise_is_kept_while_servers_that_sync_every_second_move_and_machines_are_full() {
    befall("everysec", 11, vec![Event::FailOver, Event::Restore, Event::Rotate, Event::FullDisk, Event::KillWorker]);
}

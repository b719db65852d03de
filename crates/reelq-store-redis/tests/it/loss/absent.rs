//! What was bought for jobs that an emptied server has lost counts against limits and budgets, once, until they are back.

use reelq_store::{Absentees, AccountView};
use reelq_store_conformance::kit::{cents, finished, wish};

use super::*;

/// A batch of other rows.
async fn load_others(process: &Process, name: &str, rows: usize) {
    let wishes: Vec<Wish> = (0..rows).map(|number| wish(format!("another {number}"))).collect();
    process.load_as(&draft(&batch(name)), &wishes).await;
}

async fn absent(process: &Process) -> Absentees {
    process.store.guard(&GuardStep::List).await.unwrap().absent
}

async fn view(process: &Process) -> AccountView {
    process.store.accounts().await.unwrap().into_iter().find(|view| view.name == account("acct")).unwrap()
}

async fn buy(process: &Process, tasks: &[&str]) {
    for task in tasks {
        let lease = process.fresh(1).await.remove(0);
        process.buy(&lease, task).await;
    }
}

#[tokio::test]
async fn purchases_that_only_journals_know_count_once_against_the_budget_of_their_account() {
    let server = RedisServer::start();
    let (here, there) = (Machine::new(), Machine::new());
    let mut one = here.process(&server.socket_url(), "one").await;
    let other = there.process(&server.socket_url(), "other").await;
    one.limits.budget = Some(cents(50));
    one.load(6).await;
    one.heartbeat().await;
    other.heartbeat().await;
    buy(&one, &["t1", "t2"]).await;
    buy(&other, &["t3"]).await;
    server.command(&["FLUSHALL"]);
    load_others(&one, "others", 6).await;
    // Told by each, and again by another process of the same machine.
    for process in [&one, &other, &one] {
        process.heartbeat().await;
    }
    let again = here.process(&server.socket_url(), "again").await;
    again.heartbeat().await;
    assert_eq!(one.fresh(9).await.len(), 2, "$0.30 of $0.50 were spent before");
    assert_eq!(one.fresh(9).await.len(), 0);
    let told = absent(&one).await;
    assert_eq!(told.jobs, 3);
    assert_eq!((told.sums[0].purchases, told.sums[0].open, told.sums[0].spent), (3, 3, cents(30)), "{told:?}");
    assert_eq!(told.first.len(), 3);
    assert!(told.first.iter().all(|view| view.batch == NAME && view.purchase.task.is_some()), "{told:?}");
    assert_eq!((view(&one).await.spent, view(&one).await.in_flight), (cents(30), 5));

    // Their batch comes back: the purchases are its jobs' own again.
    one.load(6).await;
    for process in [&one, &other, &again, &one] {
        process.heartbeat().await;
    }
    assert_eq!(absent(&one).await, Absentees::default());
    assert_eq!(view(&one).await.spent, cents(30));
    assert_eq!(one.fresh(9).await.len(), 0);
}

#[tokio::test]
async fn purchases_of_today_that_only_journals_know_count_against_the_budget_of_the_day() {
    let server = RedisServer::start();
    let machine = Machine::new();
    let mut one = machine.process(&server.socket_url(), "one").await;
    one.limits.daily_budget = Some(cents(30));
    one.load(6).await;
    buy(&one, &["t1", "t2"]).await;
    server.command(&["FLUSHALL"]);
    load_others(&one, "others", 6).await;
    one.heartbeat().await;
    assert_eq!(one.fresh(9).await.len(), 1);
    assert_eq!(view(&one).await.spent_today, cents(20));
}

#[tokio::test]
async fn a_submission_of_unknown_fate_that_only_a_journal_knows_counts_with_its_price() {
    let server = RedisServer::start();
    let machine = Machine::new();
    let mut one = machine.process(&server.socket_url(), "one").await;
    one.limits.budget = Some(cents(20));
    one.load(6).await;
    let lease = one.fresh(1).await.remove(0);
    one.commit(&lease, sending(&lease)).await;
    server.command(&["FLUSHALL"]);
    load_others(&one, "others", 6).await;
    one.heartbeat().await;
    assert_eq!(one.fresh(9).await.len(), 1);
    let told = absent(&one).await;
    assert_eq!((told.sums[0].spent, told.first[0].purchase.task.clone()), (cents(10), None), "{told:?}");
}

#[tokio::test]
async fn tasks_that_only_journals_know_take_places_in_flight_until_they_are_over_or_a_person_says_so() {
    let server = RedisServer::start();
    let machine = Machine::new();
    let mut one = machine.process(&server.socket_url(), "one").await;
    one.limits.max_in_flight = 3.try_into().unwrap();
    one.load(9).await;
    buy(&one, &["t1", "t2", "t3"]).await;
    let mut polls = Vec::new();
    while polls.len() < 3 {
        polls.extend(one.claim_of(ClaimStage::Poll, 9).await);
    }
    one.commit(&polls[0], finished(None)).await;
    server.command(&["FLUSHALL"]);
    load_others(&one, "others", 9).await;
    one.heartbeat().await;
    let told = absent(&one).await;
    assert_eq!((told.sums[0].purchases, told.sums[0].open), (3, 2), "the end of one is known: {told:?}");
    assert_eq!(one.fresh(9).await.len(), 1);
    assert_eq!(one.fresh(9).await.len(), 0);

    one.store.guard(&GuardStep::Over).await.unwrap();
    assert_eq!(one.fresh(9).await.len(), 2);
    // What a journal tells once more, with no word of their ends, takes no places again.
    machine.process(&server.socket_url(), "again").await.heartbeat().await;
    let told = absent(&one).await;
    assert_eq!((told.sums[0].open, told.sums[0].spent), (0, cents(30)), "{told:?}");
}

#[tokio::test]
async fn what_a_lost_batch_had_bought_counts_against_its_budget_whatever_rows_it_comes_back_with() {
    let server = RedisServer::start();
    let machine = Machine::new();
    let one = machine.process(&server.socket_url(), "one").await;
    let budgeted = BatchDraft { budget: Some(cents(40)), ..draft(&batch(NAME)) };
    one.load_as(&budgeted, &wishes(6)).await;
    buy(&one, &["t1", "t2"]).await;
    server.command(&["FLUSHALL"]);
    let others: Vec<Wish> = (0..6).map(|number| wish(format!("another {number}"))).collect();
    one.load_as(&budgeted, &others).await;
    one.heartbeat().await;
    let leases = one.fresh(9).await;
    assert_eq!(leases.len(), 2);
    for (lease, task) in leases.iter().zip(["t3", "t4"]) {
        one.buy(lease, task).await;
    }
    let view = one.store.batch(&batch(NAME)).await.unwrap().unwrap();
    assert!(view.budget_reached && view.spent == cents(20), "{view:?}");
}

#[tokio::test]
async fn what_a_journal_holds_no_more_counts_against_the_budget_of_its_account_with_its_sum() {
    let server = RedisServer::start();
    let machine = Machine::new();
    let mut one = machine.process_that_keeps(&server.socket_url(), "one", Duration::ZERO).await;
    one.limits.budget = Some(cents(50));
    one.load(6).await;
    buy(&one, &["t1", "t2"]).await;
    // Its lines go with the second period.
    for _ in 0..3 {
        one.heartbeat().await;
    }
    server.command(&["FLUSHALL"]);
    load_others(&one, "others", 6).await;
    for _ in 0..2 {
        one.heartbeat().await;
    }
    assert_eq!(one.fresh(9).await.len(), 0, "a person is asked");
    let guard = one.store.guard(&GuardStep::Read).await.unwrap();
    one.store.guard(&GuardStep::Release(vec![guard.folders[0].folder.id.clone()])).await.unwrap();
    one.heartbeat().await;
    assert_eq!(one.fresh(9).await.len(), 3, "$0.20 of $0.50 were spent before: {:?}", absent(&one).await);
    assert_eq!(view(&one).await.spent, cents(20));
}

//! A state file that is damaged, or that an earlier version filled with numbers of any size, stops nothing but its own rows.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use reelq_model::{JobId, ManualClock, Money, SharedClock, Status, Timestamp};
use reelq_store::{
    Claim, ClaimStage, Committed, Edited, Error, JobFilter, Page, Purge, RecordOf, SharedStore, Unread, first,
};
use reelq_store_conformance::{
    Kit, Subject, bulk,
    kit::{LEASE, SECOND, acceptance, accepted, account, batch, ids, limits, stored, wishes, worker},
};
use reelq_store_sqlite::SqliteStore;

const ALL: Page = Page { after: 0, limit: 100 };
struct File {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl File {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
        Self { folder: tempfile::tempdir().unwrap(), clock }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    fn sql(&self, statement: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(statement).unwrap();
    }

    fn damage(&self, job: JobId) {
        self.sql(&format!(
            "UPDATE jobs SET state = '{{\"half' WHERE seq = (SELECT seq FROM specs WHERE hex(id) = upper('{job}'))"
        ));
    }
}

impl Subject for File {
    fn store(&self) -> SharedStore {
        let clock: SharedClock = self.clock.clone();
        Arc::new(SqliteStore::open(&self.path(), clock).unwrap())
    }

    fn another(&self) -> SharedStore {
        self.store()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_set_aside_and_the_others_go_on() {
    let file = File::new();
    let kit = Kit::new(&file);
    let jobs = kit.load("b", &wishes(3)).await;
    kit.load("other", &wishes(1)).await;
    file.damage(jobs[0]);
    let claim = kit.claim_of(ClaimStage::Submit, 1);
    let first = kit.store.claim(&claim).await.unwrap();
    assert_eq!((first.leases.len(), first.retry_in), (0, Some(Duration::ZERO)), "the others are asked for at once");
    assert_eq!(kit.submits(9).await.len(), 3);
    assert!(matches!(kit.store.job(jobs[0]).await, Err(Error::Unreadable { job, .. }) if job == jobs[0]));
    let found = kit.store.unreadable_records().await.unwrap();
    assert_eq!((found.len(), &found[0].of, found[0].batch.clone()), (1, &RecordOf::Job(jobs[0]), Some(batch("b"))));
    assert_eq!(kit.store.history(jobs[0]).await.unwrap().last().unwrap().event, "parked");
    assert_eq!(kit.in_flight().await, 3);
}

#[tokio::test]
async fn every_listing_and_result_accounts_for_a_job_that_cannot_be_read() {
    let file = File::new();
    let kit = Kit::new(&file);
    let jobs = kit.load("b", &wishes(3)).await;
    file.damage(jobs[1]);
    let listed = first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
    let results = kit.store.results(&batch("b"), ALL).await.unwrap();
    let rows: Vec<_> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
    assert_eq!((listed.len(), rows), (3, vec![1, 2, 3]));
    let shown = &results[1].view;
    assert_eq!((shown.job.id, shown.parked, shown.job.cost()), (jobs[1], true, None));
    assert!(matches!(shown.unread, Some(Unread::Job { status: Some(Status::Queued), .. })), "{:?}", shown.unread);
    assert_eq!(kit.batch("b").await.counts.total(), 3);
    let known = kit.store.lookup(&batch("b"), &jobs).await.unwrap();
    assert!(known.iter().all(Option::is_some), "it is not taken for new");
}

#[tokio::test]
async fn leases_of_a_job_that_cannot_be_read_end_and_its_money_is_free() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(3)).await;
    let leases = kit.submits(3).await;
    file.damage(leases[0].job.id);
    file.damage(leases[1].job.id);
    kit.store.release(&leases[..1]).await.unwrap();
    assert!(kit.store.job(leases[0].job.id).await.is_ok(), "whoever gives it back has it as it was");
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    let view = kit.account("acct").await;
    assert_eq!((view.in_flight, view.reserved), (0, Money::ZERO));
    assert_eq!(ids(&kit.submits(9).await), [leases[0].job.id, leases[2].job.id]);
    kit.store.deregister(&kit.me).await.unwrap();
    assert_eq!(kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>(), 0);
}

#[tokio::test]
async fn a_record_that_was_damaged_in_hand_is_written_anew_by_its_holder() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    file.damage(sent.job.id);
    let give_up = reelq_model::Event::Resolved { resolution: reelq_model::Resolution::GiveUp };
    assert!(matches!(kit.store.apply_event(sent.job.id, give_up).await.unwrap(), Edited::Refused(_)));
    kit.end(&sent, accepted(&sent, "t")).await;
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Running);
    assert!(kit.store.unreadable_records().await.unwrap().is_empty());
    assert_eq!(kit.in_flight().await, 1);
}

#[tokio::test]
async fn a_commit_on_a_record_that_cannot_be_read_fails_no_other() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(2)).await;
    let leases = kit.submits(2).await;
    let sent = [kit.send(&leases[0]).await, kit.send(&leases[1]).await];
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    file.damage(sent[0].job.id);
    let commits = sent.clone().map(|lease| reelq_store::Commit { event: accepted(&lease, "t"), lease, keep: false });
    let done = kit.store.commit(&commits).await.unwrap();
    assert!(matches!(done[..], [Committed::Stale, Committed::Done(None)]), "{done:?}");
}

#[tokio::test]
async fn people_and_loads_pass_over_a_job_that_cannot_be_read() {
    let file = File::new();
    let kit = Kit::new(&file);
    let jobs = kit.load("b", &wishes(3)).await;
    file.damage(jobs[0]);
    file.damage(jobs[1]);
    let retry = reelq_model::Event::Retry { buy: true };
    assert!(matches!(kit.store.apply_event(jobs[0], retry).await.unwrap(), Edited::Refused(_)));
    assert!(matches!(kit.store.cancel(jobs[0]).await.unwrap(), Edited::Refused(_)));
    let late = kit.store.record_acceptance(jobs[0], &acceptance("t", 1), SECOND).await;
    assert!(matches!(late, Err(Error::Unreadable { .. })), "{late:?}");
    let (loaded, _) = kit.load_as(&reelq_store_conformance::kit::draft(&batch("b")), &wishes(3)[1..]).await;
    assert_eq!(loaded.lines, 2, "the line of one is gone, that of the other is there");
    kit.load("b", &wishes(3)).await;
    assert_eq!(ids(&kit.submits(9).await), [jobs[2]]);
}

#[tokio::test]
async fn a_batch_or_a_pause_that_cannot_be_read_hides_no_other() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("broken", &wishes(1)).await;
    kit.load("b", &wishes(1)).await;
    kit.store.pause_account(&account("paused"), &reelq_store::PauseReason::Throttled, None).await.unwrap();
    file.sql("UPDATE batches SET draft = '{\"half' WHERE name = 'broken'; UPDATE pauses SET reason = '?'");
    assert_eq!(kit.store.batches().await.unwrap().len(), 1);
    let error = kit.store.batch(&batch("broken")).await.unwrap_err().to_string();
    assert!(error.contains("the record of batch broken cannot be read"), "{error}");
    assert_eq!(kit.store.accounts().await.unwrap().len(), 2);
    assert_eq!(kit.submits(9).await.len(), 2);
    assert_eq!(named(&kit).await, [RecordOf::Account("paused".into()), RecordOf::Batch("broken".into())]);
}

async fn named(kit: &Kit<'_>) -> Vec<RecordOf> {
    kit.store.unreadable_records().await.unwrap().into_iter().map(|record| record.of).collect()
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_shown_by_its_row_and_its_job_goes_on() {
    let damages = ["passthrough = '{'", "passthrough = x'ff'", "label = x'00ff'", "copy = 'two'"];
    for damage in damages {
        let file = File::new();
        let kit = Kit::new(&file);
        let jobs = kit.load("b", &wishes(3)).await;
        file.sql(&format!("UPDATE lines SET {damage} WHERE line = 2"));
        let listed = first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
        let results = kit.store.results(&batch("b"), ALL).await.unwrap();
        let rows: Vec<_> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
        assert_eq!((listed.len(), rows), (3, vec![1, 2, 3]), "{damage}");
        assert!(matches!(kit.view(jobs[1]).await.unread, Some(Unread::Line(_))), "{damage}");
        assert_eq!(kit.submits(9).await.len(), 3, "{damage}");
        assert_eq!(named(&kit).await, [RecordOf::Line(2)], "{damage}");
    }
}

#[tokio::test]
async fn nothing_is_bought_under_limits_that_cannot_be_read_until_they_are_set_anew() {
    for damage in ["limits = '{'", "limits = x'00'", "limits = 7"] {
        let file = File::new();
        let kit = Kit::new(&file);
        kit.load("b", &wishes(3)).await;
        kit.store.set_limits(&account("acct"), &limits(100.0, 9, 9)).await.unwrap();
        kit.start_next("t").await;
        file.sql(&format!("UPDATE accounts SET {damage}"));
        let view = kit.account("acct").await;
        assert!(view.limits.is_none() && view.unread.is_some(), "{damage}: {view:?}");
        assert_eq!(named(&kit).await, [RecordOf::Account("acct".into())], "{damage}");
        kit.advance(SECOND);
        assert!(kit.submits(9).await.is_empty(), "{damage}");
        assert_eq!(kit.polls(9).await.len(), 1, "{damage}: what was bought is followed");
        kit.store.set_limits(&account("acct"), &limits(100.0, 9, 9)).await.unwrap();
        assert_eq!(kit.submits(9).await.len(), 2, "{damage}");
        assert_eq!(named(&kit).await, [], "{damage}");
    }
}

#[tokio::test]
async fn columns_that_hold_no_number_are_named_and_stop_no_other_batch() {
    for damage in ["status = 99", "status = 'x'", "bought = 'abc'", "due = 'soon'", "parked = x'01'", "batch = 'm'"] {
        let file = File::new();
        let kit = Kit::new(&file);
        let jobs = kit.load("b", &wishes(1)).await;
        kit.load("other", &wishes(2)).await;
        rusqlite::Connection::open(file.path())
            .unwrap()
            .execute_batch(&format!(
                "PRAGMA foreign_keys = off; UPDATE jobs SET {damage} WHERE seq = (SELECT seq FROM specs WHERE hex(id) = upper('{}'))",
                jobs[0]
            ))
            .unwrap();
        assert!(kit.store.lookup(&batch("b"), &jobs).await.unwrap()[0].is_some(), "{damage}");
        assert_eq!(named(&kit).await, [RecordOf::Job(jobs[0])], "{damage}");
        first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
        kit.store.batches().await.unwrap();
        assert!(kit.submits(9).await.len() >= 2, "{damage}");
    }
}

#[tokio::test]
async fn a_batch_whose_budget_or_count_cannot_be_read_buys_nothing_unbounded_and_stops_no_other() {
    for damage in [
        "UPDATE batches SET budget = 'xx' WHERE name = 'b'",
        "UPDATE batch_counts SET status = 99 WHERE batch = 1",
        "UPDATE batches SET paused = 'x' WHERE name = 'b'",
    ] {
        let file = File::new();
        let kit = Kit::new(&file);
        kit.load("b", &wishes(2)).await;
        let others = kit.load("other", &wishes(2)).await;
        file.sql(damage);
        assert_eq!(named(&kit).await, [RecordOf::Batch("b".into())], "{damage}");
        let bought = ids(&kit.submits(9).await);
        assert!(others.iter().all(|job| bought.contains(job)), "{damage}");
        assert!(bought.len() == 2 || damage.contains("batch_counts"), "{damage}");
    }
}

#[tokio::test]
async fn a_finished_batch_with_a_record_that_cannot_be_read_is_purged() {
    let file = File::new();
    let kit = Kit::new(&file);
    let job = {
        kit.load("b", &wishes(1)).await;
        let job = kit.finish_next("t", None).await;
        kit.end(&kit.fetches(1).await[0], stored()).await;
        job
    };
    file.damage(job);
    assert!(matches!(kit.store.purge(&batch("b")).await.unwrap(), Purge::Done { jobs: 1 }));
}

/// What a version did that took any number: a cost of 2^62 in the job, its column and the sums, one of which ran over.
const RAN_OVER: &str = "UPDATE jobs SET state = json_set(state, '$.charges[0].amount', 4611686018427387903), \
        spent = 4611686018427387903, deadline = 9223372036854775807 WHERE status = 3; \
    UPDATE batches SET spent = 9.3e18, reserved = -9.3e18; \
    UPDATE accounts SET spent = 9223372036854775807, day_spent = 9.3e18, reserved = 1.5";

#[tokio::test]
async fn a_state_whose_sums_ran_over_heals_when_it_is_opened() {
    let file = File::new();
    {
        let kit = Kit::new(&file);
        kit.load("b", &wishes(4)).await;
        kit.start_next("t1").await;
        kit.start_next("t2").await;
        kit.submits(1).await;
    }
    file.sql(RAN_OVER);
    let kit = Kit::new(&file);
    let (view, acct) = (kit.batch("b").await, kit.account("acct").await);
    let cents = |cents: i64| Money::from_micros(cents * 10_000);
    assert_eq!((view.spent, view.reserved, view.to_spend), (cents(20), Money::ZERO, cents(20)));
    assert_eq!((acct.spent, acct.in_flight), (cents(20), 3));
    assert_eq!(
        kit.view(first(&*kit.store, &JobFilter::default(), 100).await.unwrap()[0].job.id).await.job.spent(),
        cents(10)
    );
    kit.advance(SECOND);
    let claim = Claim { stage: ClaimStage::Poll, ..kit.claim_of(ClaimStage::Poll, 9) };
    assert_eq!(kit.store.claim(&claim).await.unwrap().leases.len(), 2);
}

#[tokio::test]
async fn sums_that_run_over_while_it_is_open_stop_no_verb() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load("b", &wishes(2)).await;
    file.sql(RAN_OVER);
    kit.start_next("t1").await;
    kit.batch("b").await;
    kit.account("acct").await;
    kit.store.batches().await.unwrap();
    kit.start_next("t2").await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_state_file_and_its_folders_are_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let root = tempfile::tempdir().unwrap();
    let clock: SharedClock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
    let folder = root.path().join(".reelq");
    let path = folder.join("state.db");
    let store = SqliteStore::open(&path, Arc::clone(&clock)).unwrap();
    let shared: SharedStore = Arc::new(store);
    shared.heartbeat(&worker("w1")).await.unwrap();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    assert_eq!((mode(&folder), mode(&folder.join("state.workers"))), (0o700, 0o700));
    drop(shared);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(SqliteStore::open(&path, Arc::clone(&clock)).unwrap());
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600), "wider rights are taken away");
    let shared_folder = root.path().join("project");
    std::fs::create_dir(&shared_folder).unwrap();
    std::fs::set_permissions(&shared_folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    drop(SqliteStore::open(&shared_folder.join("state.db"), clock).unwrap());
    assert_eq!(
        (mode(&shared_folder), mode(&shared_folder.join("state.db"))),
        (0o755, 0o600),
        "a folder of other things"
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_removed_wherever_its_job_stands() {
    for state in ["'{\"half'", "''", "x'00ff'", "'{\"id\":7}'"] {
        bulk::a_damaged_record_is_removed(File::new, |file, job| {
            file.sql(&format!(
                "UPDATE jobs SET state = {state} WHERE seq = (SELECT seq FROM specs WHERE hex(id) = upper('{job}'))"
            ));
        })
        .await;
    }
}

#[tokio::test]
async fn nothing_is_bought_under_a_budget_that_is_lost_until_the_manifest_is_loaded_again() {
    let file = File::new();
    let kit = Kit::new(&file);
    kit.load_with_budget("b", 1_000, &wishes(3)).await;
    kit.load("free", &wishes(1)).await;
    file.sql("UPDATE batches SET budget = NULL");
    assert_eq!(kit.submits(9).await.len(), 1, "the batch that has no budget goes on");
    kit.load_with_budget("b", 1_000, &wishes(3)).await;
    assert_eq!(kit.submits(9).await.len(), 3);
}

#[tokio::test]
async fn a_line_whose_job_is_gone_is_named() {
    let file = File::new();
    let kit = Kit::new(&file);
    let jobs = kit.load("b", &wishes(3)).await;
    assert_eq!(named(&kit).await, []);
    file.sql(&format!("DELETE FROM jobs WHERE seq = (SELECT seq FROM specs WHERE hex(id) = upper('{}'))", jobs[1]));
    assert_eq!(named(&kit).await, [RecordOf::Gone(2)]);
    let lines = kit.store.results(&batch("b"), ALL).await.unwrap();
    assert!(lines.len() == 3 && lines[1].view.is_unreadable(), "its row is accounted for");
}

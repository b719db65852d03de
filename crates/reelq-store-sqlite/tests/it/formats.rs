//! Files of earlier formats are brought up to date, hold what they held, and are worked on.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use reelq_model::{Job, JobId, Money, Status, Timestamp};
use reelq_store::{AccountLimits, ClaimStage, Error, Page, RecordOf, Store as _, UnreadableRecord};
use reelq_store_conformance::{
    Kit, Subject as _,
    kit::{account, batch, draft, finished, limits, worker},
};

use crate::file::File;

#[tokio::test]
async fn a_file_of_the_first_format_is_brought_up_to_date() {
    let file = File::new();
    let conn = file.sql();
    conn.execute_batch(include_str!("../../src/schema_1.sql")).unwrap();
    conn.execute(
        "INSERT INTO batches (name, draft, whole, created_at) VALUES ('old', ?1, 1, 7), ('half', ?1, 0, 8)",
        [serde_json::to_string(&draft(&batch("old"))).unwrap()],
    )
    .unwrap();
    conn.pragma_update(None, "application_id", 0x7265_656c).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    drop(conn);
    let views = file.open().unwrap().batches().await.unwrap();
    let ends: Vec<_> = views.iter().map(|view| (view.finished_at.map(Timestamp::millis), view.purging)).collect();
    assert_eq!(ends, [(None, false), (Some(7), false)]);
}

/// What a run of the version with format 1 left behind: tasks that run, files that are stored, one job in hand.
const FORMAT_1: &str = include_str!("golden/state_v1.sql");

#[tokio::test]
async fn a_file_of_format_1_is_brought_up_to_date_and_worked_on() {
    let file = File::new();
    file.sql().execute_batch(FORMAT_1).unwrap();
    let kit = Kit::new(&file);
    let (before, view) = (kit.batch("p").await, kit.account("wave").await);
    assert_eq!((before.counts.total(), before.counts.outstanding()), (8, 8 - before.counts.of(Status::Succeeded)));
    assert_eq!((view.spent, view.spent_today), (before.spent, Money::ZERO));
    assert_eq!(view.reserved, before.reserved + Money::from_micros(300_000), "what was in hand");
    assert!(before.spent > Money::ZERO && before.counts.of(Status::Running) > 0);
    kit.store.heartbeat(&worker("w1")).await.unwrap();
    assert_eq!(kit.account("wave").await.reserved, before.reserved, "the dead worker's job is free again");
    let budget = before.spent + Money::from_micros(600_000);
    kit.store
        .set_limits(&account("wave"), &AccountLimits { budget: Some(budget), ..limits(1000.0, 100, 100) })
        .await
        .unwrap();
    let mut claim = kit.claim_of(ClaimStage::Submit, 9);
    claim.account = account("wave");
    let leases = kit.store.claim(&claim).await.unwrap().leases;
    assert_eq!(leases.len(), 2, "the account's budget holds for what was bought before, too");
    kit.start(&leases[0], "new").await;
    let view = kit.account("wave").await;
    assert_eq!(view.spent_today, Money::from_micros(300_000));
    let version: u32 = file.sql().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 11);
}

/// What a run of the version with format 7 left behind when it was killed.
const FORMAT_7: &str = include_str!("golden/state_v7.sql");

/// The jobs of a file of format 7, as they stand in it.
fn jobs_of_format_7(conn: &rusqlite::Connection) -> Vec<Job> {
    let mut statement = conn.prepare("SELECT state FROM jobs ORDER BY seq").unwrap();
    let states = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    states.map(|state| serde_json::from_str(&state.unwrap()).unwrap()).collect()
}

fn entries_of_format_7(conn: &rusqlite::Connection, job: JobId) -> Vec<(i64, String, Option<String>, String)> {
    let sql =
        "SELECT at, event, h.worker, reason FROM jobs j JOIN history h ON h.job = j.seq WHERE j.id = ?1 ORDER BY entry";
    let mut statement = conn.prepare(sql).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    statement.query_map([job.as_bytes()], read).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_file_of_format_7_holds_the_same_jobs_and_histories_and_is_worked_on() {
    let file = File::new();
    let conn = file.sql();
    conn.execute_batch(FORMAT_7).unwrap();
    let jobs = jobs_of_format_7(&conn);
    let histories: Vec<_> = jobs.iter().map(|job| entries_of_format_7(&conn, job.id)).collect();
    drop(conn);
    let kit = Kit::new(&file);
    let indices = |conn: &rusqlite::Connection| -> Vec<String> {
        let sql = "SELECT name || ' ' || sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL ORDER BY name";
        conn.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let new = File::new();
    drop(new.open().unwrap());
    assert_eq!(indices(&file.sql()), indices(&new.sql()), "a file that was moved is like a new one");
    for (job, history) in jobs.iter().zip(&histories) {
        assert_eq!(kit.view(job.id).await.job, *job);
        let entries = kit.store.history(job.id).await.unwrap().into_iter();
        let entry = |entry: reelq_store::HistoryEntry| {
            (entry.at.millis(), entry.event, entry.worker.map(|worker| worker.to_string()), entry.reason)
        };
        assert_eq!(entries.map(entry).collect::<Vec<_>>(), *history);
    }
    let before = kit.batch("p").await;
    let counts = [Status::Queued, Status::Running, Status::Succeeded].map(|status| before.counts.of(status));
    assert_eq!((counts, before.spent), ([5, 3, 2], Money::from_micros(1_555_500)));
    kit.store.heartbeat(&worker("w1")).await.unwrap();
    let mut claim = kit.claim_of(ClaimStage::Poll, 9);
    claim.account = account("wave");
    file.advance(Duration::from_hours(24));
    let leases = kit.store.claim(&claim).await.unwrap().leases;
    assert_eq!(leases.len(), 3, "what runs is followed, also what the killed process had in hand");
    kit.end(&leases[0], finished(None)).await;
    assert_eq!(kit.store.history(leases[0].job.id).await.unwrap().last().unwrap().event, "finished");
}

#[tokio::test]
async fn records_of_an_older_format_that_cannot_be_read_stay_so_and_are_kept_as_they_are() {
    for damage in ["'{\"half'", "x'00ff'", "''", "json_remove(state, '$.submissions')", "json_remove(state, '$.spec')"]
    {
        let file = File::new();
        file.sql().execute_batch(&format!("{FORMAT_7} UPDATE jobs SET state = {damage} WHERE seq = 1")).unwrap();
        let kit = Kit::new(&file);
        let found = kit.store.unreadable_records().await.unwrap();
        assert!(matches!(&found[..], [UnreadableRecord { of: RecordOf::Job(_), .. }]), "{damage}: {found:?}");
        let lines = kit.store.results(&batch("p"), Page { after: 0, limit: 20 }).await.unwrap();
        assert_eq!(lines.len(), 10, "{damage}");
        let RecordOf::Job(job) = found[0].of else { panic!("{damage}") };
        assert!(
            kit.store.unreadable_record(job).await.unwrap().is_some()
                && kit.store.remove_unreadable(job).await.unwrap()
        );
    }
}

#[tokio::test]
async fn a_load_that_an_older_version_had_under_way_begins_anew() {
    let file = File::new();
    let open = "UPDATE batches SET loads = 2, loading = 2, loading_draft = draft, loading_lines = 1; \
        INSERT INTO lines SELECT batch, 2, position, line, copy, label, passthrough, job FROM lines WHERE position = 0; \
        INSERT INTO staged SELECT batch, id, position, account, price, priority, 0, NULL, NULL FROM jobs WHERE seq = 1";
    file.sql().execute_batch(&format!("{FORMAT_7} {open}")).unwrap();
    let kit = Kit::new(&file);
    let load = reelq_store::Import { batch: batch("p"), generation: 2, seen: None };
    assert!(matches!(kit.store.commit_import(&load).await, Err(Error::ImportSuperseded)));
    assert_eq!(kit.store.results(&batch("p"), Page { after: 0, limit: 20 }).await.unwrap().len(), 10);
    let lines: i64 = file.sql().query_row("SELECT count(*) FROM lines", [], |row| row.get(0)).unwrap();
    assert_eq!(lines, 10, "nothing of it is left");
}

use std::cell::Cell;

use reelq_model::SystemClock;
use tokio::sync::oneshot::Receiver;

use super::*;

type Told = Receiver<reelq_store::Result<i64>>;

fn group() -> Group {
    let conn = Connection::open_in_memory().unwrap();
    conn.pragma_update(None, "user_version", format::FORMAT).unwrap();
    conn.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)").unwrap();
    let time = Arc::new(Steady::open(&conn, Arc::new(SystemClock::new())));
    Group { conn, time, witness: Witness::none(), changes: ChangeSignal::new(0) }
}

fn verb(verb: impl Fn(&Tx<'_>) -> Result<i64> + Send + 'static) -> (Box<dyn Verb>, Told) {
    let (tell, told) = oneshot::channel();
    (Box::new(WaitingVerb::new(verb, tell)), told)
}

/// Writes the number, and answers how often it was run.
fn write(number: i64) -> (Box<dyn Verb>, Told) {
    let runs = Cell::new(0);
    verb(move |tx| {
        runs.set(runs.get() + 1);
        tx.conn.execute("INSERT INTO t VALUES (?1)", [number])?;
        Ok(runs.get())
    })
}

fn write_and_fail(numbers: &'static [i64]) -> (Box<dyn Verb>, Told) {
    verb(move |tx| {
        for number in numbers {
            tx.conn.execute("INSERT INTO t VALUES (?1)", [number])?;
        }
        Err(Error::NoBatch("it fails".to_owned()).into())
    })
}

/// Runs a group; the answers, and what is in the table.
fn run(group: &Group, verbs: Vec<(Box<dyn Verb>, Told)>) -> (Vec<Result<i64, String>>, Vec<i64>) {
    let (verbs, told): (Vec<_>, Vec<_>) = verbs.into_iter().unzip();
    group.run(verbs);
    assert!(group.conn.is_autocommit(), "no transaction is left open");
    let answer = |mut told: Told| told.try_recv().unwrap().map_err(|error| format!("{error:?}"));
    let mut statement = group.conn.prepare("SELECT n FROM t ORDER BY n").unwrap();
    let kept = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (told.into_iter().map(answer).collect(), kept)
}

#[test]
fn a_verb_that_failed_and_changed_nothing_costs_the_others_nothing() {
    let group = group();
    let (answers, kept) = run(&group, vec![write(1), write_and_fail(&[]), write(2)]);
    assert!(answers[1].as_ref().is_err_and(|error| error.contains("it fails")));
    assert_eq!((&answers[0], &answers[2], kept), (&Ok(1), &Ok(1), vec![1, 2]), "each was run once");
}

#[test]
fn a_verb_that_failed_halfway_leaves_nothing_and_the_others_happen() {
    let group = group();
    let (answers, kept) = run(&group, vec![write(1), write_and_fail(&[7, 8]), write(2), write_and_fail(&[9])]);
    assert_eq!((&answers[0], kept), (&Ok(2), vec![1, 2]), "the first was run a second time");
    for failed in [1, 3] {
        assert!(answers[failed].as_ref().is_err_and(|error| error.contains("it fails")), "{answers:?}");
    }
    assert_eq!(answers[2], Ok(1));
}

#[test]
fn a_verb_that_is_alone_and_fails_halfway_leaves_nothing() {
    let group = group();
    let (answers, kept) = run(&group, vec![write_and_fail(&[7])]);
    assert!(answers[0].as_ref().is_err_and(|error| error.contains("it fails")) && kept.is_empty());
}

#[test]
fn a_statement_that_fails_halfway_counts_as_nothing_changed() {
    let group = group();
    run(&group, vec![write(5)]);
    let breaks = || verb(|tx| Ok(i64::from(tx.conn.execute("INSERT INTO t VALUES (4), (5), (6)", [])? > 0)));
    let (answers, kept) = run(&group, vec![write(1), breaks()]);
    assert_eq!((&answers[0], kept), (&Ok(1), vec![1, 5]));
    assert!(answers[1].is_err());
}

#[test]
fn a_fault_that_ends_the_transaction_fails_all_of_it_and_runs_none_of_it_outside() {
    let group = group();
    let fault = verb(|tx| {
        tx.conn.execute("INSERT OR ROLLBACK INTO t VALUES (1)", [])?;
        Ok(0)
    });
    let (answers, kept) = run(&group, vec![write(1), fault, write(2)]);
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.contains("fault of the disk"))));
    assert_eq!(kept, Vec::<i64>::new());
}

#[test]
fn a_transaction_that_cannot_begin_runs_no_verb() {
    let group = group();
    group.conn.pragma_update(None, "user_version", 99).unwrap();
    let (answers, kept) = run(&group, vec![write(1), write(2)]);
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.contains("99"))), "{answers:?}");
    assert!(kept.is_empty());
}

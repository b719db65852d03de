//! Shows that the claims' queries walk indices, whatever waits behind them.

use rusqlite::Connection;

use super::{claim_due, claim_ready, groups, open, ready_index, views};

fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = statement.parameter_count();
    let rows = statement.query_map(rusqlite::params_from_iter(vec![1_i64; count]), |row| row.get(3)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn claims_walk_indices_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let conn = open::writer(&folder.path().join("state.db")).unwrap();
    let queries = [
        ("replays", claim_ready::REPLAYS),
        ("next replay", claim_ready::NEXT_REPLAY),
        ("now due", claim_ready::NOW_DUE),
        ("next waiting", claim_ready::NEXT_WAITING),
        ("next price", groups::NEXT_PRICE),
        ("next batch", groups::NEXT_BATCH),
        ("group", ready_index::GROUP),
        ("polls", claim_due::POLLS),
        ("next poll", claim_due::NEXT_POLL),
        ("fetches", claim_due::FETCHES),
        ("fetches now due", claim_due::FETCHES_NOW_DUE),
        ("next fetch", claim_due::NEXT_FETCH),
        ("cheapest", views::CHEAPEST),
        ("deadline", views::DEADLINE),
    ];
    let mut lines = Vec::new();
    for (name, sql) in queries {
        let plan = plan(&conn, sql);
        assert!(plan.iter().all(|step| step.starts_with("SEARCH jobs USING")), "{name}: {plan:?}");
        lines.push(format!("{name}: {}", plan.join("; ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

//! Result manifests as they lie in the output place.

use std::{collections::BTreeMap, fs, sync::Arc};

use reelq_collector::{Place, StorageOptions, write_results};
use reelq_model::{BatchName, SharedClock, SystemClock};
use reelq_store::{BatchDraft, JobFilter, Line, LineDraft, Purge, SharedStore, first};
use reelq_testkit::MemoryStore;
use reelq_testkit::sample;

const ROWS: u64 = 1201;

fn line(row: u64) -> LineDraft {
    let job = sample::job_draft(&format!("a cat, \"{row}\""), 1);
    LineDraft { job, line: Line { row, copy: 1, label: None, passthrough: BTreeMap::new() } }
}

async fn load(store: &SharedStore, output: &str) -> BatchName {
    load_rows(store, output, ROWS).await
}

async fn load_rows(store: &SharedStore, output: &str, rows: u64) -> BatchName {
    let draft = BatchDraft {
        file_name: "{row:06}-{id}-{copy}.mp4".to_owned(),
        passthrough: vec!["x_team".to_owned()],
        ..sample::batch_draft(output)
    };
    let lines: Vec<_> = (1..=rows).map(line).collect();
    reelq_testkit::load(store, &draft, &lines).await;
    sample::batch()
}

#[tokio::test]
async fn every_row_is_there_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let clock: SharedClock = Arc::new(SystemClock::new());
    let store: SharedStore = Arc::new(MemoryStore::new(clock));
    let output = folder.path().join("out");
    let batch = load(&store, output.to_str().unwrap()).await;
    let place = Place::open(output.to_str().unwrap(), &batch, &StorageOptions::default()).unwrap();
    for _ in 0..2 {
        write_results(&*store, &batch, &place, &mut |_| {}).await.unwrap();
    }
    let csv = fs::read_to_string(output.join("results.csv")).unwrap();
    assert!(csv.starts_with("row,id,job,copy,status,"), "{}", csv.lines().next().unwrap());
    assert!(csv.lines().next().unwrap().ends_with("error_kind,error_message,note,x_team"));
    let rows: Vec<u64> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(rows, (1..=ROWS).collect::<Vec<_>>());
    let jsonl = fs::read_to_string(output.join("results.jsonl")).unwrap();
    let rows: Vec<u64> = jsonl
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["row"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, (1..=ROWS).collect::<Vec<_>>());
    let names: Vec<_> = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no draft is left behind: {names:?}");
}

#[tokio::test]
async fn a_batch_that_is_being_purged_keeps_its_result_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let clock: SharedClock = Arc::new(SystemClock::new());
    let store: SharedStore = Arc::new(MemoryStore::new(clock));
    let output = folder.path().join("out");
    let batch = load_rows(&store, output.to_str().unwrap(), 2_500).await;
    let place = Place::open(output.to_str().unwrap(), &batch, &StorageOptions::default()).unwrap();
    for job in first(&*store, &JobFilter::default(), 3_000).await.unwrap() {
        store.cancel(job.job.id).await.unwrap();
    }
    write_results(&*store, &batch, &place, &mut |_| {}).await.unwrap();
    let told = fs::read(output.join("results.csv")).unwrap();
    assert!(matches!(store.purge(&batch).await.unwrap(), Purge::Going { .. }));
    write_results(&*store, &batch, &place, &mut |_| {}).await.unwrap_err();
    assert_eq!(fs::read(output.join("results.csv")).unwrap(), told);
    assert_eq!(fs::read_dir(output.join(".parts")).unwrap().count(), 0, "no draft is left behind");
}

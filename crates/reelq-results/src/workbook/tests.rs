use std::{collections::BTreeMap, io::Cursor};

use reelq_model::{Fields, Status};

use super::*;

fn record(row: u64, file: &str) -> ResultRecord {
    ResultRecord { row, file: Some(file.to_owned()), ..empty() }
}

fn empty() -> ResultRecord {
    ResultRecord {
        row: 1,
        id: None,
        job: "ab".to_owned(),
        copy: 1,
        status: Some(Status::Succeeded),
        account: String::new(),
        provider: String::new(),
        model: String::new(),
        mode: String::new(),
        prompt: "a cat".to_owned(),
        params: Fields::new(),
        submissions: None,
        remote_task: None,
        cost_usd: None,
        queued_at: None,
        submitted_at: None,
        finished_at: None,
        stored_at: None,
        run: None,
        polls: None,
        file: None,
        bytes: None,
        sha256: None,
        source_url: None,
        expires_at: None,
        error_kind: None,
        error_message: None,
        note: None,
        is_unreadable: false,
        passthrough: BTreeMap::new(),
    }
}

fn folder(path: &str) -> ClipLinks {
    ClipLinks::Folder(path.to_owned())
}

#[test]
fn rows_that_a_sheet_does_not_hold_go_on_in_the_next() {
    let mut book = WorkbookWriter::with_rows(3, Vec::new(), folder("")).unwrap();
    for row in 1..=5 {
        book.write(&record(row, "a.mp4")).unwrap();
    }
    let mut bytes = Cursor::new(Vec::new());
    assert_eq!(book.finish(&mut bytes).unwrap(), WorkbookSums { sheets: 3, unlinked: 0 });
}

#[test]
fn links_beyond_what_a_sheet_takes_stay_texts_and_are_counted() {
    let mut book = WorkbookWriter::with_rows(5, Vec::new(), folder("")).unwrap();
    book.links.at_most(2);
    for row in 1..=5 {
        book.write(&record(row, "a.mp4")).unwrap();
    }
    let sums = book.finish(Vec::new()).unwrap();
    assert_eq!(sums, WorkbookSums { sheets: 2, unlinked: 2 }, "the second sheet has links of its own");
}

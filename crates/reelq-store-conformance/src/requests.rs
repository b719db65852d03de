//! Which requests were asked for in which batch.

use reelq_model::{JobId, RequestKey};

use super::{
    Kit, Subject,
    kit::{SECOND, batch, draft, lines, wishes},
};
use reelq_store::{Error, NotedRequest, Noting, RequestNote, Unnoted};

room! { ($) requests_cases: requests {
    a_request_is_found_in_every_batch_that_asked_for_it,
    what_purged_batches_bought_is_kept_up_to_a_bound,
    a_batch_is_unnoted_until_its_last_load_was_noted,
    a_load_is_finished_only_on_what_was_there_when_it_was_decided,
} }

const fn key(byte: u8) -> RequestKey {
    RequestKey::from_bytes([byte; 16])
}

const fn job(byte: u8) -> JobId {
    JobId::from_bytes([byte; 16])
}

const fn note(byte: u8, noting: Noting) -> RequestNote {
    RequestNote { key: key(byte), noting }
}

fn noted(name: &str, job: Option<JobId>) -> NotedRequest {
    NotedRequest { batch: batch(name), job }
}

pub async fn a_request_is_found_in_every_batch_that_asked_for_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let store = &kit.store;
    store.note_requests(&batch("a"), &[note(1, Noting::Job(job(1))), note(2, Noting::Job(job(2)))]).await.unwrap();
    store.note_requests(&batch("b"), &[note(1, Noting::Job(job(3)))]).await.unwrap();
    let found = store.noted(&[key(1), key(2), key(3)]).await.unwrap();
    let both = vec![noted("a", Some(job(1))), noted("b", Some(job(3)))];
    assert_eq!(found, [both, vec![noted("a", Some(job(2)))], vec![]]);
    store.note_requests(&batch("a"), &[note(1, Noting::Nothing), note(2, Noting::Job(job(4)))]).await.unwrap();
    let found = store.noted(&[key(1), key(2)]).await.unwrap();
    assert_eq!(found, [vec![noted("b", Some(job(3)))], vec![noted("a", Some(job(4)))]], "notes are replaced");
}

pub async fn what_purged_batches_bought_is_kept_up_to_a_bound(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let store = &kit.store;
    for byte in 1..=3 {
        kit.advance(SECOND);
        store.note_requests(&batch("gone"), &[note(byte, Noting::Bought)]).await.unwrap();
    }
    store.note_requests(&batch("live"), &[note(1, Noting::Job(job(1)))]).await.unwrap();
    store.trim_bought(2).await.unwrap();
    let found = store.noted(&[key(1), key(2), key(3)]).await.unwrap();
    let bought = || vec![noted("gone", None)];
    assert_eq!(found, [vec![noted("live", Some(job(1)))], bought(), bought()], "the oldest goes");
    store.trim_bought(0).await.unwrap();
    assert_eq!(store.noted(&[key(2)]).await.unwrap(), [vec![]]);
}

pub async fn a_batch_is_unnoted_until_its_last_load_was_noted(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let store = &kit.store;
    assert_eq!(store.unnoted().await.unwrap(), []);
    kit.load("b", &wishes(1)).await;
    let unnoted = store.unnoted().await.unwrap();
    assert_eq!(unnoted, [Unnoted { batch: batch("b"), generation: 1 }]);
    store.finish_noting(&unnoted[0]).await.unwrap();
    assert_eq!(store.unnoted().await.unwrap(), []);
    let load = store.begin_import(&draft(&batch("b"))).await.unwrap();
    assert_eq!(store.unnoted().await.unwrap(), [], "an unfinished load changes nothing");
    store.add_to_import(&load, &lines(&batch("b"), &wishes(2))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    let unnoted = store.unnoted().await.unwrap();
    assert_eq!(unnoted, [Unnoted { batch: batch("b"), generation: 2 }]);
    store.finish_noting(&Unnoted { batch: batch("b"), generation: 1 }).await.unwrap();
    assert_eq!(store.unnoted().await.unwrap(), unnoted, "a note of an earlier load is not taken for this one's");
}

pub async fn a_load_is_finished_only_on_what_was_there_when_it_was_decided(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let store = &kit.store;
    kit.load("old", &wishes(1)).await;
    let seen = store.imports_seen().await.unwrap();
    assert_eq!(seen.each, [(batch("old"), 1)].into());
    let mut load = store.begin_import(&draft(&batch("new"))).await.unwrap();
    store.add_to_import(&load, &lines(&batch("new"), &wishes(2))).await.unwrap();
    assert_eq!(store.imports_seen().await.unwrap(), seen, "an unfinished load changes nothing");
    kit.another().load("copy", &wishes(2)).await;
    load.seen = Some(seen.clone());
    for _ in 0..2 {
        let refused = store.commit_import(&load).await;
        assert!(matches!(refused, Err(Error::ImportedMeanwhile)), "{refused:?}");
    }
    assert_eq!(store.unnoted().await.unwrap().len(), 2, "what was refused is out of sight");
    let now = store.imports_seen().await.unwrap();
    assert_eq!(now.each, [(batch("old"), 1), (batch("copy"), 1)].into());
    load.seen = Some(now);
    assert_eq!(store.commit_import(&load).await.unwrap().lines, 2);
    assert_eq!(store.commit_import(&load).await.unwrap().lines, 2, "a repeat is answered, not refused");
    kit.load("old", &wishes(3)).await;
    let mut again = store.begin_import(&draft(&batch("old"))).await.unwrap();
    store.add_to_import(&again, &lines(&batch("old"), &wishes(1))).await.unwrap();
    again.seen = Some(seen);
    let refused = store.commit_import(&again).await;
    assert!(
        matches!(refused, Err(Error::ImportedMeanwhile)),
        "a later load of the same batch counts, too: {refused:?}"
    );
}

//! Manifests in: all of it or nothing, and never bought twice.

use reelq_model::{Event, Failure, FailureKind, Settlement, Status};

use super::{
    Kit, Subject,
    kit::{SECOND, accepted, account, batch, cents, draft, finished, ids, limits, lines, one, stored, wish, wishes},
};
use reelq_store::{BatchDraft, Enqueued, Error, Imported, JobFilter, LineDraft, Page, first};

room! { ($) loads_cases: loads {
    an_unfinished_load_shows_nothing_and_starts_nothing,
    a_load_that_died_halfway_is_cleared_by_the_next,
    a_chunk_or_a_finish_that_is_repeated_changes_nothing,
    a_reload_that_died_takes_no_known_job_with_it,
    two_rows_with_one_job_are_refused,
    the_same_manifest_again_buys_nothing_again,
    rows_that_moved_are_the_same_jobs_in_the_new_order,
    a_removed_row_is_withdrawn_unless_it_was_bought,
    a_row_that_comes_back_is_queued_again,
    a_row_removed_while_in_hand_is_withdrawn_before_it_is_sent,
    a_row_removed_while_it_is_sent_is_not_bought_again,
    a_bought_row_that_was_gone_for_a_while_is_left_as_it_is,
    a_bought_row_that_is_gone_keeps_its_label_and_what_it_carried,
    a_known_job_takes_over_account_price_and_priority,
    a_known_job_that_waits_takes_over_the_spelling_of_its_request,
    the_draft_of_a_reload_takes_effect_when_it_is_finished,
    known_tells_what_was_bought,
} }

pub async fn an_unfinished_load_shows_nothing_and_starts_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let lines = lines(&batch("b"), &wishes(3));
    let enqueued = kit.store.add_to_import(&load, &lines).await.unwrap();
    assert_eq!(enqueued, Enqueued { new: 3, known: 0 });
    assert!(kit.submits(3).await.is_empty());
    let view = kit.batch("b").await;
    assert!(!view.whole);
    assert_eq!(view.counts.total(), 0);
    assert!(kit.store.job(lines[0].id()).await.unwrap().is_none());
    assert_eq!(kit.store.lookup(&batch("b"), &[lines[0].id()]).await.unwrap(), [None]);
    let all = first(&*kit.store, &JobFilter::default(), 10_000).await.unwrap();
    assert!(all.is_empty());
    assert!(kit.store.results(&batch("b"), Page { after: 0, limit: 10 }).await.unwrap().is_empty());
}

pub async fn a_load_that_died_halfway_is_cleared_by_the_next(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let dead = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&dead, &lines(&batch("b"), &wishes(5))).await.unwrap();
    let (loaded, jobs) = kit.load_as(&draft(&batch("b")), &wishes(2)).await;
    assert_eq!(loaded, Imported { lines: 2, cancelled: 0, revived: 0 });
    assert_eq!(ids(&kit.submits(9).await), jobs);
    let late = kit.store.add_to_import(&dead, &lines(&batch("b"), &wishes(5))).await;
    assert!(matches!(late, Err(Error::ImportSuperseded)), "{late:?}");
    let late = kit.store.commit_import(&dead).await;
    assert!(matches!(late, Err(Error::ImportSuperseded)), "{late:?}");
}

pub async fn a_chunk_or_a_finish_that_is_repeated_changes_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let lines = lines(&batch("b"), &wishes(3));
    kit.store.add_to_import(&load, &lines).await.unwrap();
    let again = kit.store.add_to_import(&load, &lines).await.unwrap();
    assert_eq!(again, Enqueued { new: 0, known: 3 });
    kit.store.commit_import(&load).await.unwrap();
    assert_eq!(kit.store.commit_import(&load).await.unwrap().lines, 3);
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 3);
    assert_eq!(kit.store.results(&batch("b"), Page { after: 0, limit: 10 }).await.unwrap().len(), 3);
}

pub async fn a_reload_that_died_takes_no_known_job_with_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(3)).await;
    let dead = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    kit.store.add_to_import(&dead, &lines(&batch("b"), &wishes(5))).await.unwrap();
    kit.load("b", &wishes(4)).await;
    for job in jobs {
        assert_eq!(kit.view(job).await.job.status(), Status::Queued);
    }
    assert_eq!(kit.batch("b").await.counts.of(Status::Queued), 4);
    assert_eq!(kit.submits(10).await.len(), 4);
}

pub async fn two_rows_with_one_job_are_refused(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let twice = lines(&batch("b"), &[wish("same"), wish("same")]);
    let refused = kit.store.add_to_import(&load, &twice).await;
    assert!(matches!(refused, Err(Error::Broken { .. })), "{refused:?}");
}

pub async fn the_same_manifest_again_buys_nothing_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(3)).await;
    let first = kit.start_next("t1").await;
    let load = kit.store.begin_import(&draft(&batch("b"))).await.unwrap();
    let lines = lines(&batch("b"), &wishes(4));
    assert_eq!(kit.store.add_to_import(&load, &lines).await.unwrap(), Enqueued { new: 1, known: 3 });
    let during = kit.batch("b").await;
    assert_eq!(during.counts.total(), 3, "the manifest before it stands until the load is finished");
    let loaded = kit.store.commit_import(&load).await.unwrap();
    assert_eq!(loaded, Imported { lines: 4, cancelled: 0, revived: 0 });
    let view = kit.batch("b").await;
    assert_eq!((view.counts.of(Status::Queued), view.counts.of(Status::Running)), (3, 1));
    assert!(!ids(&kit.submits(9).await).contains(&first));
}

pub async fn rows_that_moved_are_the_same_jobs_in_the_new_order(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let before = kit.load("b", &[wish("x"), wish("y"), wish("z")]).await;
    let after = kit.load("b", &[wish("z"), wish("new"), wish("x")]).await;
    assert_eq!((after[0], after[2]), (before[2], before[0]));
    let results = kit.store.results(&batch("b"), Page { after: 0, limit: 10 }).await.unwrap();
    assert_eq!(results.iter().map(|line| line.view.job.id).collect::<Vec<_>>(), after);
    let rows: Vec<u64> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
    assert_eq!(rows, [1, 2, 3]);
}

pub async fn a_removed_row_is_withdrawn_unless_it_was_bought(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(3)).await;
    let bought = kit.start_next("t1").await;
    assert_eq!(bought, jobs[0]);
    let (loaded, _) = kit.load_as(&draft(&batch("b")), &[wish("prompt 2")]).await;
    assert_eq!(loaded, Imported { lines: 1, cancelled: 1, revived: 0 });
    let view = kit.batch("b").await;
    assert_eq!((view.counts.total(), view.others.of(Status::Running)), (1, 1));
    assert_eq!(view.others.total(), 1, "a row that was never bought leaves no trace");
    assert_eq!(kit.view(jobs[1]).await.job.status(), Status::Cancelled);
    assert_eq!(ids(&kit.submits(9).await), jobs[2..]);
    let results = kit.store.results(&batch("b"), Page { after: 0, limit: 10 }).await.unwrap();
    let found: Vec<_> = results.iter().map(|line| (line.view.job.id, line.view.line.is_some())).collect();
    assert_eq!(found, [(jobs[2], true), (jobs[0], false)]);
    let beyond = kit.store.results(&batch("b"), Page { after: 1, limit: 10 }).await.unwrap();
    assert_eq!(beyond.iter().map(|line| line.view.job.id).collect::<Vec<_>>(), [jobs[0]]);
    assert!(kit.store.results(&batch("b"), Page { after: 2, limit: 10 }).await.unwrap().is_empty());
}

pub async fn a_row_that_comes_back_is_queued_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(3)).await;
    kit.store.cancel(jobs[2]).await.unwrap();
    kit.load("b", &[]).await;
    assert!(kit.submits(9).await.is_empty());
    let (loaded, _) = kit.load_as(&draft(&batch("b")), &wishes(3)).await;
    assert_eq!(loaded, Imported { lines: 3, cancelled: 0, revived: 2 });
    assert_eq!(ids(&kit.submits(9).await), jobs[..2], "what a person cancelled stays cancelled");
}

pub async fn a_row_removed_while_in_hand_is_withdrawn_before_it_is_sent(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submit().await;
    let (loaded, _) = kit.load_as(&draft(&batch("b")), &[]).await;
    assert_eq!(loaded.cancelled, 1);
    let answer = kit.commit(&lease, super::kit::sending(&lease), true).await;
    assert!(matches!(answer, reelq_store::Committed::Stale), "{answer:?}");
    assert_eq!(kit.view(lease.job.id).await.job.status(), Status::Cancelled);
    assert_eq!(kit.in_flight().await, 0);
}

pub async fn a_row_removed_while_it_is_sent_is_not_bought_again(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("b", &wishes(2)).await;
    let (unsent, taken) = (kit.send(&kit.submit().await).await, kit.send(&kit.submit().await).await);
    let (loaded, _) = kit.load_as(&draft(&batch("b")), &[]).await;
    assert_eq!(loaded.cancelled, 0, "both may have been bought");
    kit.end(&unsent, Event::NotSent { reason: "no route".to_owned(), after: SECOND }).await;
    assert_eq!(kit.view(unsent.job.id).await.job.status(), Status::Cancelled);
    kit.end(&taken, accepted(&taken, "t1")).await;
    kit.advance(SECOND);
    let poll = one(kit.polls(1).await);
    assert!(!poll.cancel_requested, "what was bought is kept");
    let failure = Failure::new(FailureKind::Transient, "try again");
    let again = Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(SECOND) };
    kit.end(&poll, again).await;
    assert_eq!(kit.view(taken.job.id).await.job.status(), Status::Cancelled);
    kit.advance(SECOND);
    assert!(kit.submits(9).await.is_empty());
}

pub async fn a_bought_row_that_was_gone_for_a_while_is_left_as_it_is(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(1)).await;
    kit.start_next("t1").await;
    kit.load("b", &[]).await;
    kit.advance(SECOND);
    kit.end(&one(kit.polls(1).await), finished(None)).await;
    kit.end(&one(kit.fetches(1).await), stored()).await;
    let (loaded, _) = kit.load_as(&draft(&batch("b")), &wishes(1)).await;
    assert_eq!(loaded, Imported { lines: 1, cancelled: 0, revived: 0 });
    assert_eq!(kit.view(jobs[0]).await.job.status(), Status::Succeeded);
}

pub async fn a_bought_row_that_is_gone_keeps_its_label_and_what_it_carried(subject: &dyn Subject) {
    let (kit, name) = (Kit::new(subject), batch("b"));
    kit.allow(&wishes(3)).await;
    let mut asked = lines(&name, &wishes(3));
    for (line, label) in asked.iter_mut().zip(["a", "b", "c"]) {
        line.line.label = Some(label.to_owned());
        line.line.passthrough.insert("x_scene".to_owned(), label.to_uppercase());
    }
    let load = async |lines: &[LineDraft]| {
        let load = kit.store.begin_import(&draft(&name)).await.unwrap();
        kit.store.add_to_import(&load, lines).await.unwrap();
        kit.store.commit_import(&load).await.unwrap();
        kit.store.results(&name, Page { after: 0, limit: 10 }).await.unwrap()
    };
    load(&asked).await;
    let bought = kit.start_next("t1").await;
    let gone = asked.iter().position(|line| line.id() == bought).unwrap();
    let was = asked.remove(gone);
    // It stays so however often the manifest is loaded, and until its line is back.
    for _ in 0..2 {
        let results = load(&asked).await;
        let last = results.last().unwrap();
        assert_eq!((last.view.job.id, &last.view.line, last.former.as_ref()), (bought, &None, Some(&was.line)));
        assert!(results[..2].iter().all(|line| line.former.is_none() && line.labelled() == line.view.line.as_ref()));
    }
    asked.insert(gone, was.clone());
    let results = load(&asked).await;
    assert_eq!((results.len(), results[gone].labelled()), (3, Some(&was.line)));
    assert!(results.iter().all(|line| line.former.is_none()));
}

pub async fn a_known_job_takes_over_account_price_and_priority(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let jobs = kit.load("b", &wishes(3)).await;
    let bought = kit.start_next("t1").await;
    let moved: Vec<_> = wishes(3).into_iter().map(|wish| wish.cents(25).priority(7).account("other")).collect();
    kit.load("b", &moved).await;
    let view = kit.view(jobs[1]).await.job;
    assert_eq!((view.spec.account.as_str(), view.price, view.priority), ("other", Some(cents(25)), 7));
    assert_eq!(kit.view(bought).await.job.price, Some(cents(10)), "what was bought keeps its price");
    assert_eq!(kit.batch("b").await.to_spend, cents(50));
    assert!(kit.submits(9).await.is_empty());
    let mut claim = kit.claim_of(reelq_store::ClaimStage::Submit, 9);
    claim.account = account("other");
    let leases = kit.store.claim(&claim).await.unwrap().leases;
    assert_eq!(ids(&leases), jobs[1..]);
    assert_eq!(leases[0].job.price, Some(cents(25)));
}

pub async fn a_known_job_that_waits_takes_over_the_spelling_of_its_request(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let (name, jobs) = (batch("b"), kit.load("b", &wishes(2)).await);
    let bought = kit.start_next("t1").await;
    let load = kit.store.begin_import(&draft(&name)).await.unwrap();
    let mut respelled = lines(&name, &wishes(2));
    for line in &mut respelled {
        line.job.spec.fields.insert("callback_url".to_owned(), "https://new.example.com/\"price\":".into());
    }
    kit.store.add_to_import(&load, &respelled).await.unwrap();
    kit.store.commit_import(&load).await.unwrap();
    let waits = jobs.into_iter().find(|job| *job != bought).unwrap();
    assert_eq!(kit.view(waits).await.job.spec.fields, respelled[1].job.spec.fields);
    let open = kit.view(bought).await.job.spec.fields;
    assert!(!open.contains_key("callback_url"), "what was sent stays as it was sent");
}

pub async fn the_draft_of_a_reload_takes_effect_when_it_is_finished(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("b", 5, &wishes(1)).await;
    assert!(kit.submits(1).await.is_empty());
    let richer = BatchDraft { budget: Some(cents(10)), ..draft(&batch("b")) };
    let load = kit.store.begin_import(&richer).await.unwrap();
    kit.store.add_to_import(&load, &lines(&batch("b"), &wishes(1))).await.unwrap();
    assert_eq!(kit.batch("b").await.batch.budget, Some(cents(5)));
    kit.store.commit_import(&load).await.unwrap();
    assert_eq!(kit.batch("b").await.batch.budget, Some(cents(10)));
    one(kit.submits(1).await);
}

pub async fn known_tells_what_was_bought(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.store.set_limits(&account("acct"), &limits(1000.0, 100, 100)).await.unwrap();
    let jobs = kit.load("b", &wishes(2)).await;
    kit.finish_next("t1", None).await;
    kit.advance(SECOND);
    let stranger = lines(&batch("b"), &[wish("stranger")])[0].id();
    let known = kit.store.lookup(&batch("b"), &[jobs[1], stranger, jobs[0]]).await.unwrap();
    let found: Vec<_> = known.iter().map(|known| known.map(|known| (known.status, known.bought))).collect();
    assert_eq!(found, [Some((Status::Queued, false)), None, Some((Status::Fetching, true))]);
}

//! Going on with a batch without its manifest: what it was loaded with, and a budget that changes.

use super::{
    Kit, Subject,
    kit::{batch, cents, draft, one, wishes},
};
use reelq_store::{BatchDraft, Error, ImportedWith};

room! { ($) continuing_cases: continuing {
    a_budget_is_changed_without_a_load_and_nothing_else_is,
    what_a_batch_was_loaded_with_is_kept_with_it,
    what_an_unfinished_load_came_with_is_not_the_batchs,
    a_plan_is_forgotten_and_nothing_else_is,
} }

fn loaded_with() -> ImportedWith {
    ImportedWith {
        format: 1,
        manifest: "/films/pigs.csv".to_owned(),
        config: Some("/films/reelq.toml".to_owned()),
        account: Some("acct".to_owned()),
        output: Some("clips".to_owned()),
        set: vec!["resolution=1080p".to_owned()],
        stop_if: vec!["failed>10%".to_owned()],
        reading: vec!["--map".to_owned(), "Prompts=prompt".to_owned()],
        manifest_budget: Some(cents(5)),
        planned: Some(serde_json::json!({"lines": 1, "names": ["a", {"b": null}]})),
    }
}

pub async fn a_budget_is_changed_without_a_load_and_nothing_else_is(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let poor = BatchDraft { budget: Some(cents(5)), loaded_with: Some(loaded_with()), ..draft(&batch("b")) };
    kit.load_as(&poor, &wishes(1)).await;
    assert!(kit.submits(1).await.is_empty());
    assert!(kit.batch("b").await.budget_reached);
    kit.store.set_budget(&batch("b"), Some(cents(10))).await.unwrap();
    let view = kit.batch("b").await;
    assert_eq!((view.batch, view.budget_reached), (BatchDraft { budget: Some(cents(10)), ..poor.clone() }, false));
    let lease = one(kit.submits(1).await);
    kit.store.release(&[lease]).await.unwrap();
    kit.store.set_budget(&batch("b"), Some(cents(1))).await.unwrap();
    assert!(kit.submits(1).await.is_empty(), "a lower one holds as well");
    kit.store.set_budget(&batch("b"), None).await.unwrap();
    assert_eq!(kit.batch("b").await.batch, BatchDraft { budget: None, ..poor });
    one(kit.submits(1).await);
    let none = kit.store.set_budget(&batch("none"), None).await;
    assert!(matches!(none, Err(Error::NoBatch(_))));
}

pub async fn what_a_batch_was_loaded_with_is_kept_with_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let with = BatchDraft { loaded_with: Some(loaded_with()), ..draft(&batch("b")) };
    kit.load_as(&with, &wishes(1)).await;
    assert_eq!(kit.batch("b").await.batch, with);
    kit.load("old", &wishes(1)).await;
    assert_eq!(kit.batch("old").await.batch.loaded_with, None, "no one kept it for a batch of an older reelq");
}

pub async fn what_an_unfinished_load_came_with_is_not_the_batchs(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let first = BatchDraft { loaded_with: Some(loaded_with()), ..draft(&batch("b")) };
    kit.load_as(&first, &wishes(1)).await;
    let planned = Some(serde_json::json!({"lines": 2}));
    let second = BatchDraft { loaded_with: Some(ImportedWith { planned, ..loaded_with() }), ..draft(&batch("b")) };
    let load = kit.store.begin_import(&second).await.unwrap();
    assert_eq!(kit.batch("b").await.batch, first);
    kit.store.commit_import(&load).await.unwrap();
    assert_eq!(kit.batch("b").await.batch, second);
}

pub async fn a_plan_is_forgotten_and_nothing_else_is(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let with = BatchDraft { budget: Some(cents(5)), loaded_with: Some(loaded_with()), ..draft(&batch("b")) };
    kit.load_as(&with, &wishes(1)).await;
    for _ in 0..2 {
        kit.store.forget_plan(&batch("b")).await.unwrap();
        let view = kit.batch("b").await;
        let without = ImportedWith { planned: None, ..loaded_with() };
        assert_eq!(view.batch, BatchDraft { loaded_with: Some(without), ..with.clone() });
        assert!(view.budget_reached && kit.submits(1).await.is_empty(), "the budget holds");
    }
    kit.load("old", &wishes(1)).await;
    let old = kit.batch("old").await.batch;
    kit.store.forget_plan(&batch("old")).await.unwrap();
    assert_eq!(kit.batch("old").await.batch, old, "an older reelq kept none");
    assert!(matches!(kit.store.forget_plan(&batch("none")).await, Err(Error::NoBatch(_))));
}

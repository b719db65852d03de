//! A vendor that counts what it sold, and a handler that buys from it as the submitter does.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{Event, JobId, Stage};
use reelq_store::ClaimStage;
use reelq_worker::{Finish, JobContext};

use tokio::{sync::watch, time::timeout};

use crate::support::{Scripted, accepted, sending};

/// What a vendor sold: tasks by job, each under its submission's number.
#[derive(Default)]
pub(crate) struct Vendor {
    sold: watch::Sender<BTreeMap<JobId, Vec<u32>>>,
    pub(crate) replays: bool,
}

impl Vendor {
    pub(crate) fn new(replays: bool) -> Arc<Self> {
        Arc::new(Self { replays, ..Self::default() })
    }

    /// A paid request: where keys are replayed, the same number twice is one purchase.
    fn take(&self, job: JobId, number: u32) {
        self.sold.send_modify(|sold| {
            let numbers = sold.entry(job).or_default();
            if !(self.replays && numbers.contains(&number)) {
                numbers.push(number);
            }
        });
    }

    /// How many purchases there were so far.
    pub(crate) fn sales(&self) -> usize {
        self.sold.borrow().values().map(Vec::len).sum()
    }

    /// Waits until so many purchases were made.
    pub(crate) async fn has_sold(&self, count: usize) {
        let mut sold = self.sold.subscribe();
        let enough = sold.wait_for(|sold| sold.values().map(Vec::len).sum::<usize>() >= count);
        let in_time = timeout(Duration::from_mins(1), enough).await.is_ok();
        assert!(in_time, "{} purchases instead of {count}", self.sales());
    }

    pub(crate) fn most(&self) -> usize {
        self.sold.borrow().values().map(Vec::len).max().unwrap_or(0)
    }

    pub(crate) fn buyers(&self) -> usize {
        self.sold.borrow().len()
    }
}

/// Submits as the submitter does: an open submission is asked for again only where keys are replayed.
pub(crate) fn buys_from(vendor: &Arc<Vendor>, takes: Duration) -> Arc<Scripted> {
    let vendor = Arc::clone(vendor);
    Scripted::new(ClaimStage::Submit, move |context| {
        let vendor = Arc::clone(&vendor);
        Box::pin(async move {
            if matches!(context.job().stage, Stage::Ready) {
                if context.step(sending(context)).await.is_err() {
                    return Finish::Lost;
                }
            } else if !vendor.replays {
                return Finish::Event(Event::Unresolved { reason: "no keys".to_owned(), candidate: None });
            }
            if context.time_left() < Duration::from_millis(100) {
                return Finish::Event(Event::NotSent { reason: "late".to_owned(), after: Duration::ZERO });
            }
            vendor.take(context.job().id, number(context));
            // The vendor takes its time to answer.
            tokio::time::sleep(takes).await;
            Finish::Event(accepted(context))
        })
    })
}

fn number(context: &dyn JobContext) -> u32 {
    let Stage::Submitting { submission } = &context.job().stage else { panic!("nothing was submitted") };
    submission.number
}

//! What a retry is going to do, in words and in money, before it does anything.

use reelq_console::{cost_of, grouped, plural};
use reelq_model::{JobId, Money, Timestamp};
use reelq_runner::paid::Paid;
use reelq_store::{JobView, Shown};

use super::course::Course;
use crate::commands::resolve::named;

/// A job with what is going to be done with it. There may be a million: only what that needs is kept.
#[derive(Debug)]
pub(super) struct Meant {
    pub(super) job: JobId,
    pub(super) shown: Shown,
    pub(super) course: Course,
    price: Option<Money>,
}

/// Jobs with what is going to be done with each.
#[derive(Debug)]
pub(super) struct Intent {
    pub(super) jobs: Vec<Meant>,
    /// Nothing may be bought.
    free: bool,
    now: Timestamp,
    /// Of those bought at once, how many may have been bought already.
    doubtful: usize,
    /// Some of those whose reply seemed to name their task.
    blind: Vec<JobView>,
}

/// So many are kept to be named.
const NAMED: usize = 20;

impl Intent {
    pub(super) const fn new(free: bool, now: Timestamp) -> Self {
        Self { jobs: Vec::new(), free, now, doubtful: 0, blind: Vec::new() }
    }

    pub(super) fn add(&mut self, view: &JobView) {
        let (job, course) = (&view.job, Course::of(view, self.free, self.now));
        if course == Course::Buy {
            self.doubtful += usize::from(Paid::of(job, self.now) == Paid::Unknown);
            if job.candidate.is_some() && self.blind.len() < NAMED {
                self.blind.push(view.clone());
            }
        }
        self.jobs.push(Meant { job: job.id, shown: Shown::of(job), course, price: job.price });
    }

    pub(super) fn count(&self, course: Course) -> u64 {
        u64::try_from(self.jobs.iter().filter(|meant| meant.course == course).count()).unwrap_or(u64::MAX)
    }

    /// The most that is spent.
    pub(super) fn at_most(&self) -> String {
        self.amount(Course::may_buy)
    }

    pub(super) fn may_buy(&self) -> bool {
        self.jobs.iter().any(|meant| meant.course.may_buy())
    }

    fn amount(&self, counts: impl Fn(Course) -> bool) -> String {
        cost_of(self.jobs.iter().filter(|meant| counts(meant.course)).map(|meant| meant.price))
    }

    /// The jobs that are bought though a reply seemed to name their task.
    pub(super) fn bought_blindly(&self, flags: &str) -> Vec<String> {
        named(&self.blind, flags)
    }

    /// One line for each course that is taken.
    pub(super) fn told(&self) -> Vec<String> {
        let line = |course: Course| {
            let (count, amount) = (self.count(course), self.amount(|found| found == course));
            let (jobs, is) =
                (format!("{} job{}", grouped(count), plural(count)), if count == 1 { "is" } else { "are" });
            let text = match course {
                Course::Buy => format!("{jobs} {is} bought, for {amount}: no task is known{}", self.doubt()),
                Course::LookThenBuy => format!(
                    "{jobs} {is} looked at first, and bought again only if it has no output: the provider says that it is over without one, knows it no longer past its time, or its links are dead for good; at most {amount}"
                ),
                Course::Look => format!("{jobs} {is} looked at and fetched, free of charge"),
                Course::Leave => format!("{jobs} {is} left: no task is known that could be looked at"),
            };
            (count > 0).then_some(text)
        };
        [Course::Look, Course::LookThenBuy, Course::Buy, Course::Leave].into_iter().filter_map(line).collect()
    }

    fn doubt(&self) -> String {
        match self.doubtful {
            0 => String::new(),
            1 => "; one of them may have been bought before, and would be paid for twice".to_owned(),
            many => format!("; {many} of them may have been bought before, and would be paid for twice"),
        }
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::{FailureKind, Settlement};
    use reelq_runner::samples::{NOW, failed, given_up, lost, rejected, submitting, view};

    use super::*;

    fn intent(free: bool) -> Intent {
        let mut unpriced = failed(FailureKind::Transient, Settlement::Charged);
        unpriced.price = None;
        let jobs = [
            rejected(FailureKind::Transient),
            given_up(&submitting()),
            failed(FailureKind::Expired, Settlement::Charged),
            unpriced,
            lost(FailureKind::Output),
        ];
        let mut intent = Intent::new(free, NOW);
        jobs.map(view).iter().for_each(|view| intent.add(view));
        intent
    }

    #[test]
    fn everything_is_told_with_its_money_before_it_is_done() {
        let (intent, free) = (intent(false), intent(true));
        insta::assert_snapshot!("intent", intent.told().join("\n"));
        assert_eq!(intent.at_most(), "$0.90 and 1 of unknown price");
        insta::assert_snapshot!("intent_free", free.told().join("\n"));
        assert!(!free.may_buy());
    }
}

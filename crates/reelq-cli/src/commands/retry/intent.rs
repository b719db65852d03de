//! What a retry is going to do, in words and in money, before it does anything.

use reelq_console::{cost_of, grouped, plural};
use reelq_model::Timestamp;
use reelq_runner::paid::Paid;
use reelq_store::JobView;

use super::course::Course;
use crate::commands::resolve::named;

/// Jobs with what is going to be done with each.
#[derive(Debug)]
pub(super) struct Intent {
    pub(super) jobs: Vec<(JobView, Course)>,
    /// Of those bought at once, how many may have been bought already.
    doubtful: usize,
}

impl Intent {
    pub(super) fn new(views: Vec<JobView>, free: bool, now: Timestamp) -> Self {
        let jobs: Vec<_> = views.into_iter().map(|view| (Course::of(&view, free, now), view)).collect();
        let unknown =
            |(course, view): &&(Course, JobView)| *course == Course::Buy && Paid::of(&view.job, now) == Paid::Unknown;
        let doubtful = jobs.iter().filter(unknown).count();
        Self { jobs: jobs.into_iter().map(|(course, view)| (view, course)).collect(), doubtful }
    }

    pub(super) fn count(&self, course: Course) -> u64 {
        u64::try_from(self.jobs.iter().filter(|(_, found)| *found == course).count()).unwrap_or(u64::MAX)
    }

    /// The most that is spent.
    pub(super) fn at_most(&self) -> String {
        self.amount(Course::may_buy)
    }

    pub(super) fn may_buy(&self) -> bool {
        self.jobs.iter().any(|(_, course)| course.may_buy())
    }

    fn amount(&self, counts: impl Fn(Course) -> bool) -> String {
        cost_of(self.jobs.iter().filter(|(_, course)| counts(*course)).map(|(view, _)| view.job.price))
    }

    /// The jobs that are bought though a reply seemed to name their task.
    pub(super) fn bought_blindly(&self, flags: &str) -> Vec<String> {
        named(self.jobs.iter().filter(|(_, course)| *course == Course::Buy).map(|(view, _)| view), flags)
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
        Intent::new(jobs.map(view).into(), free, NOW)
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

//! The context of one job whose lease is what the test says.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use reelq_model::{Event, Job, Timestamp};
use reelq_store::Line;
use reelq_worker::{JobContext, LeaseLost};

use crate::{CallLog, sample::NOW};

/// What becomes of the steps that a handler commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Steps {
    /// The stage machine applies them to the job.
    #[default]
    Applied,
    /// The lease is lost with the first one.
    Lost,
    /// The handler must make none: the test fails.
    Forbidden,
}

/// The context of one job; steps are logged as `step EVENT`.
#[derive(Debug)]
pub struct FakeJobContext {
    /// The job as of the last step.
    pub job: Arc<Job>,
    /// Its line.
    pub line: Option<Arc<Line>>,
    /// A person asked for the job to be cancelled.
    pub cancel_requested: bool,
    /// The store's time.
    pub now: Timestamp,
    /// What becomes of steps.
    pub steps: Steps,
    /// The steps, in order.
    pub log: CallLog,
    /// How long the lease lasts, one for each time that a handler asks; the last one stays.
    pub times_left: Mutex<VecDeque<Duration>>,
}

impl FakeJobContext {
    /// A context in which steps are applied, and the lease lasts for another minute.
    pub fn new(job: Job) -> Self {
        Self {
            job: Arc::new(job),
            line: None,
            cancel_requested: false,
            now: NOW,
            steps: Steps::Applied,
            log: CallLog::default(),
            times_left: Mutex::new([Duration::from_mins(1)].into()),
        }
    }

    /// Says how long the lease lasts each time that a handler asks; the last one stays.
    pub fn set_times_left<const N: usize>(&self, times: [Duration; N]) {
        *self.times_left.lock().unwrap_or_else(PoisonError::into_inner) = times.into();
    }

    /// Moves the job on, as an earlier worker did. Panics where the stage machine refuses the event.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        self.job = Arc::new(self.job.apply(event, at).unwrap().job);
    }

    /// Changes the job.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Job)) {
        edit(Arc::make_mut(&mut self.job));
    }
}

#[async_trait]
impl JobContext for FakeJobContext {
    fn job(&self) -> &Arc<Job> {
        &self.job
    }

    fn line(&self) -> Option<Arc<Line>> {
        self.line.clone()
    }

    fn cancel_requested(&self) -> bool {
        self.cancel_requested
    }

    fn time_left(&self) -> Duration {
        let mut times = self.times_left.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() > 1 { times.pop_front().unwrap() } else { times[0] }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    async fn step(&mut self, event: Event) -> Result<(), LeaseLost> {
        self.log.add(format!("step {}", event.name()));
        match self.steps {
            Steps::Applied => self.apply(event, self.now),
            Steps::Lost => return Err(LeaseLost),
            Steps::Forbidden => panic!("no step was expected: {event:?}"),
        }
        Ok(())
    }
}

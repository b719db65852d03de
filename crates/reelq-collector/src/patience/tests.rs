use reelq_model::{OutputKind, OutputLink, RemoteTask, Stage, TaskId, Wake};
use reelq_testkit::sample::{self, NOW as START};

use super::*;

/// A job whose links give nothing, and the time that passes over it.
struct Wait {
    job: Job,
    now: Timestamp,
    rng: SharedRng,
    /// When files were asked for, and when links were.
    fetches: Vec<Duration>,
    polls: Vec<Duration>,
}

fn links(expires_at: Option<Timestamp>) -> Vec<OutputLink> {
    let (url, kind) = ("https://cdn.example/v.mp4".to_owned(), OutputKind::Video);
    vec![OutputLink { url, kind, expires_at, assumed: false }]
}

fn late(cause: Cause) -> FetchError {
    FetchError::Late(Late { reason: "fetch the file: the server answered 404".to_owned(), wait: None, cause })
}

impl Wait {
    /// The task succeeded just now; its outputs are said to last for `lifetime`.
    fn begin(lifetime: Option<Duration>) -> Self {
        let mut job = sample::job("cat");
        let task = TaskId::new("t-1").unwrap();
        job.stage = Stage::Running { task: RemoteTask::accepted(task, 1, START) };
        let mut wait = Self { job, now: START, rng: SharedRng::seeded(5), fetches: Vec::new(), polls: Vec::new() };
        wait.apply(Event::Finished { outputs: links(lifetime.map(|lifetime| START.after(lifetime))), cost: None });
        wait
    }

    fn apply(&mut self, event: Event) {
        let applied = self.job.apply(event, self.now).unwrap();
        self.job = applied.job;
        if let Wake::After(wait) = applied.wake {
            self.now = self.now.after(wait);
        }
    }

    fn patience(&self) -> Patience<'_> {
        Patience { job: &self.job, now: self.now, rng: &self.rng }
    }

    fn since_start(&self) -> Duration {
        self.now.since(START)
    }

    /// One attempt, and the poll after it where fresh links are asked for, which name `lifetime` from the start.
    fn attempt(&mut self, error: FetchError, lifetime: Option<Duration>) {
        self.fetches.push(self.since_start());
        let event = self.patience().event(error);
        self.apply(event);
        if matches!(self.job.stage, Stage::Running { .. }) {
            self.polls.push(self.since_start());
            self.apply(Event::Finished { outputs: links(lifetime.map(|it| START.after(it))), cost: None });
        }
    }

    fn until_over(mut self, cause: Cause, lifetime: Option<Duration>) -> Self {
        while matches!(self.job.stage, Stage::Fetching { .. }) {
            self.attempt(late(cause), lifetime);
        }
        self
    }

    fn failure(&self) -> &Failure {
        match &self.job.stage {
            Stage::Failed { failure, .. } => failure,
            other => panic!("{other:?}"),
        }
    }
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

#[test]
fn link_that_gives_nothing_is_dead_only_after_its_time_and_a_fresh_look_after_that() {
    for cause in [Cause::Gone, Cause::Content, Cause::Unreachable] {
        for lifetime in [Some(Duration::from_secs(5)), Some(HOUR), None] {
            let wait = Wait::begin(lifetime).until_over(cause, lifetime);
            let until = lifetime.unwrap_or(DAY);
            assert_eq!(wait.failure().kind, FailureKind::Expired, "{cause:?}");
            let after: Vec<_> = wait.fetches.iter().filter(|at| **at > until).collect();
            assert!(after.len() >= 2, "{cause:?} {lifetime:?}: {after:?}");
            let (first, last) = (*after[0], *after[after.len() - 1]);
            assert!(wait.polls.iter().any(|poll| *poll >= first && *poll <= last), "asked anew between the two");
        }
    }
}

#[test]
fn end_says_what_came_and_advises_no_purchase() {
    let wait = Wait::begin(Some(Duration::from_secs(5))).until_over(Cause::Gone, Some(Duration::from_secs(5)));
    let message = &wait.failure().message;
    assert!(message.contains("2026-09-21T14:13:25Z") && message.contains("the server answered 404"), "{message}");
    for word in ["retry", "buy", "again", "resubmit"] {
        assert!(!message.contains(word), "{message}");
    }
    assert!(wait.since_start() < Duration::from_mins(1), "reported soon");
}

#[test]
fn looks_are_dense_at_first_and_few_in_the_long_run() {
    for cause in [Cause::Gone, Cause::Content, Cause::Unreachable] {
        let wait = Wait::begin(None).until_over(cause, None);
        let within = |times: &[Duration], from, to| times.iter().filter(|at| **at >= from && **at < to).count();
        assert!(within(&wait.fetches, Duration::ZERO, Duration::from_secs(15)) >= 5, "{:?}", &wait.fetches[..6]);
        let gaps = wait.fetches.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap();
        assert!(gaps <= LATE.cap, "{gaps:?}");
        for hour in 2..23 {
            let (fetches, polls) = (
                within(&wait.fetches, HOUR * hour, HOUR * (hour + 1)),
                within(&wait.polls, HOUR * hour, HOUR * (hour + 1)),
            );
            assert!(fetches + polls <= 20 && polls >= 2, "hour {hour}: {fetches} files, {polls} polls");
        }
        let (fetches, polls) = (within(&wait.fetches, HOUR * 2, DAY), within(&wait.polls, HOUR * 2, DAY));
        // A few more come in the last minute, when waits are halved towards the end.
        assert!(fetches + polls <= 22 * 13 + 8, "{fetches} files, {polls} polls");
    }
}

#[test]
fn fresh_look_that_names_a_later_time_is_believed() {
    let (short, long) = (Duration::from_secs(20), Duration::from_hours(2));
    let wait = Wait::begin(Some(short)).until_over(Cause::Gone, Some(long));
    assert_eq!(wait.failure().kind, FailureKind::Expired);
    assert!(wait.since_start() > long, "{:?}", wait.since_start());
}

#[test]
fn forty_troubles_within_a_minute_end_nothing() {
    let mut wait = Wait::begin(None);
    for _ in 0..200 {
        for error in [late(Cause::Gone), late(Cause::Content), FetchError::Here("write the file: disk full".to_owned())]
        {
            let event = wait.patience().event(error);
            assert!(matches!(event, Event::FetchLater { .. } | Event::LinksExpired { .. }), "{event:?}");
            let applied = wait.job.apply(event, wait.now).unwrap();
            wait.job = applied.job;
            if matches!(wait.job.stage, Stage::Running { .. }) {
                wait.apply(Event::Finished { outputs: links(None), cost: None });
            }
        }
        wait.now = wait.now.after(Duration::from_millis(100));
    }
    assert!(wait.job.troubles.as_ref().unwrap().count >= 600);
}

#[test]
fn job_of_an_older_version_is_waited_for_a_day_from_its_end() {
    let mut wait = Wait::begin(None);
    (wait.job.outputs_until, wait.job.succeeded_at) = (None, None);
    wait.job.finished_at = Some(START);
    assert!(!wait.patience().is_past());
    wait.now = START.after(DAY + HOUR);
    assert!(wait.patience().is_past());
}

#[test]
fn time_that_had_passed_when_the_task_succeeded_is_not_believed() {
    let mut wait = Wait::begin(None);
    wait.job.outputs_until = Some(START.before(HOUR));
    wait.now = START.after(HOUR);
    assert!(!wait.patience().is_past());
}

#[test]
fn unreached_server_is_waited_for_beyond_the_time_and_a_refusal_of_ours_is_told_within_minutes() {
    let short = Some(Duration::from_secs(5));
    let wait = Wait::begin(short).until_over(Cause::Unreachable, short);
    assert!(wait.since_start() >= BELIEVED_AFTER);
    let wait = Wait::begin(None).until_over(Cause::NotAllowed, None);
    assert_eq!(wait.failure().kind, FailureKind::Output);
    assert!((BELIEVED_AFTER..BELIEVED_AFTER * 4).contains(&wait.since_start()), "{:?}", wait.since_start());
}

#[test]
fn server_that_names_a_wait_is_not_asked_before_nor_so_late_that_the_time_is_over() {
    let mut wait = Wait::begin(Some(HOUR));
    let busy = |seconds| {
        let wait = Some(Duration::from_secs(seconds));
        FetchError::Late(Late { reason: "503".to_owned(), wait, cause: Cause::Unreachable })
    };
    wait.attempt(busy(77), Some(HOUR));
    assert!((77..90).contains(&wait.since_start().as_secs()), "{:?}", wait.since_start());
    wait.attempt(busy(900_000), Some(HOUR));
    assert!(wait.since_start() <= HOUR);
}

#[test]
fn retry_of_an_expired_row_looks_twice_and_says_so_again() {
    let short = Some(Duration::from_secs(5));
    let mut wait = Wait::begin(short).until_over(Cause::Gone, short);
    wait.apply(Event::Retry { buy: false });
    wait.apply(Event::Finished { outputs: links(short.map(|it| START.after(it))), cost: None });
    let before = wait.fetches.len();
    let wait = wait.until_over(Cause::Gone, short);
    assert_eq!((wait.failure().kind, wait.fetches.len() - before), (FailureKind::Expired, 2));
}

#[test]
fn wish_of_a_server_leaves_half_of_what_is_left() {
    for cause in [Cause::Unreachable, Cause::Gone] {
        let mut wait = Wait::begin(Some(Duration::from_secs(12)));
        let hour = Some(HOUR);
        wait.attempt(
            FetchError::Late(Late { reason: "503".to_owned(), wait: hour, cause }),
            Some(Duration::from_secs(12)),
        );
        assert!(wait.since_start() <= Duration::from_secs(6), "{:?}", wait.since_start());
    }
}

#[test]
fn earlier_links_and_the_ones_at_hand_are_tried_in_turn() {
    let named = |url: &str| vec![OutputLink { url: url.to_owned(), ..links(None).remove(0) }];
    let mut wait = Wait::begin(Some(HOUR));
    let (mut tried, mut polls) = (Vec::new(), 0);
    while tried.len() < 10 {
        let Stage::Fetching { task, outputs } = &wait.job.stage else { panic!("{:?}", wait.job.stage) };
        tried.push(wait.patience().in_turn(task, outputs)[0].url.clone());
        let event = wait.patience().event(late(Cause::Unreachable));
        wait.apply(event);
        if matches!(wait.job.stage, Stage::Running { .. }) {
            polls += 1;
            let url = format!("https://cdn.example/{polls}.mp4");
            wait.apply(Event::Finished { outputs: named(&url), cost: None });
        }
    }
    let first = tried.iter().filter(|url| url.ends_with("/v.mp4")).count();
    assert!(first >= 4 && tried.iter().any(|url| url.ends_with("/1.mp4")), "{tried:?}");
}

#[test]
fn requests_for_file_and_status_stay_few_where_the_status_names_no_link_any_more() {
    let mut wait = Wait::begin(None);
    while wait.since_start() < HOUR * 12 {
        wait.fetches.push(wait.since_start());
        let event = wait.patience().event(late(Cause::Gone));
        wait.apply(event);
        if matches!(wait.job.stage, Stage::Running { .. }) {
            wait.polls.push(wait.since_start());
            let trouble = reelq_model::Trouble::new(TroubleKind::NotFound, "404");
            wait.apply(Event::FetchAgain { trouble, answered: true });
        }
    }
    let within = |times: &[Duration]| times.iter().filter(|at| (HOUR * 4..HOUR * 5).contains(*at)).count();
    let (fetches, polls) = (within(&wait.fetches), within(&wait.polls));
    assert!((2..=10).contains(&fetches) && (1..=5).contains(&polls), "{fetches} files, {polls} polls in an hour");
}

fn absent(url: &str, cause: Cause) -> MissingOutput {
    let link = OutputLink { url: url.to_owned(), kind: OutputKind::Video, expires_at: None, assumed: false };
    MissingOutput { output: 2, link, late: Late { reason: "404".to_owned(), wait: None, cause } }
}

/// How long and how often outputs beside a video are tried.
fn beside(url: &str) -> (Duration, usize) {
    let mut wait = Wait::begin(None);
    let mut attempts = 1;
    while let Some(event) = wait.patience().beside(&[absent(url, Cause::Content)]) {
        wait.apply(event);
        if matches!(wait.job.stage, Stage::Running { .. }) {
            wait.apply(Event::Finished { outputs: links(None), cost: None });
        }
        attempts += 1;
    }
    (wait.since_start(), attempts)
}

#[test]
fn cover_beside_a_video_gets_some_attempts_over_a_minute_and_a_second_video_some_more() {
    let (lasted, attempts) = beside("https://c/cover.png");
    assert!(lasted >= COVER_AFTER && lasted < Duration::from_secs(90) && attempts > 4, "{lasted:?}, {attempts}");
    let (lasted, attempts) = beside("https://c/second.mp4");
    assert!(lasted >= VIDEO_AFTER && lasted < VIDEO_AFTER * 2 && attempts > 10, "{lasted:?}, {attempts}");
}

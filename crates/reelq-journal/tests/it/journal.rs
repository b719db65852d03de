//! The local journal: what a store forgot it learns again, and nothing is sent without its line.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use reelq_journal::{JournalSettings, Journaled};
use reelq_model::{Event, JobId, ManualClock, SharedClock, Stage, Status, Timestamp};
use reelq_store::{ClaimStage, Commit, Committed, Error, LateAcceptance, Lease, SharedStore};
use reelq_store_conformance::{
    Forgetful, Kit, Subject,
    kit::{LEASE, SECOND, acceptance, accepted, sending, wishes, worker},
};
use reelq_store_sqlite::SqliteStore;

/// One machine with a store that forgets and a folder of journals.
struct Machine {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Arc<Forgetful>,
    keep: Duration,
    max_bytes: u64,
}

/// A process of the machine.
struct Process<'a> {
    machine: &'a Machine,
    store: SharedStore,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_800_000_000_000)));
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let store = Arc::new(Forgetful::open(&state, clock.clone(), |path, clock| {
            Arc::new(SqliteStore::open(path, clock).unwrap())
        }));
        Self { folder, clock, store, keep: Duration::from_mins(10), max_bytes: 1 << 20 }
    }

    fn journals(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy")
    }

    fn settings(&self) -> JournalSettings {
        let usual = JournalSettings::new(self.journals(), "default", "here");
        JournalSettings { keep: self.keep, max_bytes: self.max_bytes, ..usual }
    }

    fn process(&self, name: &str) -> Process<'_> {
        let clock: SharedClock = self.clock.clone();
        let inner: SharedStore = self.store.clone();
        let store = Journaled::open(inner, self.settings(), &worker(name), clock).unwrap();
        Process { machine: self, store: Arc::new(store) }
    }

    /// How large its present journals are.
    fn bytes(&self) -> u64 {
        let files = std::fs::read_dir(self.journals()).unwrap().flatten().map(|entry| entry.path());
        let journals = files.filter(|path| path.extension().is_some_and(|end| end == "journal"));
        journals.map(|path| path.metadata().unwrap().len()).sum()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.journals())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.split_once('-').map(|(_, name)| name.to_owned()))
            .collect();
        names.sort();
        names
    }
}

impl Subject for Process<'_> {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        self.machine.store.clone()
    }

    fn advance(&self, by: Duration) {
        self.machine.clock.advance(by);
    }
}

async fn status(kit: &Kit<'_>, job: JobId) -> Status {
    kit.view(job).await.job.status()
}

#[tokio::test]
async fn what_was_sent_and_said_since_the_copy_is_known_again() {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    let jobs = kit.load("b", &wishes(3)).await;
    machine.store.remember(&machine.copy()).await;
    let leases = kit.submits(2).await;
    kit.start(&leases[0], "t1").await;
    kit.send(&leases[1]).await;
    machine.store.forget(&machine.copy()).await;
    assert_eq!(status(&kit, jobs[0]).await, Status::Queued, "the store forgot it");

    let claimed = kit.submits(9).await;
    let stages: Vec<_> = claimed.iter().map(|lease| (lease.job.id, lease.job.status())).collect();
    assert_eq!(stages, [(jobs[1], Status::Submitting), (jobs[2], Status::Queued)]);
    assert_eq!(status(&kit, jobs[0]).await, Status::Running);
    assert_eq!(kit.view(jobs[0]).await.job.stage.task().unwrap().id.as_str(), "t1");
}

#[tokio::test]
async fn a_process_that_only_waits_for_news_tells_what_was_forgotten() {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    let jobs = kit.load("b", &wishes(1)).await;
    machine.store.remember(&machine.copy()).await;
    kit.start_next("t1").await;
    let waits = async {
        let mut mark = 0;
        while status(&kit, jobs[0]).await != Status::Running {
            mark = process.store.watch(mark, Duration::from_secs(30)).await.unwrap_or(mark);
        }
    };
    machine.store.forget(&machine.copy()).await;
    assert_eq!(status(&kit, jobs[0]).await, Status::Queued, "the store forgot it");
    tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap();
}

#[tokio::test]
async fn a_dead_process_is_spoken_for_by_the_next_one() {
    let machine = Machine::new();
    let (first, second) = (machine.process("w1"), machine.process("w2"));
    let kit = Kit::new(&first);
    let jobs = kit.load("b", &wishes(1)).await;
    machine.store.remember(&machine.copy()).await;
    kit.start_next("t1").await;
    machine.store.forget(&machine.copy()).await;
    drop(kit);
    drop(first);
    let kit = Kit::new(&second);
    assert!(kit.submits(9).await.is_empty());
    assert_eq!(status(&kit, jobs[0]).await, Status::Running);
}

#[tokio::test]
async fn a_frozen_process_is_spoken_for_by_a_live_one() {
    let machine = Machine::new();
    let (frozen, live) = (machine.process("w1"), machine.process("w2"));
    let kit = Kit::new(&frozen);
    let jobs = kit.load("b", &wishes(2)).await;
    machine.store.remember(&machine.copy()).await;
    kit.send(&kit.submit().await).await;
    machine.store.forget(&machine.copy()).await;
    let kit = Kit::new(&live);
    let claimed = kit.submits(9).await;
    assert_eq!((claimed[0].job.id, claimed[0].job.status()), (jobs[0], Status::Submitting));
}

#[tokio::test]
async fn what_certainly_bought_nothing_is_not_recalled() {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    let jobs = kit.load("b", &wishes(4)).await;
    let leases = kit.submits(3).await;
    let reason = String::new;
    let throttled = kit.send(&leases[0]).await;
    kit.end(&throttled, Event::Throttled { reason: reason(), after: SECOND }).await;
    let unsent = kit.send(&leases[1]).await;
    kit.end(&unsent, Event::NotSent { reason: reason(), after: SECOND }).await;
    kit.advance(LEASE);
    kit.submit().await;
    let stale = kit.commit(&leases[2], sending(&leases[2]), true).await;
    assert!(matches!(stale, Committed::Stale), "{stale:?}");
    drop(kit);
    drop(process);

    let process = machine.process("w2");
    let kit = Kit::new(&process);
    process.store.heartbeat(&worker("w2")).await.unwrap();
    for job in jobs {
        assert_eq!(status(&kit, job).await, Status::Queued);
    }
}

#[tokio::test]
async fn an_intent_that_waits_for_the_store_is_not_taken_for_sent() {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    let job = kit.load("b", &wishes(1)).await[0];
    let lease = kit.submit().await;
    machine.store.remember(&machine.copy()).await;
    machine.store.set_away(true);
    let commits = [Commit { lease: lease.clone(), event: sending(&lease), keep: true }];
    assert!(process.store.commit(&commits).await.is_err_and(|error| error.is_transient()));
    machine.store.set_away(false);
    machine.store.forget(&machine.copy()).await;
    process.store.heartbeat(&worker("w3")).await.unwrap();
    assert_eq!(status(&kit, job).await, Status::Queued, "it never left");
    // The lease went with the process that had it, as far as this store can tell: so it never leaves.
    let answer = process.store.commit(&commits).await.unwrap().remove(0);
    assert!(matches!(answer, Committed::Stale), "{answer:?}");
    drop(kit);
    drop(process);
    let next = machine.process("w2");
    next.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(status(&Kit::new(&next), job).await, Status::Queued);
}

#[tokio::test]
async fn a_submission_that_was_taken_over_is_remembered_here() {
    let machine = Machine::new();
    let other_machine = Machine::new();
    let elsewhere = Process {
        machine: &machine,
        store: Arc::new(
            Journaled::open(machine.store.clone(), other_machine.settings(), &worker("w9"), machine.clock.clone())
                .unwrap(),
        ),
    };
    let kit = Kit::new(&elsewhere);
    let job = kit.load("b", &wishes(1)).await[0];
    machine.store.remember(&machine.copy()).await;
    kit.send(&kit.submit().await).await;
    kit.advance(LEASE);
    let here = machine.process("w1");
    let kit = Kit::new(&here);
    assert_eq!(kit.submit().await.job.status(), Status::Submitting, "it may be sent again from here");
    machine.store.forget(&machine.copy()).await;
    here.store.heartbeat(&worker("w1")).await.unwrap();
    assert_eq!(status(&kit, job).await, Status::Submitting);
}

#[tokio::test]
async fn a_batch_that_was_forgotten_and_is_loaded_again_is_not_bought_again() {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    machine.store.remember(&machine.copy()).await;
    let jobs = kit.load("b", &wishes(2)).await;
    kit.start_next("t1").await;
    machine.store.forget(&machine.copy()).await;
    process.store.heartbeat(&worker("w1")).await.unwrap();
    assert_eq!(kit.load("b", &wishes(2)).await, jobs);
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    let mut leases: Vec<Lease> = claimed.leases;
    leases.extend(kit.submits(9).await);
    assert_eq!(leases.iter().map(|lease| lease.job.id).collect::<Vec<_>>(), [jobs[1]]);
    assert_eq!(status(&kit, jobs[0]).await, Status::Running);
}

#[tokio::test]
async fn journals_of_another_store_are_left_alone() {
    let machine = Machine::new();
    let other = JournalSettings { namespace: "other".to_owned(), ..machine.settings() };
    let clock: SharedClock = machine.clock.clone();
    let elsewhere = Journaled::open(machine.store.clone(), other, &worker("w1"), clock).unwrap();
    let process = Process { machine: &machine, store: Arc::new(elsewhere) };
    let kit = Kit::new(&process);
    kit.load("b", &wishes(1)).await;
    machine.store.remember(&machine.copy()).await;
    kit.start_next("t1").await;
    machine.store.forget(&machine.copy()).await;
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    assert_eq!(kit.submit().await.job.status(), Status::Queued);
}

#[tokio::test]
async fn a_torn_or_damaged_line_costs_only_itself() {
    let machine = Machine::new();
    let first = machine.process("w1");
    let kit = Kit::new(&first);
    let jobs = kit.load("b", &wishes(3)).await;
    machine.store.remember(&machine.copy()).await;
    for task in ["t1", "t2", "t3"] {
        kit.start_next(task).await;
    }
    drop(kit);
    drop(first);
    let file = std::fs::read_dir(machine.journals()).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|part| part == "journal")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    // The first job's yes is damaged, the last one's is torn.
    let text = text.replacen("\"task\":\"t1\"", "\"task\":\"tX\"", 1);
    let torn = text.find("\"task\":\"t3\"").unwrap();
    std::fs::write(&file, &text[..torn]).unwrap();
    machine.store.forget(&machine.copy()).await;

    let process = machine.process("w2");
    let kit = Kit::new(&process);
    process.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(status(&kit, jobs[0]).await, Status::Submitting, "that it was sent is known");
    assert_eq!(status(&kit, jobs[1]).await, Status::Running);
    assert_eq!(status(&kit, jobs[2]).await, Status::Submitting);
}

/// How much a journal grows to by one submission that has left.
async fn bytes_of_one_submission() -> u64 {
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    kit.load("b", &wishes(1)).await;
    let lease = kit.submits(1).await.remove(0);
    kit.commit(&lease, sending(&lease), true).await;
    drop(kit);
    // What is only noted is written by the time the process ends.
    drop(process);
    machine.bytes()
}

#[tokio::test]
async fn nothing_is_sent_without_its_line_and_a_yes_is_told_all_the_same() {
    let bytes = bytes_of_one_submission().await;
    let machine = Machine { max_bytes: bytes + 10, ..Machine::new() };
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    let jobs = kit.load("b", &wishes(6)).await;
    let leases = kit.submits(6).await;
    let mut sent = Vec::new();
    let refused = loop {
        let lease = &leases[sent.len()];
        match kit.commit(lease, sending(lease), true).await {
            Committed::Done(Some(lease)) => {
                sent.push(lease);
                // That it left is only noted: it must not go to the disk together with the line that does not fit.
                while machine.bytes() < bytes {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Committed::Stale => break lease,
            other => panic!("{other:?}"),
        }
    };
    assert!(!sent.is_empty());
    let view = kit.view(refused.job.id).await;
    assert_eq!((view.job.status(), view.worker), (Status::Queued, None), "it is given back, and was not sent");
    kit.end(&sent[0], accepted(&sent[0], "t1")).await;
    assert_eq!(status(&kit, jobs[0]).await, Status::Running);
    let claimed = kit.claim(ClaimStage::Submit, 9).await;
    assert!(claimed.leases.is_empty() && claimed.retry_in.is_some(), "{claimed:?}");
    let late = process.store.record_acceptance(jobs[5], &acceptance("t6", 1), SECOND).await.unwrap();
    assert_eq!(late, LateAcceptance::Settled);
}

#[tokio::test]
async fn purchases_go_on_once_the_journal_can_be_written_again() {
    let machine = Machine { max_bytes: 2_200, keep: Duration::from_mins(1), ..Machine::new() };
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    kit.load("b", &wishes(20)).await;
    let mut bought = 0;
    for _ in 0..40 {
        for lease in kit.submits(1).await {
            if let Committed::Done(Some(sent)) = kit.commit(&lease, sending(&lease), true).await {
                bought += 1;
                kit.end(&sent, accepted(&sent, &format!("t{bought}"))).await;
            }
        }
        kit.advance(Duration::from_mins(1));
        process.store.heartbeat(&worker("w1")).await.unwrap();
    }
    assert_eq!(bought, 20);
}

#[tokio::test]
async fn a_journal_that_cannot_be_opened_is_refused_with_its_folder() {
    let machine = Machine::new();
    std::fs::write(machine.journals(), "a file").unwrap();
    let refused = Journaled::open(machine.store.clone(), machine.settings(), &worker("w1"), machine.clock.clone());
    let Err(Error::Broken { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains(machine.journals().to_str().unwrap()) && reason.contains("`journal`"), "{reason}");
}

#[tokio::test]
async fn two_live_processes_cannot_share_a_journal() {
    let machine = Machine::new();
    let _first = machine.process("w1");
    let second = Journaled::open(machine.store.clone(), machine.settings(), &worker("w1"), machine.clock.clone());
    assert!(second.is_err());
}

#[tokio::test]
async fn journals_are_trimmed_and_those_of_the_dead_removed() {
    let machine = Machine::new();
    let (first, idle) = (machine.process("w1"), machine.process("w3"));
    let kit = Kit::new(&first);
    kit.load("b", &wishes(5)).await;
    kit.start_next("t1").await;
    let open = kit.submit().await;
    drop(idle);
    assert_eq!(machine.files(), ["w1.journal", "w1.lock"], "a process that bought nothing leaves nothing");
    drop(kit);
    drop(first);
    assert_eq!(machine.files(), ["w1.journal", "w1.lock"]);
    assert_eq!(open.job.stage, Stage::Ready);

    let process = machine.process("w2");
    let kit = Kit::new(&process);
    for _ in 0..3 {
        process.store.heartbeat(&worker("w2")).await.unwrap();
        kit.start_next(&format!("t-{:?}", machine.clock)).await;
        kit.advance(Duration::from_mins(10));
    }
    process.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(machine.files(), ["w2.1", "w2.journal", "w2.lock"]);
    let lines = |part: &str| {
        let files = std::fs::read_dir(machine.journals()).unwrap().map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|path| path.extension().is_some_and(|name| name == part)).unwrap();
        std::fs::read_to_string(file).unwrap().matches("\"entry\":\"sending\"").count()
    };
    assert_eq!((lines("1"), lines("journal")), (1, 0));
}

#[tokio::test]
async fn files_are_private_and_hold_neither_bodies_nor_prompts() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let process = machine.process("w1");
    let kit = Kit::new(&process);
    kit.load("b", &wishes(1)).await;
    kit.start_next("t1").await;
    for entry in std::fs::read_dir(machine.journals()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        assert!(!std::fs::read_to_string(path).unwrap().contains("prompt 0"));
    }
}

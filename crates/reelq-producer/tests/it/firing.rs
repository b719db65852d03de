//! Ticks over a store: overlaps, manifests that cannot be run, winners that die, and a person who fires one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::limits;
use reelq_files::Blobs;
use reelq_manifest::{Manifest, Vocabulary};
use reelq_model::{BatchName, ManualClock, ProviderName, ScheduleName, SharedClock, Timestamp, WorkerId};
use reelq_producer::{
    Accounts, KeepImages, Order, Overrides, Plan, PlanAccount, load, plan,
    schedule::{CatchUp, Fired, Orders, Overlap, Schedule, Scheduler, Timetable, folder_of},
};
use reelq_store::{JobFilter, SharedStore, TickClaim, TickClaimed, TickState, first};
use reelq_testkit::MemoryStore;
use tokio::sync::{mpsc, watch};

const NOON: &str = "2026-11-21T12:00:00Z";

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: SharedStore,
    blobs: Arc<Blobs>,
}

#[derive(Debug)]
struct Files(PathBuf, Arc<Blobs>);

#[async_trait::async_trait]
impl Orders for Files {
    fn order(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> Result<Order, String> {
        let vocabulary = Vocabulary { fields: reelq_provider::field_names() };
        let path = self.0.join(&schedule.manifest);
        Ok(Order {
            part: reelq_producer::Part::default(),
            manifest: Manifest::open(&path, &vocabulary).map_err(|problem| problem.to_string())?,
            path: path.display().to_string(),
            accounts: Accounts::new([account()], None),
            image_fields: reelq_provider::image_fields(),
            overrides: Overrides { output: Some(format!("out/{}", folder_of(at))), ..Overrides::default() },
            batch: batch.clone(),
            file_name: "{row}.mp4".to_owned(),
            source: reelq_producer::ManifestSource::default(),
        })
    }

    async fn images(&self, _plan: &Plan) -> std::io::Result<Box<dyn KeepImages>> {
        Ok(Box::new(self.1.clone()))
    }
}

/// No image of this batch can be kept.
#[derive(Debug)]
struct OutOfReach(Files, BatchName);

#[async_trait::async_trait]
impl Orders for OutOfReach {
    fn order(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> Result<Order, String> {
        self.0.order(schedule, at, batch)
    }

    async fn images(&self, plan: &Plan) -> std::io::Result<Box<dyn KeepImages>> {
        if plan.batch.name == self.1 {
            return Err(std::io::Error::other("the place is out of reach"));
        }
        self.0.images(plan).await
    }
}

fn account() -> PlanAccount {
    let settings = reelq_provider::ProviderSettings::new(ProviderName::new("wave").unwrap());
    let limits = limits::least();
    let provider = reelq_provider::open(&settings).unwrap();
    PlanAccount { name: reelq_model::AccountName::new("wave").unwrap(), provider, limits }
}

fn minute(number: u32) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap().after(Duration::from_mins(number.into()))
}

/// A schedule with a tick every minute.
fn schedule(overlap: Overlap) -> Schedule {
    Schedule {
        name: ScheduleName::new("often").unwrap(),
        timetable: Timetable::new("* * * * *".parse().unwrap(), "UTC".parse().unwrap()),
        manifest: "set.csv".into(),
        overlap,
        catch_up: CatchUp::Latest,
        jitter: Duration::ZERO,
        budget: None,
        account: None,
        output: None,
    }
}

impl World {
    /// It is noon, and the schedule was seen just now.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_at(minute(0)));
        let shared: SharedClock = clock.clone();
        let store: SharedStore = Arc::new(MemoryStore::new(shared));
        let blobs = Arc::new(Blobs::open(folder.path().join("images")).unwrap());
        std::fs::write(folder.path().join("set.csv"), "model,prompt\nminimax-hailuo-2.3,a cat\n").unwrap();
        store.schedule(&schedule(Overlap::Skip).name).await.unwrap();
        Self { folder, clock, store, blobs }
    }

    fn at(&self, number: u32) {
        self.clock.advance(minute(number).since(reelq_model::Clock::now(&*self.clock)));
    }

    /// What a process named `worker` fires at this moment.
    async fn fire_as(&self, worker: &str, schedule: &Schedule) -> Vec<Fired> {
        self.fire_from(&self.files(), worker, schedule).await
    }

    fn files(&self) -> Files {
        Files(self.folder.path().to_owned(), self.blobs.clone())
    }

    async fn fire_from(&self, orders: &dyn Orders, worker: &str, schedule: &Schedule) -> Vec<Fired> {
        let (store, worker) = (self.store.clone(), WorkerId::new(worker).unwrap());
        let scheduler = Scheduler::new(store, orders, vec![schedule.clone()], worker);
        let (told, mut heard) = mpsc::unbounded_channel();
        scheduler.fire_due(&told).await.unwrap();
        drop(told);
        let mut fired = Vec::new();
        while let Some(one) = heard.recv().await {
            fired.push(one);
        }
        fired
    }

    async fn fire(&self, schedule: &Schedule) -> Vec<Fired> {
        self.fire_as("w1", schedule).await
    }

    /// Ends all jobs of a batch.
    async fn end(&self, batch: &BatchName) {
        let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
        for view in first(&*self.store, &filter, 100).await.unwrap() {
            self.store.cancel(view.job.id).await.unwrap();
        }
    }

    async fn paused(&self, batch: &BatchName) -> bool {
        self.store.batch(batch).await.unwrap().unwrap().paused
    }
}

fn states(fired: &[Fired]) -> Vec<(Timestamp, TickState)> {
    fired.iter().map(|one| (one.at, one.state)).collect()
}

#[tokio::test]
async fn a_tick_makes_a_batch_with_a_name_and_a_folder_of_its_own() {
    let world = World::new().await;
    assert!(world.fire(&schedule(Overlap::Skip)).await.is_empty(), "nothing of the past");
    world.at(1);
    let fired = world.fire(&schedule(Overlap::Skip)).await;
    assert_eq!(states(&fired), [(minute(1), TickState::Fired)]);
    assert_eq!((fired[0].lines, fired[0].late), (1, false));
    let batch = fired[0].batch.clone().unwrap();
    assert_eq!(batch.as_str(), "often@2026-11-21T12:01:00Z");
    let view = world.store.batch(&batch).await.unwrap().unwrap();
    assert_eq!((view.whole, &*view.batch.output), (true, "out/2026-11-21T12-01-00Z"));
    assert!(world.fire_as("w2", &schedule(Overlap::Skip)).await.is_empty(), "once over all processes");
}

#[tokio::test]
async fn a_tick_that_meets_an_outstanding_batch_is_skipped_and_says_why() {
    let (world, often) = (World::new().await, schedule(Overlap::Skip));
    world.at(1);
    let first = world.fire(&often).await.remove(0).batch.unwrap();
    world.at(2);
    let fired = world.fire(&often).await;
    assert_eq!(states(&fired), [(minute(2), TickState::Skipped)]);
    assert_eq!(fired[0].reason, "batch often@2026-11-21T12:01:00Z has 1 outstanding");
    world.end(&first).await;
    world.at(3);
    assert_eq!(states(&world.fire(&often).await), [(minute(3), TickState::Fired)]);
}

#[tokio::test]
async fn a_queued_tick_is_loaded_at_once_and_goes_when_the_one_before_has_ended() {
    let (world, often) = (World::new().await, schedule(Overlap::Queue));
    let mut batches = Vec::new();
    for (number, state) in [(1, TickState::Fired), (2, TickState::Waiting), (3, TickState::Waiting)] {
        world.at(number);
        let fired = world.fire(&often).await;
        assert_eq!(states(&fired), [(minute(number), state)]);
        batches.extend(fired[0].batch.clone());
    }
    assert!(!world.paused(&batches[0]).await && world.paused(&batches[1]).await);
    world.end(&batches[0]).await;
    assert_eq!(states(&world.fire(&often).await), [(minute(2), TickState::Fired)]);
    assert!(!world.paused(&batches[1]).await && world.paused(&batches[2]).await, "one after the other");
    world.store.pause_batch(&batches[1], true).await.unwrap();
    assert!(world.fire(&often).await.is_empty());
    assert!(world.paused(&batches[1]).await, "a person's pause stands");
    world.end(&batches[1]).await;
    assert_eq!(states(&world.fire(&often).await), [(minute(3), TickState::Fired)]);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_loaded_fails_its_tick_only() {
    let (world, often) = (World::new().await, schedule(Overlap::Skip));
    let file = world.folder.path().join("set.csv");
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, "model,prompt\nno-such-model,a cat\n").unwrap();
    world.at(1);
    let fired = world.fire(&often).await;
    assert_eq!(states(&fired), [(minute(1), TickState::Failed)]);
    assert!(fired[0].reason.contains("no-such-model"), "{}", fired[0].reason);
    std::fs::remove_file(&file).unwrap();
    world.at(2);
    assert_eq!(states(&world.fire(&often).await), [(minute(2), TickState::Failed)]);
    std::fs::write(&file, good).unwrap();
    assert!(world.fire(&often).await.is_empty(), "a tick that failed is not tried again");
    world.at(3);
    assert_eq!(states(&world.fire(&often).await), [(minute(3), TickState::Fired)]);
}

#[tokio::test]
async fn a_tick_that_cannot_be_loaded_holds_up_no_later_one_and_is_tried_again() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let (world, often) = (World::new().await, schedule(overlap));
        let poisoned = OutOfReach(world.files(), often.batch(minute(1)).unwrap());
        world.at(1);
        assert!(world.fire_from(&poisoned, "w1", &often).await.is_empty());
        world.at(2);
        let second = world.fire_from(&poisoned, "w1", &often).await;
        assert_eq!(states(&second), [(minute(2), TickState::Fired)], "{overlap:?}");
        world.at(3);
        let third = if overlap == Overlap::Skip { TickState::Skipped } else { TickState::Waiting };
        assert_eq!(states(&world.fire_from(&poisoned, "w2", &often).await), [(minute(3), third)]);
        world.end(second[0].batch.as_ref().unwrap()).await;
        let released = world.fire_from(&poisoned, "w2", &often).await;
        let expected = (overlap == Overlap::Queue).then_some((minute(3), TickState::Fired));
        assert_eq!(states(&released), Vec::from_iter(expected), "what waits goes on");
        assert_eq!(states(&world.fire(&often).await), [(minute(1), TickState::Fired)], "its place is in reach again");
    }
}

#[tokio::test]
async fn a_tick_whose_winner_died_in_the_load_is_redone_whole_however_late() {
    let (world, often) = (World::new().await, Schedule { catch_up: CatchUp::None, ..schedule(Overlap::Skip) });
    world.at(1);
    let claim = TickClaim {
        schedule: often.name.clone(),
        at: minute(1),
        late: false,
        after: None,
        passes: None,
        worker: WorkerId::new("dead").unwrap(),
        lease: Duration::from_secs(15),
    };
    assert!(matches!(world.store.tick(&claim).await.unwrap(), TickClaimed::Won(_)));
    let batch = often.batch(minute(1)).unwrap();
    let order =
        Arc::new(Files(world.folder.path().to_owned(), world.blobs.clone()).order(&often, minute(1), &batch).unwrap());
    let planned = plan(Some(&*world.store), &order).await.unwrap();
    world.store.begin_import(&planned.batch).await.unwrap();
    assert!(world.fire(&often).await.is_empty(), "the winner may live");
    world.at(60);
    let fired = world.fire(&often).await;
    assert_eq!(states(&fired), [(minute(1), TickState::Fired), (minute(60), TickState::Skipped)]);
    assert!(world.store.batch(&batch).await.unwrap().unwrap().whole);
}

#[tokio::test]
async fn a_batch_that_was_whole_when_its_winner_died_is_only_recorded() {
    let (world, often) = (World::new().await, schedule(Overlap::Skip));
    world.at(1);
    let batch = often.batch(minute(1)).unwrap();
    let order =
        Arc::new(Files(world.folder.path().to_owned(), world.blobs.clone()).order(&often, minute(1), &batch).unwrap());
    let planned = plan(Some(&*world.store), &order).await.unwrap();
    load(&*world.store, &world.blobs, &order, &planned).await.unwrap();
    std::fs::remove_file(world.folder.path().join("set.csv")).unwrap();
    assert_eq!(states(&world.fire(&often).await), [(minute(1), TickState::Fired)]);
}

#[tokio::test]
async fn after_downtime_the_latest_tick_is_late_and_the_rest_is_over() {
    let (world, often) = (World::new().await, schedule(Overlap::Queue));
    world.clock.advance(Duration::from_mins(10) + Duration::from_secs(30));
    let hourly = Timetable::new("*/4 * * * *".parse().unwrap(), "UTC".parse().unwrap());
    let fired = world.fire(&Schedule { timetable: hourly, ..often.clone() }).await;
    assert_eq!(states(&fired), [(minute(8), TickState::Fired)]);
    assert!(fired[0].late);
    assert_eq!(states(&world.fire(&often).await), [(minute(10), TickState::Waiting)], "what was passed is over");
}

#[tokio::test]
async fn a_person_fires_a_tick_of_its_own_whatever_is_outstanding() {
    let (world, often) = (World::new().await, schedule(Overlap::Skip));
    world.at(1);
    world.fire(&often).await;
    world.clock.advance(Duration::from_millis(5_120));
    let files = Files(world.folder.path().to_owned(), world.blobs.clone());
    let store = world.store.clone();
    let scheduler = Scheduler::new(store, &files, Vec::new(), WorkerId::new("p").unwrap());
    let fired = scheduler.trigger(&often).await.unwrap().unwrap();
    assert_eq!(fired.batch.unwrap().as_str(), "often@2026-11-21T12:01:05.12Z");
    assert_eq!(fired.state, TickState::Fired);
}

#[tokio::test]
async fn a_stopped_watch_signs_off() {
    let (world, often) = (World::new().await, schedule(Overlap::Skip));
    world.at(1);
    let files = Files(world.folder.path().to_owned(), world.blobs.clone());
    let store = world.store.clone();
    let scheduler = Scheduler::new(store, &files, vec![often], WorkerId::new("w1").unwrap());
    let ((stop, stopped), (told, mut heard)) = (watch::channel(false), mpsc::unbounded_channel());
    let until_fired = async {
        let fired = heard.recv().await.unwrap();
        stop.send_replace(true);
        fired
    };
    let ((), fired) = tokio::join!(scheduler.run(&stopped, &told), until_fired);
    assert_eq!(fired.at, minute(1));
    assert!(world.store.workers().await.unwrap().is_empty());
}

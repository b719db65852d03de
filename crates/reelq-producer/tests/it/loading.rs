//! Plans and loads of a manifest file over a store on disk.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::limits;
use reelq_files::Blobs;
use reelq_manifest::{Manifest, Vocabulary};
use reelq_model::{AccountName, BatchName, ProviderName, SharedClock, Status, SystemClock};
use reelq_producer::{Accounts, Error, Order, Overrides, Plan, PlanAccount, load, load_telling, plan};
use reelq_store::{SharedStore, Store as _};
use reelq_store_conformance::Forgetful;
use reelq_store_sqlite::SqliteStore;
use reelq_testkit::MemoryStore;

struct World {
    folder: tempfile::TempDir,
    store: SharedStore,
    blobs: Arc<Blobs>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: SharedClock = Arc::new(SystemClock::new());
        let store = Arc::new(MemoryStore::new(clock));
        let blobs = Arc::new(Blobs::open(folder.path().join("images")).unwrap());
        Self { folder, store, blobs }
    }

    fn write(&self, rows: &[&str]) {
        let text = format!("account,model,prompt\n{}\n", rows.join("\n"));
        std::fs::write(self.folder.path().join("jobs.csv"), text).unwrap();
    }

    fn order(&self, accounts: &[(&str, &str)]) -> Arc<Order> {
        self.order_as("jobs", accounts)
    }

    fn order_as(&self, batch: &str, accounts: &[(&str, &str)]) -> Arc<Order> {
        let path = self.folder.path().join("jobs.csv");
        let vocabulary = Vocabulary { fields: reelq_provider::field_names() };
        Arc::new(Order {
            part: reelq_producer::Part::default(),
            manifest: Manifest::open(Path::new(&path), &vocabulary).unwrap(),
            path: "jobs.csv".to_owned(),
            accounts: Accounts::new(accounts.iter().map(|(name, provider)| account(name, provider)), None),
            image_fields: reelq_provider::image_fields(),
            overrides: Overrides { output_root: "out".to_owned(), ..Overrides::default() },
            batch: BatchName::new(batch).unwrap(),
            file_name: "{row}.mp4".to_owned(),
            source: reelq_producer::ManifestSource::default(),
        })
    }

    async fn plan(&self, order: &Arc<Order>) -> Result<Plan, Error> {
        plan(Some(&*self.store), order).await
    }

    async fn load(&self, order: &Arc<Order>, plan: &Plan) -> Result<(), Error> {
        load(&*self.store, &self.blobs, order, plan).await.map(drop)
    }
}

fn account(name: &str, provider: &str) -> PlanAccount {
    let settings = reelq_provider::ProviderSettings::new(ProviderName::new(provider).unwrap());
    let limits = limits::least();
    PlanAccount { name: AccountName::new(name).unwrap(), provider: reelq_provider::open(&settings).unwrap(), limits }
}

const WAVE: &[(&str, &str)] = &[("w", "wave")];

#[tokio::test]
async fn a_manifest_that_changes_between_plan_and_load_enqueues_nothing() {
    let world = World::new();
    world.write(&["w,minimax-hailuo-2.3,one", "w,minimax-hailuo-2.3,two"]);
    let order = world.order(WAVE);
    let plan = world.plan(&order).await.unwrap();
    world.write(&["w,minimax-hailuo-2.3,one", "w,minimax-hailuo-2.3,six"]);
    assert!(matches!(world.load(&order, &plan).await, Err(Error::Changed)));
    let batch = world.store.batch(&plan.batch.name).await.unwrap();
    assert!(batch.is_none_or(|view| !view.whole), "an unfinished load is not worked on");
}

#[tokio::test]
async fn a_manifest_with_one_error_is_refused_with_all_of_them() {
    let world = World::new();
    world.write(&["w,minimax-hailuo-2.3,one", "x,minimax-hailuo-2.3,two", "w,no-such-model,three"]);
    let Err(Error::Refused(refused)) = world.plan(&world.order(WAVE)).await else { panic!("it was accepted") };
    assert_eq!(refused.0.error_count(), 2);
}

#[tokio::test]
async fn equal_rows_are_jobs_of_their_own_and_moved_rows_are_unchanged() {
    let world = World::new();
    world.write(&["w,minimax-hailuo-2.3,one", "w,minimax-hailuo-2.3,one", "w,minimax-hailuo-2.3,two"]);
    let order = world.order(WAVE);
    let first = world.plan(&order).await.unwrap();
    assert_eq!((first.changes.new, first.to_buy()), (3, 3));
    world.load(&order, &first).await.unwrap();
    world.write(&["w,minimax-hailuo-2.3,two", "w,minimax-hailuo-2.3,one", "w,minimax-hailuo-2.3,new"]);
    let second = world.plan(&world.order(WAVE)).await.unwrap();
    let changes = &second.changes;
    // The row in whose place the new one stands was moved, not replaced.
    assert_eq!((changes.new, changes.changed, changes.unchanged, changes.removed), (1, 0, 2, 1));
    assert_eq!(changes.standing.of(Status::Queued), 2);
}

#[tokio::test]
async fn a_row_without_an_account_is_refused_where_several_are_configured() {
    let world = World::new();
    world.write(&[",minimax-hailuo-2.3,one"]);
    assert!(world.plan(&world.order(WAVE)).await.is_ok(), "the only account is the default");
    let two = world.order(&[("w", "wave"), ("v", "wave")]);
    let Err(Error::Refused(refused)) = world.plan(&two).await else { panic!("it was accepted") };
    let told = refused.0.to_string();
    assert!(told.contains("a row must name its account"), "{told}");
}

#[tokio::test]
async fn a_row_without_an_account_means_the_only_one_whose_vendor_has_its_model() {
    let world = World::new();
    world.write(&[",minimax-hailuo-2.3,one"]);
    let plan = world.plan(&world.order(&[("w", "wave"), ("p", "poyo")])).await.unwrap();
    assert_eq!(plan.costs.iter().map(|line| line.account.as_str()).collect::<Vec<_>>(), ["w"]);
}

#[tokio::test]
async fn a_plan_under_another_name_tells_of_the_batch_that_the_manifest_made() {
    let world = World::new();
    world.write(&["w,minimax-hailuo-2.3,one"]);
    let order = world.order(WAVE);
    let plan = world.plan(&order).await.unwrap();
    assert_eq!(plan.same_manifest, None);
    world.load(&order, &plan).await.unwrap();
    assert_eq!(world.plan(&order).await.unwrap().same_manifest, None, "it is the same batch");
    let renamed = world.plan(&world.order_as("films", WAVE)).await.unwrap();
    assert_eq!((renamed.same_manifest, renamed.changes.new), (Some(order.batch.clone()), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_the_store_lost_in_mid_load_are_loaded_again() {
    let world = World::new();
    let rows: Vec<_> = (0..2_500).map(|row| format!("w,minimax-hailuo-2.3,row {row}")).collect();
    world.write(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let order = world.order(WAVE);
    let plan = world.plan(&order).await.unwrap();
    let (state, copy) = (world.folder.path().join("other"), world.folder.path().join("copy"));
    std::fs::create_dir(&state).unwrap();
    let store = Forgetful::open(&state, Arc::new(SystemClock::new()), |path, clock| {
        Arc::new(SqliteStore::open(path, clock).unwrap())
    });
    let lost = AtomicBool::new(false);
    let told = |lines: u64| {
        if lost.load(Ordering::SeqCst) {
            return;
        }
        let trouble = async {
            if lines == 1_000 {
                store.remember(&copy).await;
            } else {
                store.forget(&copy).await;
                lost.store(true, Ordering::SeqCst);
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(trouble));
    };
    load_telling(&store, &world.blobs, &order, &plan, &told).await.unwrap();
    let view = store.batch(&plan.batch.name).await.unwrap().unwrap();
    assert_eq!((lost.into_inner(), view.counts.total()), (true, 2_500));
}

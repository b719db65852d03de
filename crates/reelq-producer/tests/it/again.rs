//! The same manifest again: nothing of it is compared or loaded. Whatever went into it changes that.

use std::{path::PathBuf, sync::Arc};

use crate::limits;
use reelq_files::Blobs;
use reelq_manifest::{Manifest, Vocabulary};
use reelq_model::{AccountName, BatchName, Money, ProviderName, SharedClock, Status, SystemClock};
use reelq_producer::{Accounts, Error, LoadReport, ManifestSource, Order, Overrides, Plan, PlanAccount, load, plan};
use reelq_provider::{Overlay, ProviderSettings};
use reelq_store::{AccountLimits, ImportedWith, Purge, SharedStore};
use reelq_testkit::MemoryStore;

struct World {
    folder: tempfile::TempDir,
    store: SharedStore,
    blobs: Arc<Blobs>,
    /// What is said beside the manifest.
    catalogue: Option<String>,
    limits: AccountLimits,
    overrides: Overrides,
    usual: Option<&'static str>,
}

/// One thing that goes into a plan becomes another.
type Change = fn(&mut World);

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: SharedClock = Arc::new(SystemClock::new());
        let blobs = Arc::new(Blobs::open(folder.path().join("images")).unwrap());
        let limits = limits::least();
        let with = ImportedWith { format: 1, ..ImportedWith::default() };
        let overrides = Overrides { output_root: "out".to_owned(), loaded_with: Some(with), ..Overrides::default() };
        let world = Self {
            folder,
            store: Arc::new(MemoryStore::new(clock)),
            blobs,
            catalogue: None,
            limits,
            overrides,
            usual: Some("one"),
        };
        world.write("more.csv", "model,prompt,duration\nminimax-hailuo-2.3,a fox,6\n");
        world.manifest("a pig", "");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A manifest of three rows, one of them from another file.
    fn manifest(&self, prompt: &str, image: &str) {
        let image = if image.is_empty() { String::new() } else { format!("image_urls = [\"{image}\"]\n") };
        let text = format!(
            "[[jobs]]\nmodel = \"minimax-hailuo-2.3\"\nprompt = \"{prompt}\"\nduration = 6\n{image}\
             [[jobs]]\nmodel = \"minimax-hailuo-2.3\"\nprompt = \"a cow\"\nduration = 6\n\
             [[sources]]\npath = \"more.csv\"\n"
        );
        self.write("set.toml", text);
    }

    fn account(&self, name: &str) -> PlanAccount {
        let text = |text: &String| Overlay { path: "prices.toml".to_owned(), text: text.clone() };
        let settings = ProviderSettings {
            catalogue: self.catalogue.as_ref().map(text),
            ..ProviderSettings::new(ProviderName::new("wave").unwrap())
        };
        let provider = reelq_provider::open(&settings).unwrap();
        PlanAccount { name: AccountName::new(name).unwrap(), provider, limits: self.limits }
    }

    fn order(&self) -> Arc<Order> {
        let vocabulary = Vocabulary { fields: reelq_provider::field_names() };
        let usual = self.usual.map(|name| AccountName::new(name).unwrap());
        Arc::new(Order {
            part: reelq_producer::Part::default(),
            manifest: Manifest::open(&self.path("set.toml"), &vocabulary).unwrap(),
            path: "set.toml".to_owned(),
            accounts: Accounts::new(["one", "two"].map(|name| self.account(name)), usual),
            image_fields: reelq_provider::image_fields(),
            overrides: self.overrides.clone(),
            batch: BatchName::new("set").unwrap(),
            file_name: "{row}.mp4".to_owned(),
            source: ManifestSource { looks_elsewhere: true, ..ManifestSource::default() },
        })
    }

    async fn plan(&self) -> Plan {
        plan(Some(&*self.store), &self.order()).await.unwrap()
    }

    async fn load(&self, plan: &Plan) -> Result<LoadReport, Error> {
        load(&*self.store, &self.blobs, &self.order(), plan).await
    }

    async fn bring(&self) -> (Plan, LoadReport) {
        let plan = self.plan().await;
        let loaded = self.load(&plan).await.unwrap();
        (plan, loaded)
    }

    /// Whether bringing it again loads nothing, by the store's own mark.
    async fn is_left_alone(&self) -> bool {
        let before = self.store.imports_seen().await.unwrap().mark;
        let (plan, loaded) = self.bring().await;
        assert_eq!(loaded.loaded.lines, plan.lines);
        let alone = self.store.imports_seen().await.unwrap().mark == before;
        assert_eq!(alone, plan.unchanged);
        alone
    }
}

#[tokio::test]
async fn the_same_again_is_neither_compared_nor_loaded_and_tells_the_same() {
    let world = World::new();
    let (first, loaded) = world.bring().await;
    assert_eq!((first.unchanged, loaded.enqueued.new), (false, 3));
    let before = world.store.imports_seen().await.unwrap();
    let (again, loaded) = world.bring().await;
    assert!(again.unchanged);
    assert_eq!(world.store.imports_seen().await.unwrap(), before);
    assert_eq!((loaded.enqueued.new, loaded.enqueued.known, loaded.loaded.lines), (0, 3, 3));
    assert_eq!((again.rows, again.lines, &again.costs, again.content), (3, 3, &first.costs, first.content));
    assert_eq!((again.changes.new, again.changes.unchanged, again.changes.standing.of(Status::Queued)), (0, 3, 3));
    assert_eq!((again.amount(), again.to_buy(), again.unpriced()), (first.amount(), 3, first.unpriced()));
    assert_eq!(again.batch, first.batch);
}

#[tokio::test]
async fn each_thing_that_goes_into_a_plan_has_it_compared_anew() {
    let changes: [(&str, Change); 9] = [
        ("the manifest", |world| world.manifest("a sow", "")),
        ("another file", |world| world.write("more.csv", "model,prompt,duration\nminimax-hailuo-2.3,an owl,6\n")),
        ("the catalogue", |world| {
            world.catalogue = Some("[models.\"minimax-hailuo-2.3\"]\nabout = \"another\"\n".to_owned());
        }),
        ("an account's limits", |world| world.limits.requests_per_second = 2.0),
        ("the usual account", |world| world.usual = Some("two")),
        ("a default of the command line", |world| {
            world.overrides.loaded_with.as_mut().unwrap().set.push("duration=6".to_owned());
        }),
        ("the account of the command line", |world| {
            world.overrides.account = Some(AccountName::new("two").unwrap());
            world.overrides.loaded_with.as_mut().unwrap().account = Some("two".to_owned());
        }),
        ("the output place", |world| world.overrides.output = Some("elsewhere".to_owned())),
        ("the budget", |world| world.overrides.budget = Some(Money::from_micros(90_000_000))),
    ];
    for (what, change) in changes {
        let mut world = World::new();
        world.bring().await;
        change(&mut world);
        assert!(!world.is_left_alone().await, "{what}");
        assert!(world.is_left_alone().await, "{what}: the second time");
    }
}

/// As much of a PNG as tells its size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &size, &[8, 2, 0, 0, 0, 0, 0, 0, 0]].concat()
}

#[tokio::test]
async fn an_image_is_compared_by_its_bytes_and_kept_once_more() {
    let world = World::new();
    let image = |byte: u8| [png(640, 480), vec![byte; 9]].concat();
    world.write("pig.png", image(1));
    world.manifest("a pig", "pig.png");
    world.bring().await;
    let kept =
        || std::fs::read_dir(world.path("images")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let before = kept();
    assert_eq!(before.len(), 1);
    std::fs::remove_file(&before[0]).unwrap();
    assert!(world.is_left_alone().await);
    assert_eq!(kept(), before, "what was lost is there again");
    world.write("pig.png", image(2));
    assert!(!world.is_left_alone().await);
    assert!(world.is_left_alone().await);
}

#[tokio::test]
async fn what_was_purged_is_loaded_again() {
    let world = World::new();
    world.bring().await;
    let name = BatchName::new("set").unwrap();
    for view in reelq_store::first(world.store.as_ref(), &reelq_store::JobFilter::default(), 9).await.unwrap() {
        world.store.cancel(view.job.id).await.unwrap();
    }
    assert!(world.is_left_alone().await, "cancelled rows are no others");
    assert_eq!(world.plan().await.to_buy(), 0, "and are not bought");
    assert!(!matches!(world.store.purge(&name).await.unwrap(), Purge::Refused(_)));
    assert!(!world.is_left_alone().await);
}

#[tokio::test]
async fn a_part_that_waits_is_told_by_the_stores_sums() {
    let world = World::new();
    let (first, _) = world.bring().await;
    let jobs = reelq_store::first(world.store.as_ref(), &reelq_store::JobFilter::default(), 9).await.unwrap();
    world.store.cancel(jobs[0].job.id).await.unwrap();
    let again = world.plan().await;
    assert!(again.unchanged);
    assert_eq!((again.to_buy(), again.costs[0].jobs), (2, 3));
    assert_eq!(again.amount().micros() * 3, first.amount().micros() * 2);
}

#[tokio::test]
async fn a_manifest_that_changes_between_plan_and_load_is_noticed() {
    let world = World::new();
    world.bring().await;
    let planned = world.plan().await;
    assert!(planned.unchanged);
    world.manifest("a sow", "");
    assert!(matches!(world.load(&planned).await, Err(Error::Changed)));
}

#[tokio::test]
async fn a_batch_that_another_manifest_took_meanwhile_is_not_taken_for_the_same() {
    let mut world = World::new();
    world.bring().await;
    let planned = world.plan().await;
    world.manifest("a sow", "");
    world.bring().await;
    world.manifest("a pig", "");
    assert!(matches!(world.load(&planned).await, Err(Error::Changed)));
    world.overrides.loaded_with = None;
    assert!(!world.is_left_alone().await, "where nothing is kept of a load, it is compared");
    assert!(!world.is_left_alone().await);
}

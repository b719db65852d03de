//! What every command starts from: the checked configuration, the store, the clock.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_collector::{OutputImages, Place, StorageOptions};
use reelq_files::Blobs;
use reelq_http::Proxies;
use reelq_manifest::Vocabulary;
use reelq_model::{AccountName, BatchName, SharedClock};
use reelq_producer::KeepImages;
use reelq_store::{BatchDraft, BatchView, SharedStore, Store};
use reelq_store_redis::Patience;

use crate::{
    args::Global,
    commands::backup::held,
    config::{
        Config, Environment, Settings, StorePlace, problems,
        project::{Project, left_aside},
        shown_store,
    },
    failure::Failure,
    images,
    output::Out,
    providers::Adapters,
    running::PATIENCE,
    simulation, store,
};

/// What every command starts from.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    pub(crate) clock: SharedClock,
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    /// The vendors' adapters that were opened so far.
    pub(crate) adapters: Adapters,
    /// Different in every process on every machine: delays need variety, and workers names of their own.
    pub(crate) seed: u64,
    /// The folder that the command was started in, where that is not the project's: paths that were given count from it.
    start: Option<PathBuf>,
    /// Whether the state is the user's own, so that outputs must be found from every folder.
    is_users: bool,
    /// How long verbs are repeated while the store is unreachable.
    pub(crate) patience: Patience,
}

impl Session {
    /// Reads and checks the configuration; tells its warnings, and refuses its errors.
    pub(crate) fn open(
        global: &Global,
        environment: Environment,
        clock: SharedClock,
        out: Out,
    ) -> Result<Self, Failure> {
        let (start, project) = enter(global, &environment)?;
        let mut flags = global.flags();
        if let (Some(start), Some(store)) = (&start, &mut flags.store) {
            *store = store_from(start, store);
        }
        let mut settings = Settings::read(&flags, &environment, Path::new("."));
        let is_users = matches!(project, Project::User(_));
        if let Project::User(folder) = &project {
            settings.keep_state_in(folder);
        }
        if global.simulate {
            simulation::prepare(&mut settings);
        }
        let config = Config::from_settings(&mut settings);
        let found = problems(&settings);
        let Some(config) = config else { return Err(found.into()) };
        out.problems(&found);
        if let (Some(start), StorePlace::Sqlite(file)) = (&start, &config.store) {
            refuse_left_aside(start, file, global)?;
        }
        let mut global = global.clone();
        global.store = flags.store;
        Ok(Self {
            global,
            environment,
            clock,
            settings,
            config,
            adapters: Adapters::default(),
            seed: seed(),
            patience: Patience::new(PATIENCE),
            start,
            is_users,
        })
    }

    /// A path as it was given, as it is found from the project's folder.
    pub(crate) fn given(&self, path: &Path) -> PathBuf {
        self.start.as_ref().map_or_else(|| path.to_owned(), |start| start.join(path))
    }

    /// A path of the configuration as [`Self::given`] takes it.
    pub(crate) fn configured(&self, path: &Path) -> PathBuf {
        let absolute = self.start.is_some().then(|| std::path::absolute(path).ok()).flatten();
        absolute.unwrap_or_else(|| path.to_owned())
    }

    /// Whether other folders must find the outputs of this command's batches: workers elsewhere, or the user's next command.
    pub(crate) fn needs_absolute_outputs(&self) -> bool {
        self.is_shared() || self.is_users
    }

    /// Whether nothing is real.
    pub(crate) const fn is_simulated(&self) -> bool {
        self.global.simulate
    }

    /// Where the state is; a simulation has its own, apart from the real one.
    pub(crate) fn place(&self) -> StorePlace {
        if self.is_simulated() { self.config.store.simulated() } else { self.config.store.clone() }
    }

    /// The folder of what this machine keeps of the state.
    pub(crate) fn state_folder(&self) -> PathBuf {
        self.place().folder()
    }

    /// The store, made where there is none yet.
    pub(crate) async fn create_store(&self) -> Result<SharedStore, Failure> {
        let store = store::open(&self.place(), self).await?;
        self.tell_of_backup(&*store).await?;
        Ok(store)
    }

    /// The store to be read, where there is one: nothing of it is made, migrated or mended, and it need not be writable.
    pub(crate) async fn reading_if_any(&self) -> Result<Option<SharedStore>, Failure> {
        if !self.place().may_exist()? {
            return Ok(None);
        }
        let store = store::open_reading(&self.place(), self).await?;
        self.tell_of_backup(&*store).await?;
        Ok(Some(store))
    }

    /// The store to be read; without one there is nothing that the command could be about.
    pub(crate) async fn reading(&self) -> Result<SharedStore, Failure> {
        self.reading_if_any().await?.ok_or_else(|| self.no_state())
    }

    /// Says that the state came from a backup, until a person has accepted it.
    async fn tell_of_backup(&self, store: &dyn Store) -> Result<(), Failure> {
        if let Some(taken_at) = store.restored().await? {
            tracing::warn!("this state is a backup of {taken_at}; {}", held(self));
        }
        Ok(())
    }

    /// Whether workers may be on other machines, so that nothing of theirs may be kept on this one only.
    pub(crate) fn is_shared(&self) -> bool {
        self.config.store.is_shared()
    }

    /// The bytes of local images that are kept on this machine.
    pub(crate) fn blobs(&self) -> Result<Arc<Blobs>, Failure> {
        Ok(Arc::new(Blobs::open(self.state_folder().join("images"))?))
    }

    /// Where workers find the bytes of local images.
    pub(crate) fn images(&self, store: &SharedStore) -> Result<Arc<dyn reelq_submitter::Images>, Failure> {
        if !self.is_shared() {
            return Ok(Arc::new(self.blobs()?));
        }
        Ok(Arc::new(images::Shared(self.output_images(store))))
    }

    /// Image bytes under the output places of their batches.
    pub(crate) fn output_images(&self, store: &SharedStore) -> OutputImages {
        OutputImages::new(Arc::clone(store), Arc::clone(&self.clock), self.storage())
    }

    /// Where a load keeps the bytes of local images, for a batch whose outputs go to `place`.
    pub(crate) fn keep_images(&self, place: Place) -> Result<Box<dyn KeepImages>, Failure> {
        if !self.is_shared() {
            return Ok(Box::new(self.blobs()?));
        }
        Ok(Box::new(images::KeepShared(place)))
    }

    /// What opening an output place needs.
    pub(crate) fn storage(&self) -> StorageOptions {
        StorageOptions::from_environment(self.state_folder().join("parts"), |name| self.environment.plain(name))
    }

    /// The proxies between this machine and the outside; there are none to simulated vendors.
    pub(crate) fn proxies(&self) -> Proxies {
        if self.is_simulated() { Proxies::default() } else { self.environment.proxies() }
    }

    /// The store, where there is one.
    pub(crate) async fn store_if_any(&self) -> Result<Option<SharedStore>, Failure> {
        if self.place().may_exist()? { self.create_store().await.map(Some) } else { Ok(None) }
    }

    /// The store; without one there is nothing that the command could be about.
    pub(crate) async fn store(&self) -> Result<SharedStore, Failure> {
        self.store_if_any().await?.ok_or_else(|| self.no_state())
    }

    fn no_state(&self) -> Failure {
        let simulate = if self.is_simulated() { "" } else { " (simulated runs have their own state: add --simulate)" };
        Failure::usage(format!("there is no state at {} yet: nothing was run here{simulate}", self.place()))
    }

    /// The batch of this name.
    pub(crate) async fn batch(&self, store: &dyn Store, name: &BatchName) -> Result<BatchView, Failure> {
        let found = store.batch(name).await?;
        if let Some(view) = found {
            return Ok(view);
        }
        let known: Vec<_> = store.batches().await?.into_iter().map(|view| view.batch.name.to_string()).collect();
        let hint =
            if known.is_empty() { "there are none yet".to_owned() } else { format!("there are {}", known.join(", ")) };
        Err(Failure::usage(format!("there is no batch `{name}`: {hint}")))
    }

    /// Refuses an account that is not configured.
    pub(crate) fn known_account(&self, name: &AccountName) -> Result<(), Failure> {
        if self.config.accounts.contains_key(name) {
            return Ok(());
        }
        let known: Vec<_> = self.config.accounts.keys().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none is".to_owned() } else { known.join(", ") };
        Err(Failure::usage(format!("account `{name}` is not configured; configured: {known}")))
    }

    /// The flags that lead another command to the same state.
    pub(crate) fn flags(&self) -> String {
        let simulate = self.is_simulated().then(|| " --simulate".to_owned());
        let config =
            self.global.config.as_ref().map(|path| format!(" --config {}", quoted(&path.display().to_string())));
        let store = self.global.store.as_ref().map(|store| format!(" --store {}", quoted(&shown_store(store))));
        [simulate, config, store].into_iter().flatten().collect()
    }

    /// The command that tells what loading a batch's manifest again, in the same way, would do. It changes nothing.
    pub(crate) fn plan_command(&self, batch: &BatchDraft) -> String {
        let with = batch.loaded_with.clone().unwrap_or_default();
        let manifest = if with.manifest.is_empty() { &batch.manifest } else { &with.manifest };
        let flag = |name: &str, value: &String| format!(" {name} {}", quoted(value));
        let config = with.config.iter().filter(|_| self.global.config.is_none()).map(|path| flag("--config", path));
        let account = with.account.iter().map(|account| flag("--account", account));
        let output = with.output.iter().map(|place| flag("--output", place));
        let set = with.set.iter().map(|one| flag("--set", one));
        let flags: String = account.chain(output).chain(set).chain(config).collect();
        format!("reelq plan {} --batch {}{flags}{}", quoted(manifest), batch.name, self.flags())
    }

    /// The command that goes on with what is in the store for a batch, and adds nothing to it.
    pub(crate) fn continue_command(&self, batch: &BatchName) -> String {
        format!("reelq continue {batch}{}", self.flags())
    }

    /// The command that follows and fetches what a batch has bought, and buys nothing.
    pub(crate) fn follow_command(&self, batch: &BatchName) -> String {
        format!("reelq worker --batch {batch} --stages poll,collect --drain{}", self.flags())
    }
}

/// Goes to the project's folder. Returns where it came from, where that is another one.
fn enter(global: &Global, environment: &Environment) -> Result<(Option<PathBuf>, Project), Failure> {
    let Ok(start) = std::env::current_dir() else { return Ok((None, Project::Here)) };
    let project = Project::find(&start, &global.flags(), environment);
    let Project::Above(folder) = &project else { return Ok((None, project)) };
    std::env::set_current_dir(folder).map_err(|error| {
        Failure::usage(format!("the project's folder {} cannot be entered: {error}", folder.display()))
    })?;
    Ok((Some(start), project))
}

/// A `--store` as it was given in `start`.
fn store_from(start: &Path, store: &str) -> String {
    match store.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => format!("sqlite:{}", start.join(path).display()),
        _ => store.to_owned(),
    }
}

/// A state of an earlier version lies where the command was started: it knows what was bought, and must not be passed over.
fn refuse_left_aside(start: &Path, used: &Path, global: &Global) -> Result<(), Failure> {
    let Some(aside) = left_aside(start).filter(|_| global.store.is_none()) else { return Ok(()) };
    let used = std::path::absolute(used).unwrap_or_else(|_| used.to_owned());
    if aside == used {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "there is a state at {}, but the configuration of this project keeps its own at {}: what the first one bought would \
         be bought again. Use it with --store {}, or move it away if it is of no use any more",
        aside.display(),
        used.display(),
        quoted(&format!("sqlite:{}", aside.display()))
    )))
}

/// Containers may share process ids and moments of their start: the system's own randomness tells them apart.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// As a shell takes it for one word, and a command for no flag.
pub(crate) fn quoted(path: &str) -> String {
    if path.starts_with('-') {
        return quoted(&format!("./{path}"));
    }
    let plain =
        !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '='));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// The request field names that any vendor's catalogue knows.
pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary { fields: reelq_provider::field_names() }
}

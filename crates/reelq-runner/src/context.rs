//! What every command starts from: the checked configuration, the store, the clock.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_collector::StorageOptions;
use reelq_config::{Config, Environment, Flags, MergedSettings, Project, StorePlace, left_aside, problems};
use reelq_console::{CommandError, Out, quoted};
use reelq_files::Blobs;
use reelq_files::fresh;
use reelq_http::Proxies;
use reelq_model::SharedClock;
use reelq_store_redis::Patience;

use crate::{adapter_cache::AdapterCache, reaching::PATIENCE};

/// What the command line says for every command.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// What stands over the configuration.
    pub flags: Flags,
    /// `--simulate`.
    pub simulate: bool,
    /// The words of the command as it was typed, without the program's name.
    pub words: Vec<String>,
}

/// What every command starts from.
#[derive(Debug)]
pub struct CommandContext {
    /// What the command line says.
    pub invocation: Invocation,
    /// The environment, as it was when the program started.
    pub environment: Environment,
    /// The machine's clock.
    pub clock: SharedClock,
    /// Every key with where its value came from.
    pub settings: MergedSettings,
    /// The checked configuration.
    pub config: Config,
    /// The vendors' adapters that were opened so far.
    pub(crate) adapters: AdapterCache,
    /// Different in every process on every machine: delays need variety, and workers names of their own.
    pub seed: u64,
    /// The folder that the command was started in, where that is not the project's: paths that were given count from it.
    start: Option<PathBuf>,
    /// Whether the state is the user's own, so that outputs must be found from every folder.
    is_users: bool,
    /// How long verbs are repeated while the store is unreachable.
    pub patience: Patience,
}

impl CommandContext {
    /// Reads and checks the configuration; tells its warnings, and refuses its errors.
    pub fn open(
        invocation: &Invocation,
        environment: Environment,
        clock: SharedClock,
        out: Out,
    ) -> Result<Self, CommandError> {
        let (start, project) = enter(invocation, &environment)?;
        let mut flags = invocation.flags.clone();
        if let (Some(start), Some(store)) = (&start, &mut flags.store) {
            *store = store_from(start, store);
        }
        let mut settings = MergedSettings::read(&flags, &environment, Path::new("."));
        let is_users = matches!(project, Project::User(_));
        if let Project::User(folder) = &project {
            settings.keep_state_in(folder);
        }
        if invocation.simulate {
            reelq_config::simulate(&mut settings);
        }
        let config = Config::from_settings(&mut settings);
        let found = problems(&settings);
        let Some(config) = config else { return Err(found.into()) };
        out.problems(&found);
        if let (Some(start), StorePlace::Sqlite(file)) = (&start, &config.store) {
            refuse_left_aside(start, file, invocation)?;
        }
        let mut invocation = invocation.clone();
        invocation.flags.store = flags.store;
        Ok(Self {
            invocation,
            environment,
            clock,
            settings,
            config,
            adapters: AdapterCache::default(),
            seed: fresh::number(),
            patience: Patience::new(PATIENCE),
            start,
            is_users,
        })
    }

    /// A path as it was given, as it is found from the project's folder.
    pub fn given(&self, path: &Path) -> PathBuf {
        self.start.as_ref().map_or_else(|| path.to_owned(), |start| start.join(path))
    }

    /// A path of the configuration as [`Self::given`] takes it.
    pub fn configured(&self, path: &Path) -> PathBuf {
        let absolute = self.start.is_some().then(|| std::path::absolute(path).ok()).flatten();
        absolute.unwrap_or_else(|| path.to_owned())
    }

    /// Whether other folders must find the outputs of this command's batches: workers elsewhere, or the user's next command.
    pub fn needs_absolute_outputs(&self) -> bool {
        self.is_shared() || self.is_users
    }

    /// Whether nothing is real.
    pub const fn is_simulated(&self) -> bool {
        self.invocation.simulate
    }

    /// Where the state is; a simulation has its own, apart from the real one.
    pub fn place(&self) -> StorePlace {
        if self.is_simulated() { self.config.store.simulated() } else { self.config.store.clone() }
    }

    /// The folder of what this machine keeps of the state.
    pub fn state_folder(&self) -> PathBuf {
        self.place().folder()
    }

    /// Whether workers may be on other machines, so that nothing of theirs may be kept on this one only.
    pub fn is_shared(&self) -> bool {
        self.config.store.is_shared()
    }

    /// The bytes of local images that are kept on this machine.
    pub fn blobs(&self) -> Result<Arc<Blobs>, CommandError> {
        Ok(Arc::new(Blobs::open(self.state_folder().join("images"))?))
    }

    /// What opening an output place needs.
    pub fn storage(&self) -> StorageOptions {
        StorageOptions::from_environment(self.state_folder().join("parts"), |name| self.environment.plain(name))
    }

    /// The proxies between this machine and the outside; there are none to simulated vendors.
    pub fn proxies(&self) -> Proxies {
        if self.is_simulated() { Proxies::default() } else { self.environment.proxies() }
    }
}

/// Goes to the project's folder. Returns where it came from, where that is another one.
fn enter(invocation: &Invocation, environment: &Environment) -> Result<(Option<PathBuf>, Project), CommandError> {
    let Ok(start) = std::env::current_dir() else { return Ok((None, Project::Here)) };
    let project = Project::find(&start, &invocation.flags, environment);
    let Project::Above(folder) = &project else { return Ok((None, project)) };
    std::env::set_current_dir(folder).map_err(|error| {
        CommandError::usage(format!("the project's folder {} cannot be entered: {error}", folder.display()))
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
fn refuse_left_aside(start: &Path, used: &Path, invocation: &Invocation) -> Result<(), CommandError> {
    let Some(aside) = left_aside(start).filter(|_| invocation.flags.store.is_none()) else { return Ok(()) };
    let used = std::path::absolute(used).unwrap_or_else(|_| used.to_owned());
    if aside == used {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "there is a state at {}, but the configuration of this project keeps its own at {}: what the first one bought would \
         be bought again. Use it with --store {}, or move it away if it is of no use any more",
        aside.display(),
        used.display(),
        quoted(&format!("sqlite:{}", aside.display()))
    )))
}

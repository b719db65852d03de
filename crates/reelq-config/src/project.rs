//! Which folder a command works in: the project's, found upwards as git finds its own, so that one configuration has one
//! state from wherever it is used.

use std::path::{Path, PathBuf};

use super::{Environment, Flags};

/// The configuration file of a project.
const CONFIG: &str = "reelq.toml";
/// The state of a project whose configuration does not say where it is.
const STATE: &str = ".reelq/state.db";

/// Where a command works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project {
    /// In the folder that it was started in.
    Here,
    /// In a folder above.
    Above(PathBuf),
    /// In the folder that it was started in, but with the one state of the user's own configuration: this folder.
    User(PathBuf),
}

impl Project {
    /// Finds it for a command that was started in `start`. A file that is named needs no look-up.
    pub fn find(start: &Path, flags: &Flags, environment: &Environment) -> Self {
        if flags.config.is_some() || environment.config_file().is_some() {
            return Self::Here;
        }
        let above = |name: &str| start.ancestors().find(|folder| is_ours(&folder.join(name), start));
        match above(CONFIG).or_else(|| above(STATE)) {
            Some(folder) if folder == start => Self::Here,
            Some(folder) => Self::Above(folder.to_owned()),
            None if environment.user_config().is_some_and(|file| may_be_there(&file)) => {
                environment.user_state().map_or(Self::Here, Self::User)
            }
            None => Self::Here,
        }
    }
}

/// Whether the file is there, and of whoever owns the folder that the command was started in: another user's must not say
/// where our keys are sent.
#[cfg(unix)]
fn is_ours(file: &Path, start: &Path) -> bool {
    use std::{io::ErrorKind::PermissionDenied, os::unix::fs::MetadataExt as _};
    let owner = |path: &Path| match std::fs::metadata(path) {
        // What this user may not look at belongs to whoever shut the folder.
        Err(error) if error.kind() == PermissionDenied => {
            path.parent().and_then(|folder| std::fs::metadata(folder).ok()).map(|found| found.uid())
        }
        found => found.map(|found| found.uid()).ok(),
    };
    owner(file).is_some_and(|found| found == 0 || Some(found) == owner(start) || file.parent() == Some(start))
}

#[cfg(not(unix))]
fn is_ours(file: &Path, _: &Path) -> bool {
    file.is_file()
}

/// What this user may not look at counts as there: opening it says why it cannot be read.
fn may_be_there(file: &Path) -> bool {
    file.try_exists().unwrap_or(true)
}

/// An older state in the folder that a command was started in, which the project's would leave aside.
pub fn left_aside(start: &Path) -> Option<PathBuf> {
    let file = start.join(STATE);
    may_be_there(&file).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(home: &Path) -> Environment {
        Environment::of(&[("HOME", home.to_str().unwrap())])
    }

    fn write(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn the_nearest_configuration_above_is_the_projects() {
        let folder = tempfile::tempdir().unwrap();
        let (root, flags) = (folder.path(), Flags::default());
        let (sub, environment) = (root.join("a/b"), environment(root));
        std::fs::create_dir_all(&sub).unwrap();
        assert_eq!(Project::find(&sub, &flags, &environment), Project::Here, "there is none");
        write(&root.join(".config/reelq/config.toml"));
        let state = root.join(".local/state/reelq");
        assert_eq!(Project::find(&sub, &flags, &environment), Project::User(state));
        write(&root.join(".reelq/state.db"));
        assert_eq!(Project::find(&sub, &flags, &environment), Project::Above(root.to_owned()), "a state alone");
        write(&root.join("a/reelq.toml"));
        assert_eq!(Project::find(&sub, &flags, &environment), Project::Above(root.join("a")));
        assert_eq!(Project::find(&root.join("a"), &flags, &environment), Project::Here);
        let named = Flags { config: Some("x.toml".into()), ..Flags::default() };
        assert_eq!(Project::find(&sub, &named, &environment), Project::Here, "a named file is enough");
    }
}

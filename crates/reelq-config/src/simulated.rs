//! `--simulate`: accounts, limits and a state of its own, so that nothing real is touched.

use std::path::{Path, PathBuf};

use super::{MergedSettings, Origin};

/// Accounts of a simulation where none is configured: one a vendor.
const ACCOUNTS: [&str; 3] = ["wave", "apixo", "poyo"];

/// Limits that suit vendors who are quick; a limit that is configured stays.
const QUICK: [(&str, &str); 8] = [
    ("requests_per_second", "50.0"),
    ("burst", "10"),
    ("polls_per_second", "500.0"),
    ("max_in_flight", "100"),
    ("request_timeout", "10s"),
    ("running_timeout", "5m"),
    ("retries", "5"),
    ("patience", "30s"),
];

/// Status requests that suit tasks of a second.
const QUICK_POLLS: [(&str, &str); 3] = [("first", "150ms"), ("min", "100ms"), ("max", "2s")];

/// Turns the settings into those of a simulation: same accounts, but simulated vendors and no keys.
pub fn simulate(settings: &mut MergedSettings) {
    let from = Origin::Simulation;
    if settings.accounts().is_empty() {
        for name in ACCOUNTS {
            settings.set_usual(&["accounts", name, "provider"], name, &from);
        }
    }
    for account in settings.accounts() {
        for key in ["api_key_env", "api_key_file", "base_url"] {
            settings.unset(&["accounts", &account, key]);
        }
        for (key, value) in QUICK {
            settings.set_usual(&["accounts", &account, key], value, &from);
        }
        for (key, value) in QUICK_POLLS {
            settings.set_usual(&["accounts", &account, "poll", key], value, &from);
        }
    }
    settings.set_usual(&["downloads", "min_free"], "50MB", &from);
    settings.fill_defaults();
}

/// The folder of a simulation's state: beside the real one.
pub(crate) fn state_file(real: &Path) -> PathBuf {
    real.parent().unwrap_or(Path::new("")).join("simulate").join("state.db")
}

/// The journal of a simulation: beside the real one.
pub(crate) fn journal(real: &Path) -> PathBuf {
    real.parent().unwrap_or(Path::new("")).join("simulate").join("journal")
}

/// The output root of a simulation: apart from real outputs.
pub fn simulated_output(real: &str) -> String {
    format!("{}/simulated", real.trim_end_matches('/'))
}

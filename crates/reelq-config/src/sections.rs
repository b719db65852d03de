//! The merged settings as typed sections, after the rules that span several keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use reelq_model::AccountName;
use reelq_producer::schedule::Schedule;
use serde_json::{Map, Value as Json};
use url::{Host, Url};

use super::{
    AccountConfig, ConfigProblem, MergedSettings, StorePlace, between,
    layers::Setting,
    origin::Origin,
    renamed, schedules,
    value::ConfigValue,
    values::{folder_of, span, text},
};

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the state lives.
    pub store: StorePlace,
    /// How long a job stays in a dead worker's hands.
    pub lease: Duration,
    /// A run, or a worker that drains, ends once nothing is due within this time.
    pub wait_at_most: Duration,
    /// How long finished batches are kept; for ever where nothing is said.
    pub retention: Option<Duration>,
    /// So many requests of purged batches are kept, the newest.
    pub keep_bought: u64,
    /// The folder below which batches without an output place of their own put their files.
    pub output: String,
    /// What is logged.
    pub log: String,
    /// The files that are laid over the vendors' catalogues, by vendor.
    pub catalogue: BTreeMap<String, PathBuf>,
    /// The schedules, by name.
    pub schedules: Vec<Schedule>,
    /// The accounts.
    pub accounts: BTreeMap<AccountName, AccountConfig>,
    /// The account of rows that name neither an account nor a provider, where one is said.
    pub default_account: Option<AccountName>,
    /// Fields of rows that no one else gives them, and the file that says so.
    pub row_defaults: Option<(PathBuf, Map<String, Json>)>,
    downloads: Map<String, Json>,
}

impl Config {
    /// Applies the rules that span several keys; `None` where the settings are not sound.
    pub fn from_settings(settings: &mut MergedSettings) -> Option<Self> {
        let refused: BTreeSet<String> = settings.complaints.iter().map(|complaint| complaint.key.clone()).collect();
        for name in settings.accounts() {
            check_account(settings, &name, &refused);
        }
        renamed::check(settings);
        check_redis(settings);
        check_default_account(settings);
        schedules::check(settings);
        settings.is_sound().then(|| Self::build(settings)).flatten()
    }

    fn build(settings: &MergedSettings) -> Option<Self> {
        let accounts = settings.accounts().into_iter().filter_map(|name| account(settings, &name));
        Some(Self {
            store: StorePlace::build(settings)?,
            lease: span(settings, "lease")?,
            wait_at_most: span(settings, "wait_at_most")?,
            retention: span(settings, "retention"),
            keep_bought: keep_bought(settings)?,
            output: text(settings, &["output"])?,
            log: text(settings, &["log"])?,
            catalogue: catalogue(settings),
            schedules: schedules::read(settings),
            accounts: accounts.map(|account| (account.name.clone(), account)).collect(),
            default_account: text(settings, &["defaults", "account"]).and_then(|name| AccountName::new(name).ok()),
            row_defaults: row_defaults(settings),
            downloads: below(settings, &["downloads"]),
        })
    }

    /// The provider of the account that acts for the jobs of `name`: of that account, or of one that had its name before.
    pub fn acting_for(&self, name: &AccountName) -> Option<&str> {
        let renamed = || self.accounts.values().find(|account| account.was.as_ref() == Some(name));
        self.accounts.get(name).or_else(renamed).map(|account| account.provider.as_str())
    }

    /// The `[downloads]` section as the crate that owns it reads it.
    pub fn downloads<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Json::Object(self.downloads.clone()))
    }
}

/// `[defaults]` without what is no field of a row.
fn row_defaults(settings: &MergedSettings) -> Option<(PathBuf, Map<String, Json>)> {
    let (_, first) = settings.under(&["defaults"]).next()?;
    let file = match &first.origin {
        Origin::File { path, .. } => path.clone(),
        _ => PathBuf::from("reelq.toml"),
    };
    let mut fields = below(settings, &["defaults"]);
    fields.shift_remove("account");
    (!fields.is_empty()).then_some((file, fields))
}

fn check_default_account(settings: &mut MergedSettings) {
    let Some(setting) = settings.get(&["defaults", "account"]) else { return };
    let name = text(settings, &["defaults", "account"]).unwrap_or_default();
    let accounts = settings.accounts();
    if !accounts.contains(&name) {
        let complaint = ConfigProblem::error(&setting.origin, "defaults.account", "must be a configured account");
        let hint = format!("configured: {}", accounts.join(", "));
        settings.complaints.push(complaint.value(&name).hint(hint));
    }
}

fn keep_bought(settings: &MergedSettings) -> Option<u64> {
    settings.get(&["keep_bought"])?.value.to_json().as_u64()
}

fn catalogue(settings: &MergedSettings) -> BTreeMap<String, PathBuf> {
    let overlay = |(path, setting): (&Vec<String>, &Setting)| match (path.as_slice(), &setting.value) {
        ([first, provider], ConfigValue::Text(file)) if first == "catalogue" => {
            Some((provider.clone(), folder_of(&setting.origin).join(file)))
        }
        _ => None,
    };
    settings.iter().filter_map(overlay).collect()
}

/// Everything below a prefix as a nested object.
fn below(settings: &MergedSettings, prefix: &[&str]) -> Map<String, Json> {
    let mut object = Map::new();
    for (path, setting) in settings.under(prefix) {
        match &path[prefix.len()..] {
            [name] => {
                object.insert(name.clone(), setting.value.to_json());
            }
            [table, name] => {
                let table = object.entry(table.clone()).or_insert_with(|| Json::Object(Map::new()));
                if let Json::Object(table) = table {
                    table.insert(name.clone(), setting.value.to_json());
                }
            }
            _ => {}
        }
    }
    object
}

fn account(settings: &MergedSettings, name: &str) -> Option<AccountConfig> {
    let provider = text(settings, &["accounts", name, "provider"])?;
    let key_file = settings.get(&["accounts", name, "api_key_file"]);
    let folder = key_file.map(|setting| folder_of(&setting.origin)).unwrap_or_default();
    let values = below(settings, &["accounts", name]);
    Some(AccountConfig::new(AccountName::new(name).ok()?, provider, values, folder))
}

fn check_redis(settings: &mut MergedSettings) {
    let get = |key: &str| settings.get(&["redis", key]);
    let mut found = Vec::new();
    for (variable, file) in [("password_env", "password_file"), ("sentinel_password_env", "sentinel_password_file")] {
        if let (Some(_), Some(there)) = (get(variable), get(file)) {
            let rule = format!("must not stand beside {variable}");
            let complaint = ConfigProblem::error(&there.origin, &format!("redis.{file}"), rule);
            found.push(complaint.hint("keep one of the two"));
        }
    }
    for (one, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        if let (Some(there), None) = (get(one), get(other)) {
            let key = format!("redis.{one}");
            found.push(ConfigProblem::error(&there.origin, &key, format!("must have redis.{other} beside it")));
        }
    }
    settings.complaints.extend(found);
}

/// `refused` are the keys that were complained about before.
fn check_account(settings: &mut MergedSettings, name: &str, refused: &BTreeSet<String>) {
    let get = |key: &str| settings.get(&["accounts", name, key]);
    let named = |key: &str| format!("accounts.{name}.{key}");
    let mut found = Vec::new();
    if get("provider").is_none() && !refused.contains(&named("provider")) {
        let origin = origin_of(settings, name);
        let complaint = ConfigProblem::error(&origin, &named("provider"), "must be given for every account");
        found.push(complaint.hint("provider = \"wave\", \"apixo\" or \"poyo\""));
    }
    if let (Some(_), Some(file)) = (get("api_key_env"), get("api_key_file")) {
        let complaint = ConfigProblem::error(&file.origin, &named("api_key_file"), "must not stand beside api_key_env");
        found.push(complaint.hint("keep one of the two"));
    }
    if let Some(Setting { value: ConfigValue::Text(dialect), origin }) = get("dialect") {
        found.extend(dialect_complaint(settings, name, dialect, origin));
    }
    if let Some(Setting { value: ConfigValue::Text(url), origin }) = get("base_url") {
        let allowed = get("allow_http").is_some_and(|setting| setting.value == ConfigValue::Switch(true));
        if !allowed && is_clear(url) {
            let rule = "must be https where it is another machine: the key would travel in the clear";
            let complaint = ConfigProblem::error(origin, &named("base_url"), rule).value(url);
            found.push(complaint.hint("write https://, or add allow_http = true to the account if that is meant"));
        }
    }
    found.extend(account(settings, name).into_iter().flat_map(|account| between::complaints(settings, &account)));
    settings.complaints.extend(found);
}

fn dialect_complaint(settings: &MergedSettings, name: &str, dialect: &str, origin: &Origin) -> Option<ConfigProblem> {
    let provider = text(settings, &["accounts", name, "provider"])?;
    let known = reelq_provider::dialects(&provider);
    if known.contains(&dialect) {
        return None;
    }
    let key = format!("accounts.{name}.dialect");
    let rule = if known.is_empty() {
        format!("must be left out: {provider} has one dialect only")
    } else {
        format!("must be one of {}", known.join(", "))
    };
    Some(ConfigProblem::error(origin, &key, rule).value(dialect))
}

/// Where an account's table is, as well as can be told from its keys.
fn origin_of(settings: &MergedSettings, name: &str) -> Origin {
    let prefix = ["accounts", name];
    let set = settings.under(&prefix).filter(|(_, setting)| setting.origin != Origin::Default);
    set.map(|(_, setting)| setting.origin.clone()).next().unwrap_or(Origin::Default)
}

fn is_clear(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    };
    url.scheme() == "http" && !loopback
}

//! The keys that stand in no table, and those of `[redis]` and `[catalogue]`.

use std::time::Duration;

use super::{
    defaults::KeyDefault::{Text, Words},
    key::{ConfigKey, key},
};
use crate::{kind::ValueKind, range::Spans};

/// Shorter leases end in the midst of usual work, longer ones leave the jobs of dead workers lie.
const LEASES: Spans = Spans::between(Duration::from_secs(1), Duration::from_mins(10));

/// Keys that stand in no table.
pub(super) const TOP: &[ConfigKey] = &[
    key(
        &["store"],
        ValueKind::Store,
        Text("sqlite:.reelq/state.db"),
        "where the state lives: a file, or a server of Redis ([addresses](redis.md#connecting))",
    ),
    key(
        &["namespace"],
        ValueKind::Namespace,
        Text("default"),
        "whose keys on a server: teams that share one keep apart. Simulated runs use `NAMESPACE-simulated`, so no name may end with `-simulated`",
    ),
    key(
        &["durability"],
        ValueKind::Choice(&["strict", "normal"]),
        Text("normal"),
        "over Redis. `strict`: each paid request waits until the server has its intent on disk ([durability](redis.md#durability))",
    ),
    key(
        &["journal"],
        ValueKind::Text,
        Text(".reelq/journal"),
        "over Redis: the folder, on a local disk, of what this machine sent; relative to this configuration file. Keep it over restarts",
    ),
    key(&["lease"], ValueKind::Span(LEASES), Text("15s"), "how long a dead worker's jobs stay in its hands"),
    key(&["wait_at_most"], ValueKind::Span(Spans::ANY), Text("15m"), WAIT_AT_MOST),
    key(
        &["retention"],
        ValueKind::Span(Spans::ANY),
        Words("for ever"),
        "workers purge batches that ended longer ago, for example `30d` ([what a purge forgets](operations.md#purging))",
    ),
    key(
        &["keep_bought"],
        ValueKind::Whole { min: 0, max: 100_000_000 },
        Text("1000000"),
        "so many requests of purged batches are kept in mind, the newest, about 150 bytes each, so that running a purged manifest again asks first; `0` keeps none",
    ),
];

/// More of them.
pub(super) const OUTPUT: &[ConfigKey] = &[
    key(&["output"], ValueKind::Text, Text("out"), "where outputs go that name no place"),
    key(&["log"], ValueKind::Text, Text("warn"), "what is logged to stderr"),
];

const WAIT_AT_MOST: &str = "a task that is well is waited for however long it takes; otherwise a run, or a worker with `--drain`, ends with 5 once nothing that is left is due within this time, and says what waits for what; the same command, or any worker, goes on ([waiting](operations.md#waiting)). Flag: `--wait-at-most`";

/// `[redis]`.
pub(super) const REDIS: &[ConfigKey] = &[
    key(
        &["redis", "password_env"],
        ValueKind::Variable,
        Words("that of the address"),
        "the variable that holds the server's password",
    ),
    key(
        &["redis", "password_file"],
        ValueKind::Text,
        Words("that of the address"),
        "the same from a file (relative to this configuration file), read as a key's file is; one of the two",
    ),
    key(
        &["redis", "sentinel_user"],
        ValueKind::Text,
        Words("none"),
        "whom the sentinels know reelq as, where they ask; theirs are not the server's",
    ),
    key(
        &["redis", "sentinel_password_env"],
        ValueKind::Variable,
        Words("none"),
        "the variable that holds the sentinels' password, where they ask for one",
    ),
    key(&["redis", "sentinel_password_file"], ValueKind::Text, Words("none"), "the same from a file; one of the two"),
    key(
        &["redis", "ca_file"],
        ValueKind::Text,
        Words("the system's"),
        "authorities, PEM, that may have signed the server's certificate",
    ),
    key(
        &["redis", "cert_file"],
        ValueKind::Text,
        Words(""),
        "this machine's own certificate, where the server asks for one; with `key_file`",
    ),
    key(&["redis", "key_file"], ValueKind::Text, Words(""), "the key of that certificate"),
];

/// `[defaults]`.
pub(super) const ROW_DEFAULTS: &[ConfigKey] = &[
    key(
        &["defaults", "account"],
        ValueKind::Account,
        Words(""),
        "the account of rows that name neither an account nor a provider. Flag: `--account`",
    ),
    key(&["defaults", "model"], ValueKind::Text, Words(""), "the model of rows that name none"),
    key(
        &["defaults", "*"],
        ValueKind::Field,
        Words(""),
        "any other field of a row, such as `duration` or `resolution`; `--set`, the manifest's own defaults and its rows go before it",
    ),
    key(&["defaults", "*", "*"], ValueKind::Field, Words(""), "a field of a field, such as `extra.prompt_optimizer`"),
];

/// `[catalogue]`.
pub(super) const CATALOGUE: &[ConfigKey] = &[
    key(&["catalogue", "wave"], ValueKind::Text, Words(""), OVERLAY),
    key(&["catalogue", "apixo"], ValueKind::Text, Words(""), OVERLAY),
    key(&["catalogue", "poyo"], ValueKind::Text, Words(""), OVERLAY),
];

const OVERLAY: &str =
    "a file that is laid over this vendor's models, rules and prices, relative to this configuration file";

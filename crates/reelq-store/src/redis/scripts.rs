//! The scripts, each joined from the pieces that it needs.

use super::link::Script;

macro_rules! piece {
    ($file:literal) => {
        include_str!(concat!("scripts/", $file, ".lua"))
    };
}

/// A script that moves or reads records: every piece that most need, those that only it needs, and its own text behind
/// them. No script can have more than 200 names at its top.
macro_rules! script {
    ($name:ident, $file:literal $(, with $piece:literal)*) => {
        pub(super) static $name: Script = Script::new(
            $file,
            &[
                piece!("start"),
                piece!("keys"),
                piece!("later"),
                piece!("record"),
                piece!("books"),
                piece!("queues"),
                piece!("leases"),
                piece!("tokens"),
                piece!("money"),
                $(piece!($piece),)*
                piece!($file),
            ],
        );
    };
}

script!(ACCOUNTS, "accounts");
script!(BATCHES, "batches");
script!(BEGIN_LOAD, "begin_load", with "clear");
script!(BREAKER, "breaker");
script!(CANCEL, "cancel");
script!(CHANGE, "change", with "tasks");
script!(CLAIM, "claim");
script!(ENQUEUE, "enqueue");
script!(EXTEND, "extend");
script!(FINISH_LOAD, "finish_load");
script!(HEAL, "heal");
script!(HEARTBEAT, "heartbeat");
script!(HISTORY, "history");
script!(HOLD_BATCH, "hold_batch");
script!(KNOWN, "known");
script!(NOW, "now");
script!(OPEN, "open");
script!(PACE, "pace");
script!(PAUSE_ACCOUNT, "pause_account");
script!(PAUSE_BATCH, "pause_batch");
script!(PURGE, "purge", with "tasks", with "clear");
script!(READ, "read");
script!(RELEASE, "release");
script!(RESUME_ACCOUNT, "resume_account");
script!(SELECT, "select");
script!(SET_ASIDE, "set_aside");
script!(SET_BREAKER, "set_breaker");
script!(SET_BUDGET, "set_budget");
script!(SET_LIMITS, "set_limits");
script!(SET_PACE, "set_pace");
script!(SIGN_OFF, "sign_off");
script!(TICKS, "ticks");
script!(WORKERS, "workers");

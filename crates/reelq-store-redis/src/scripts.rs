//! The scripts, each joined from the pieces that it needs.

use super::link::Script;

macro_rules! piece {
    ($file:literal) => {
        include_str!(concat!("scripts/", $file, ".lua"))
    };
}

/// A script that moves or reads records: every piece that most need, those that only it needs, and its own text behind
/// them. Lua gives a function 200 names at its top: the script's own text is a function of its own, beside the pieces.
macro_rules! script {
    ($name:ident, $file:literal $(, with $piece:literal)*) => {
        pub(super) static $name: Script = Script::new(
            $file,
            &[
                piece!("start"),
                piece!("keys"),
                piece!("later"),
                piece!("guard"),
                piece!("record"),
                piece!("books"),
                piece!("queues"),
                piece!("leases"),
                piece!("tokens"),
                piece!("money"),
                $(piece!($piece),)*
                "return (function()\n",
                piece!($file),
                "end)()\n",
            ],
        );
    };
}

script!(ACCOUNTS, "accounts");
script!(BATCHES, "batches");
script!(BEGIN_CANCEL, "begin_cancel", with "clear", with "room");
script!(BEGIN_LOAD, "begin_import", with "clear");
script!(BREAKER, "breaker");
script!(CANCEL, "cancel", with "room");
script!(CHANGE, "change", with "tasks", with "full");
script!(CLAIM, "claim", with "full");
script!(END_CANCEL, "end_cancel", with "room");
script!(ENQUEUE, "enqueue");
script!(EXTEND, "extend", with "room");
script!(FINISH_LOAD, "commit_import");
script!(FOLDERS, "folders", with "absent");
script!(HEAL, "heal");
script!(HEARTBEAT, "heartbeat", with "room");
script!(HISTORY, "history");
script!(HOLD_BATCH, "acquire_run_lock");
script!(KNOWN, "known");
script!(NOTED, "noted");
script!(NOW, "now");
script!(OPEN, "open");
script!(PACE, "pace");
script!(PAUSE_ACCOUNT, "pause_account", with "room");
script!(PAUSE_BATCH, "pause_batch", with "room");
script!(PURGE, "purge", with "tasks", with "clear", with "room");
script!(READ, "read");
script!(RELEASE, "release", with "room");
script!(REMOVE, "remove", with "tasks", with "room");
script!(REQUESTS, "requests", with "room");
script!(RESUME_ACCOUNT, "resume_account", with "room");
script!(SELECT, "select");
script!(SET_ASIDE, "set_aside", with "room");
script!(SET_BREAKER, "set_breaker", with "room");
script!(SET_BUDGET, "set_budget", with "room");
script!(SET_LIMITS, "set_limits", with "room");
script!(SET_PACE, "set_pace", with "room");
script!(SIGN_OFF, "deregister", with "room");
script!(TICKS, "ticks");
script!(WORKERS, "workers");

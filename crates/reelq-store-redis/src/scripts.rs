//! `script!`: how a script is joined from the pieces that it needs. Each stands in the room that calls it; those that several rooms
//! call stand here.

macro_rules! piece {
    ($file:literal) => {
        include_str!(concat!("scripts/", $file, ".lua"))
    };
}

/// A script: what every one begins with, the pieces that it needs, in the order in which they need each other, and its own
/// text behind them. Each call makes the functions of all its pieces, so that none stands there which is not called. Lua gives
/// a function 200 names at its top: the script's own text is a function of its own, beside the pieces.
macro_rules! script {
    ($vis:vis $name:ident, $file:literal $(, [$($piece:literal),* $(,)?])?) => {
        $vis static $name: reelq_redis_link::LuaScript = reelq_redis_link::LuaScript::new(
            $file,
            &[
                piece!("start"),
                piece!("keys"),
                piece!("guard"),
                $($(piece!($piece),)*)?
                "return (function()\n",
                piece!($file),
                "end)()\n",
            ],
        );
    };
}

script!(pub(super) FOLDERS, "folders", ["writes", "journals", "absent"]);
script!(pub(super) HEAL, "heal", ["job_keys", "load_keys", "record", "writes", "later", "save", "books", "queues"]);
script!(pub(super) READ, "read", ["job_keys", "record", "line"]);

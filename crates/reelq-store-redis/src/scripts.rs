//! `script!`: how a script is joined from the pieces that it needs. Each stands in the room that calls it; those that several rooms
//! call stand here.

macro_rules! piece {
    ($file:literal) => {
        include_str!(concat!("scripts/", $file, ".lua"))
    };
}

/// A script that moves or reads records: every piece that most need, those that only it needs, and its own text behind
/// them. Lua gives a function 200 names at its top: the script's own text is a function of its own, beside the pieces.
macro_rules! script {
    ($vis:vis $name:ident, $file:literal $(, with $piece:literal)*) => {
        $vis static $name: $crate::link::Script = $crate::link::Script::new(
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

script!(pub(super) FOLDERS, "folders", with "absent");
script!(pub(super) HEAL, "heal");
script!(pub(super) READ, "read", with "line");

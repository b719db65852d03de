//! Standard output that is full, closed or read in part; and names that would be flags.

use std::fs;

use reelq_tests::Ended;

use crate::shop::{Shop, well};

const DATA: [&str; 12] = [
    "--help",
    "--version",
    "run --help",
    "schema",
    "completions bash",
    "models",
    "config show",
    "status",
    "status set --json",
    "plan set.csv",
    "results set",
    "results set --as manifest",
];

fn bought() -> Shop {
    let shop = Shop::open("wave", 2, "", |request, origin| well("wave", request, origin));
    shop.assert_all_bought_once(&shop.run(&[]));
    shop
}

fn shell(shop: &Shop, command: &str) -> Ended {
    shop.sandbox.shell(&format!("cd {}; {command}", shop.sandbox.path("").display()))
}

#[test]
fn data_that_cannot_be_written_is_a_failure_with_its_reason() {
    let shop = bought();
    for command in DATA {
        let ended = shell(&shop, &format!("reelq {command} >/dev/full"));
        assert_eq!(ended.code, Some(1), "{command}: {}", ended.stderr);
        assert!(ended.stderr.contains("No space left"), "{command}: {}", ended.stderr);
    }
    let ended = shell(&shop, "reelq results set --out /dev/full");
    assert!(ended.code == Some(1) && ended.stderr.contains("No space left"), "{}", ended.stderr);
}

#[test]
fn a_results_file_that_does_not_fit_leaves_the_one_before_as_it_was() {
    let shop = bought();
    let whole = shell(&shop, "reelq results set --out r.csv");
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let before = fs::read(shop.sandbox.path("r.csv")).unwrap();
    // Files of at most one block: a disk that is full for this process alone.
    let ended = shell(&shop, "ulimit -f 0; trap '' XFSZ; reelq results set --out r.csv");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(fs::read(shop.sandbox.path("r.csv")).unwrap(), before);
    let names = fs::read_dir(shop.sandbox.path("")).unwrap();
    let drafts = names.filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains(".part-")).count();
    assert_eq!(drafts, 0, "no half of it is left");
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let shop = bought();
    for command in DATA {
        let ended = shell(&shop, &format!("(reelq {command}; echo \"code $?\" >&2) | head -n 1 >/dev/null"));
        assert!(ended.stderr.contains("code 0"), "{command}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains("error:"), "{command}: {}", ended.stderr);
    }
    let ended = shell(&shop, "(timeout 60 reelq status --watch; echo \"code $?\" >&2) | head -n 1 >/dev/null");
    assert!(ended.stderr.contains("code 0"), "{}", ended.stderr);
}

#[test]
fn messages_that_nobody_can_read_are_no_reason_to_panic() {
    let shop = bought();
    for command in DATA.iter().chain(&["run set.csv --yes", "status --log trace", "show nothing"]) {
        let shown = shell(&shop, &format!("reelq {command} >/dev/null 2>/dev/null"));
        for stderr in ["2>&-", "2>/dev/full"] {
            let ended = shell(&shop, &format!("reelq {command} >/dev/null {stderr}"));
            assert_eq!(ended.code, shown.code, "{command} {stderr}");
        }
    }
}

#[test]
fn no_file_that_is_made_and_no_command_that_is_printed_begins_with_a_dash() {
    let shop = Shop::open("wave", 0, "", |request, origin| well("wave", request, origin));
    let row = |id: &str, number| {
        format!("[[jobs]]\nid = \"{id}\"\nmodel = \"minimax-hailuo-2.3\"\nduration = 6\nprompt = \"row-{number}\"\n")
    };
    let head = "[batch]\nfile_name = \"{id}/{id}.mp4\"\n";
    fs::write(shop.sandbox.path("-x.toml"), format!("{head}{}{}", row("-rf", 0), row("--yes", 1))).unwrap();
    let ended = shop.sandbox.run(&["run", "--batch", "set", "--yes", "--", "-x.toml"]);
    shop.assert_all_bought_once(&ended);
    for row in shop.rows() {
        assert!(row.get("file").split('/').all(|part| !part.starts_with('-')), "{}", row.get("file"));
    }
    let refused = shop.sandbox.run(&["plan", "--batch=-set", "--", "-x.toml"]);
    assert_eq!(refused.code, Some(2), "no batch is named like a flag: {}", refused.stdout);
}

#[test]
fn streams_that_are_closed_from_the_start_change_nothing_that_is_done() {
    let shop = Shop::open("wave", 2, "", |request, origin| well("wave", request, origin));
    // The state must not become standard output because that number was free.
    let ended = shell(&shop, "reelq run set.csv --yes <&- >&- 2>&-");
    assert_eq!(ended.code, Some(0));
    shop.assert_all_bought_once(&ended);
    for command in DATA {
        let ended = shell(&shop, &format!("reelq {command} <&- >&-"));
        assert_eq!(ended.code, Some(0), "{command}: {}", ended.stderr);
    }
    shop.assert_all_bought_once(&shop.run(&[]));
}

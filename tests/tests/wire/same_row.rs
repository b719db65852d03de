//! The same is not bought twice: not under another spelling, name or folder, and not after its records are gone.

use std::{fs, io::Read as _, path::Path};

use reelq_redis_server::RedisServer;
use reelq_tests::{
    Account, Ended, RawReply, RawRequest, RawVendor, Running, Sandbox, StoreKind, clip, json, on_each_store, reply,
    wait_until,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";
const HEAD: &str = "prompt,model,duration,resolution,callback_url\n";

on_each_store!(
    no_other_spelling_of_a_row_buys_it_again,
    a_copy_of_a_manifest_asks_before_it_buys,
    copies_that_are_loaded_at_the_same_moment_are_bought_once,
    what_is_loaded_while_a_question_stands_open_is_asked_about,
    outputs_stay_where_they_go_until_another_place_is_said,
    a_purged_manifest_asks_before_it_is_bought_again,
    a_file_of_the_same_name_does_not_push_anothers_rows_aside,
    the_state_of_the_version_before_buys_nothing_again,
);

struct World {
    vendor: RawVendor,
    sandbox: Sandbox,
}

/// A vendor with which all goes well at once.
fn answer(request: &RawRequest, origin: &str) -> RawReply {
    let asked = request.target.rsplit('/').next().unwrap_or_default();
    if request.is_submit() {
        return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.number));
    }
    if request.path_ends(".mp4") {
        return reply(200, &["Content-Type: video/mp4"], clip(asked));
    }
    json(200, format!(r#"{{"task_id":"{asked}","status":"completed","video_url":"{origin}/{asked}.mp4"}}"#))
}

impl World {
    fn on(store: StoreKind) -> Self {
        let vendor = RawVendor::start(answer);
        let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
        let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
        Self { vendor, sandbox }
    }

    fn write(&self, name: &str, rows: &str) {
        let path = self.sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{HEAD}{rows}")).unwrap();
    }

    fn run(&self, manifest: &str, more: &[&str]) -> Ended {
        self.sandbox.run(&[&["run", manifest, "--yes"], more].concat())
    }

    fn run_in(&self, folder: &str, arguments: &[&str]) -> Ended {
        let mut command = self.sandbox.command(arguments);
        fs::create_dir_all(self.sandbox.path(folder)).unwrap();
        command.current_dir(self.sandbox.path(folder));
        Running::start(command).wait()
    }

    #[track_caller]
    fn assert_bought(&self, ended: &Ended, submits: usize) {
        assert_eq!((ended.code, self.vendor.submits()), (Some(0), submits), "{}", ended.stderr);
    }

    /// It was refused, nothing was bought beyond `submits`, and all of `words` were said.
    #[track_caller]
    fn assert_refused(&self, ended: &Ended, submits: usize, words: &[&str]) {
        assert_eq!((ended.code, self.vendor.submits()), (Some(2), submits), "{}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "`{word}` is not said:\n{}", ended.stderr);
        }
    }
}

fn row(prompt: &str) -> String {
    format!("\"{prompt}\",minimax-hailuo-2.3,6,,\n")
}

fn rows(prompts: &[&str]) -> String {
    prompts.iter().map(|prompt| row(prompt)).collect()
}

fn no_other_spelling_of_a_row_buys_it_again(store: StoreKind) {
    let world = World::on(store);
    world.write("set.csv", &rows(&["  a pig ", "a cat\r\non a roof", "a cafe\u{301}", "a hen", "a fox"]));
    world.assert_bought(&world.run("set.csv", &[]), 5);
    let prompts: Vec<String> =
        world.vendor.requests().iter().filter(|it| it.is_submit()).map(RawRequest::prompt).collect();
    for sent in ["a pig", "a cat\non a roof", "a caf\u{e9}"] {
        assert!(prompts.iter().any(|prompt| prompt == sent), "what is sent is normal, too: {prompts:?}");
    }
    let other = "a fox,minimax-hailuo-2.3,6,768p,\n\
        a hen,minimax-hailuo-2.3,6,,https://tunnel-2.example.com/hook\n\
        \"\u{feff}a pig\u{a0}\",minimax-hailuo-2.3,6.0,,\n\
        \"a cat\non a roof\n\",minimax-hailuo-2.3,6,768p,https://tunnel-2.example.com/hook\n\
        a caf\u{e9},minimax-hailuo-2.3,6,,\n";
    world.write("set.csv", other);
    world.assert_bought(&world.run("set.csv", &[]), 5);
    world.write("set.csv", &format!("{other}{}", row("a pig")));
    world.assert_bought(&world.run("set.csv", &[]), 6);
}

fn a_copy_of_a_manifest_asks_before_it_buys(store: StoreKind) {
    let world = World::on(store);
    world.write("prompts.csv", &rows(&["one", "two"]));
    world.assert_bought(&world.run("prompts.csv", &[]), 2);
    world.write("prompts (1).csv", &rows(&["two", " one", "three"]));
    let plan = world.sandbox.run(&["plan", "prompts (1).csv"]);
    assert!(plan.stderr.contains("2 of 3 rows were bought, or are queued, in batch `prompts`"), "{}", plan.stderr);
    let words = ["2 of 3 rows were bought, or are queued, in batch `prompts`", "--again"];
    world.assert_refused(&world.run("prompts (1).csv", &[]), 2, &words);
    world.assert_refused(&world.sandbox.run(&["enqueue", "prompts (1).csv", "--yes"]), 2, &words);
    let toml = "[defaults]\nmodel = \"minimax-hailuo-2.3\"\nduration = 6\n[[jobs]]\nprompt = \"two\"\n";
    fs::write(world.sandbox.path("hinted.toml"), toml).unwrap();
    world.assert_refused(&world.run("hinted.toml", &[]), 2, &["1 of 1 rows", "batch `prompts`", "--again"]);
    world.assert_bought(&world.run("hinted.toml", &["--batch", "prompts-2", "--again"]), 3);
    world.assert_bought(&world.run("hinted.toml", &["--batch", "prompts-2"]), 3);
    world.write("other.csv", &rows(&["four"]));
    world.assert_bought(&world.run("other.csv", &[]), 4);
}

fn copies_that_are_loaded_at_the_same_moment_are_bought_once(store: StoreKind) {
    let world = World::on(store);
    let prompts: Vec<String> = (0..40).map(|number| format!("clip {number}")).collect();
    let rows = rows(&prompts.iter().map(String::as_str).collect::<Vec<_>>());
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        world.write(&format!("{name}.csv"), &rows);
    }
    let start = |name: &&str| world.sandbox.start(&["enqueue", &format!("{name}.csv"), "--yes"]);
    let running: Vec<Running> = names.iter().map(start).collect();
    let ended: Vec<Ended> = running.into_iter().map(Running::wait).collect();
    let loaded = ended.iter().filter(|ended| ended.code == Some(0)).count();
    assert_eq!(loaded, 1, "{ended:#?}");
    for refused in ended.iter().filter(|ended| ended.code != Some(0)) {
        assert!(refused.stderr.contains("40 of 40 rows were bought, or are queued, in batch"), "{}", refused.stderr);
        assert!(refused.code == Some(2) && refused.stderr.contains("--again"), "{}", refused.stderr);
    }
    let worked = world.sandbox.run(&["worker", "--drain"]);
    world.assert_bought(&worked, 40);
}

fn what_is_loaded_while_a_question_stands_open_is_asked_about(store: StoreKind) {
    let world = World::on(store);
    world.write("one.csv", &rows(&["a fox", "a hare"]));
    world.write("two.csv", &rows(&["a hare", "an owl"]));
    let open = |name: &str| {
        let terminal = world.sandbox.terminal(&format!("reelq run {name}.csv"));
        terminal.wait_for("Buy 2 jobs");
        terminal.wait_for("[y/N]");
        terminal
    };
    let (mut declined, mut accepted) = (open("two"), open("one"));
    assert_eq!(world.sandbox.run(&["enqueue", "one.csv", "--batch", "copy", "--yes"]).code, Some(0));
    declined.types("y\n");
    declined.wait_for("meanwhile 1 of 2 rows were bought, or are queued, in batch `copy`");
    declined.types("n\n");
    let (code, shown) = declined.end();
    assert!(code == Some(7) && shown.contains("nothing was bought"), "{shown}");
    let status = world.sandbox.run(&["status", "--json"]);
    assert!(!status.stdout.contains("\"two\""), "a batch that was declined is not there: {}", status.stdout);
    accepted.types("y\n");
    accepted.wait_for("meanwhile 2 of 2 rows were bought, or are queued, in batch `copy`");
    accepted.types("y\n");
    let (code, shown) = accepted.end();
    assert_eq!((code, world.vendor.submits()), (Some(0), 2), "{shown}");
    let worked = world.sandbox.run(&["worker", "--drain"]);
    world.assert_bought(&worked, 4);
}

fn a_purged_manifest_asks_before_it_is_bought_again(store: StoreKind) {
    let world = World::on(store);
    world.write("prompts.csv", &rows(&["one", "two"]));
    world.assert_bought(&world.run("prompts.csv", &[]), 2);
    assert_eq!(world.sandbox.run(&["purge", "prompts", "--yes"]).code, Some(0));
    fs::remove_dir_all(world.sandbox.path("out")).unwrap();
    let words = ["2 of 2 rows", "batch `prompts`, which was purged since", "--again"];
    world.assert_refused(&world.run("prompts.csv", &[]), 2, &words);
    world.write("renamed.csv", &rows(&["two"]));
    world.assert_refused(&world.run("renamed.csv", &[]), 2, &["1 of 1 rows", "`prompts`", "--again"]);
    let again = world.run("prompts.csv", &["--again"]);
    if store == StoreKind::Sqlite || world.vendor.submits() != 2 {
        return world.assert_bought(&again, 4);
    }
    // Over a server, this machine's journal may still know the tasks: they are followed, and nothing is bought.
    world.assert_bought(&again, 2);
}

fn a_file_of_the_same_name_does_not_push_anothers_rows_aside(store: StoreKind) {
    let world = World::on(store);
    world.write("anna/prompts.csv", &rows(&["one", "two"]));
    world.write("ben/prompts.csv", &rows(&["three"]));
    let enqueue = |arguments: &[&str]| world.sandbox.run(&[&["enqueue"], arguments, &["--yes"]].concat());
    assert_eq!(enqueue(&["anna/prompts.csv"]).code, Some(0));
    let words = ["anna/prompts.csv", "2 waiting rows", "--batch NAME", "--replace"];
    world.assert_refused(&enqueue(&["ben/prompts.csv"]), 0, &words);
    let queued = || world.sandbox.run(&["status", "prompts", "--json"]).stdout.contains("\"queued\": 2");
    assert!(queued(), "{}", world.sandbox.run(&["status", "prompts", "--json"]).stdout);
    assert_eq!(enqueue(&["ben/prompts.csv", "--batch", "ben"]).code, Some(0));
    assert!(queued());
    fs::create_dir(world.sandbox.path("moved")).unwrap();
    fs::rename(world.sandbox.path("anna/prompts.csv"), world.sandbox.path("moved/prompts.csv")).unwrap();
    world.assert_refused(&enqueue(&["moved/prompts.csv"]), 0, &["--replace"]);
    assert_eq!(enqueue(&["moved/prompts.csv", "--replace"]).code, Some(0));
    assert!(queued(), "the same rows wait on");
}

/// Made by the version before requests had a normal form, with the manifests beside it: a row in every spelling that is
/// normal now.
fn the_state_of_the_version_before_buys_nothing_again(store: StoreKind) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut world = World::on(StoreKind::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let mut server = None;
    if store == StoreKind::Redis {
        fs::copy(golden.join("redis.rdb"), folder.path().join("dump.rdb")).unwrap();
        let place = format!("dir {}", folder.path().display());
        let started = RedisServer::with().directive(&place).start();
        world.sandbox = world.sandbox.over(&started.url());
        server = Some(started);
    } else {
        let mut state = Vec::new();
        let packed = fs::File::open(golden.join("state.db.gz")).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut state).unwrap();
        fs::create_dir(world.sandbox.path(".reelq")).unwrap();
        fs::write(world.sandbox.path(".reelq/state.db"), state).unwrap();
    }
    for same in ["set.csv", "wait.csv"] {
        fs::copy(golden.join(same), world.sandbox.path(same)).unwrap();
    }
    let run = |world: &World| world.run("set.csv", &["--output", "out/set", "--replace"]);
    world.assert_bought(&run(&world), 0);
    let respelled = "a twin,minimax-hailuo-2.3,6,768p,\n\
        a fox,minimax-hailuo-2.3,6,,\n\
        a dog,minimax-hailuo-2.3,6,768p,\n\
        a hen,minimax-hailuo-2.3,6,,https://new.example.com/hook\n\
        a caf\u{e9} at night,minimax-hailuo-2.3,6,,https://new.example.com/hook\n\
        \"a cat\non a roof\",minimax-hailuo-2.3,6,,\n\
        a pig that flies,minimax-hailuo-2.3,6,,\n\
        a twin,minimax-hailuo-2.3,6,,\n";
    world.write("set.csv", respelled);
    world.assert_bought(&run(&world), 0);
    world.write("set.csv", &format!("{respelled}{}", row("a twin")));
    world.assert_bought(&run(&world), 1);
    let waiting = world.sandbox.run(&["enqueue", "wait.csv", "--yes", "--output", "out/wait", "--replace"]);
    assert!(waiting.stdout.contains("0 new, 2 known"), "{}{}", waiting.stdout, waiting.stderr);
    world.write("copy.csv", &row("a pig that flies"));
    world.assert_refused(&world.run("copy.csv", &[]), 1, &["batch `set`", "--again"]);
    drop(server);
}

#[test]
fn names_that_begin_alike_are_batches_of_their_own() {
    let world = World::on(StoreKind::Sqlite);
    let long = |end: &str| format!("{}{end}.csv", "x".repeat(60));
    world.write(&long("-one"), &rows(&["one"]));
    world.write(&long("-two"), &rows(&["two"]));
    for (end, submits) in [("-one", 1), ("-two", 2)] {
        world.assert_bought(&world.run(&long(end), &[]), submits);
    }
    world.assert_bought(&world.run(&long("-one"), &[]), 2);
}

#[test]
fn results_that_the_state_does_not_know_are_named_before_anything_is_bought() {
    let world = World::on(StoreKind::Sqlite);
    world.write("set.csv", &rows(&["one", "two"]));
    let first = world.run("set.csv", &[]);
    world.assert_bought(&first, 2);
    assert!(first.stderr.contains("A new state begins at "), "{}", first.stderr);
    fs::rename(world.sandbox.path(".reelq"), world.sandbox.path("lost")).unwrap();
    let words = ["out/set holds the results of 2 bought rows", "does not know", "--again"];
    world.assert_refused(&world.run("set.csv", &[]), 2, &words);
    world.assert_bought(&world.run("set.csv", &["--again"]), 4);
    // An earlier copy of the state: it knows the batch, and not all that was bought.
    for beside in ["state.db", "state.db-wal", "state.db-shm"] {
        drop(fs::copy(world.sandbox.path(".reelq").join(beside), world.sandbox.path("lost").join(beside)));
    }
    world.write("set.csv", &rows(&["one", "two", "three"]));
    world.assert_bought(&world.run("set.csv", &[]), 5);
    fs::remove_dir_all(world.sandbox.path(".reelq")).unwrap();
    fs::rename(world.sandbox.path("lost"), world.sandbox.path(".reelq")).unwrap();
    world.assert_refused(&world.run("set.csv", &[]), 5, &["results of 1 bought row ", "--again"]);
}

#[test]
fn of_batches_that_are_loaded_at_once_for_one_place_one_is_loaded() {
    for store in [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Sqlite, StoreKind::Redis] {
        let world = World::on(store);
        let names = ["a", "b", "c"];
        for name in names {
            world.write(&format!("{name}.csv"), &rows(&[&format!("a fox of {name}"), &format!("an owl of {name}")]));
        }
        let start =
            |name: &&str| world.sandbox.start(&["enqueue", &format!("{name}.csv"), "--yes", "--output", "out/one"]);
        let running: Vec<Running> = names.iter().map(start).collect();
        let ended: Vec<Ended> = running.into_iter().map(Running::wait).collect();
        assert_eq!(ended.iter().filter(|ended| ended.code == Some(0)).count(), 1, "{ended:#?}");
        for refused in ended.iter().filter(|ended| ended.code != Some(0)) {
            assert!(refused.code == Some(2) && refused.stderr.contains("--output PLACE"), "{}", refused.stderr);
        }
    }
}

fn outputs_stay_where_they_go_until_another_place_is_said(store: StoreKind) {
    let world = World::on(store);
    world.write("set.csv", &rows(&["a fox"]));
    world.assert_bought(&world.run("set.csv", &["--output", "out/first"]), 1);
    world.write("set.csv", &rows(&["a fox", "an owl"]));
    world.assert_bought(&world.run("set.csv", &[]), 2);
    let there = fs::read_to_string(world.sandbox.path("out/first/results.csv")).unwrap();
    assert!(there.contains("a fox") && there.contains("an owl") && !world.sandbox.path("out/set").exists(), "{there}");
    let moved = world.run("set.csv", &["--output", "out/second"]);
    world.assert_bought(&moved, 2);
    assert!(moved.stderr.contains("went to") && moved.stderr.contains("stay there"), "{}", moved.stderr);
}

#[test]
fn two_batches_never_overwrite_each_others_results() {
    let world = World::on(StoreKind::Sqlite);
    world.write("one.csv", &rows(&["one"]));
    world.write("two.csv", &rows(&["two"]));
    world.assert_bought(&world.run("one.csv", &["--output", "clips"]), 1);
    world.assert_refused(&world.run("two.csv", &["--output", "./clips/"]), 1, &["batch `one`", "--output"]);
    world.assert_bought(&world.run("one.csv", &["--output", "clips"]), 1);
}

#[test]
fn one_configuration_has_one_state_from_every_folder_below_it() {
    let world = World::on(StoreKind::Sqlite);
    world.write("sub/deep/set.csv", &rows(&["one", "two"]));
    world.assert_bought(&world.run("sub/deep/set.csv", &[]), 2);
    for (folder, path) in [("sub", "deep/set.csv"), ("sub/deep", "set.csv"), ("beside", "../sub/deep/set.csv")] {
        world.assert_bought(&world.run_in(folder, &["run", path, "--yes"]), 2);
        assert!(!world.sandbox.path(folder).join(".reelq").exists());
    }
    assert_eq!(world.sandbox.results("set").len(), 2, "the outputs are the project's, too");
    let status = world.run_in("sub/deep", &["status", "set"]);
    assert!(status.code == Some(0) && status.stdout.contains("$0.62"), "{}{}", status.stdout, status.stderr);
}

#[test]
fn an_older_state_in_the_working_folder_is_not_passed_over() {
    let world = World::on(StoreKind::Sqlite);
    world.write("set.csv", &rows(&["one"]));
    world.assert_bought(&world.run("set.csv", &[]), 1);
    fs::create_dir(world.sandbox.path("sub")).unwrap();
    fs::rename(world.sandbox.path(".reelq"), world.sandbox.path("sub/.reelq")).unwrap();
    let refused = world.run_in("sub", &["run", "../set.csv", "--yes"]);
    world.assert_refused(&refused, 1, &["sub/.reelq/state.db", "would be bought again", "--store sqlite:"]);
    let used = ["run", "../set.csv", "--yes", "--store", "sqlite:.reelq/state.db"];
    world.assert_bought(&world.run_in("sub", &used), 1);
}

#[test]
fn a_users_own_configuration_has_one_state_wherever_it_is_used() {
    let world = World::on(StoreKind::Sqlite);
    let home = world.sandbox.path(".config/reelq");
    fs::create_dir_all(&home).unwrap();
    let config = fs::read_to_string(world.sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("store = \"sqlite:.reelq/state.db\"\n", "").replace("prices-", "../../prices-");
    fs::write(home.join("config.toml"), config).unwrap();
    fs::remove_file(world.sandbox.path("reelq.toml")).unwrap();
    world.write("a/set.csv", &rows(&["one"]));
    let first = world.run_in("a", &["run", "set.csv", "--yes"]);
    world.assert_bought(&first, 1);
    assert!(world.sandbox.path(".local/state/reelq/state.db").exists(), "{}", first.stderr);
    assert!(world.sandbox.path("a/out/set/results.csv").exists());
    world.assert_bought(&world.run_in("b", &["run", "../a/set.csv", "--yes"]), 1);
    assert!(!world.sandbox.path("b/out").exists(), "its outputs stay where they are");
}

#[test]
fn equal_rows_and_prompts_that_are_none_are_named_before_they_are_bought() {
    let world = World::on(StoreKind::Sqlite);
    world.write("set.csv", &rows(&["one", "two", "#REF!", "nan", " two", "\u{2060}\u{200d}", "two"]));
    for ended in [world.sandbox.run(&["plan", "set.csv"]), world.sandbox.run(&["enqueue", "set.csv", "--yes"])] {
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        for said in [
            "rows 2, 5, 7 ask for the same clip",
            "the error of a spreadsheet's formula",
            "looks like a cell without a value",
            "nothing that can be seen",
        ] {
            assert!(ended.stderr.contains(said), "`{said}` is not said:\n{}", ended.stderr);
        }
    }
}

/// The reply to the only request is lost; its key is sent again, with the very bytes, whatever the manifest says by now.
#[test]
fn an_open_submission_keeps_its_bytes_when_the_callback_address_changes() {
    let lost = std::sync::atomic::AtomicBool::new(false);
    let vendor = RawVendor::start(move |request, origin| {
        let first = request.is_submit() && !lost.swap(true, std::sync::atomic::Ordering::SeqCst);
        if first { RawReply::Drop } else { answer(request, origin) }
    });
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let world = World { sandbox: Sandbox::new(&vendor.base_url(), vec![account], ""), vendor };
    world.write("set.csv", "one,minimax-hailuo-2.3,6,,https://tunnel-1.example.com/hook\n");
    let mut run = world.sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("the row is sent", || world.vendor.submits() > 0 || run.has_ended());
    run.kill();
    world.write("set.csv", "\" one \",minimax-hailuo-2.3,6,768p,https://tunnel-2.example.com/hook\n");
    let ended = world.run("set.csv", &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let submits: Vec<_> = world.vendor.requests().into_iter().filter(RawRequest::is_submit).collect();
    let keys: Vec<_> = submits.iter().map(|it| it.header("idempotency-key").unwrap().to_owned()).collect();
    assert!(submits.len() >= 2 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert!(submits.iter().all(|it| it.body == submits[0].body), "a replay has the same body");
}

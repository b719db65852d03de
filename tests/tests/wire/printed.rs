//! Every command that a message prints is run as it stands: it buys nothing that no one agreed to, nothing twice, and it
//! loses no budget.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
};

use reelq_model::{Money, Settlement};
use reelq_redis_server::RedisServer;
use reelq_sim::{SimLimits, SimSettings};
use reelq_tests::{Account, Ended, Sandbox, SimulatedVendor};

const LIMITS: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    breaker = { after = 0 }\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

/// Where a command ends in a text; JSON and prose have it in the midst of a line.
const ENDS: [&str; 9] = ["\n", "`", "\"", "\\n", "  ", ", then", "; ", " or reelq", " | "];

/// Every command in a text that says more than a name.
pub(super) fn commands(text: &str) -> Vec<String> {
    let starts = text.match_indices("reelq ").map(|(at, _)| &text[at..]);
    let whole = starts.map(|rest| {
        let end = ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        rest[..end].trim_end_matches(['.', ',', ':', ')']).trim().to_owned()
    });
    whole.filter(|command| command.split_whitespace().count() > 2 || is_whole(command)).collect()
}

fn is_whole(command: &str) -> bool {
    ["reelq status", "reelq doctor", "reelq models", "reelq worker"].contains(&command)
}

/// A situation with a person's yes to some prompts.
struct Situation {
    vendor: SimulatedVendor,
    sandbox: Sandbox,
    agreed: BTreeSet<String>,
    printed: VecDeque<String>,
    seen: BTreeSet<String>,
    /// What every command is said with, and must be printed with.
    flags: Vec<String>,
}

impl Situation {
    fn new(provider: &'static str, settings: SimSettings, rows: usize, more: &str) -> Self {
        let vendor = SimulatedVendor::start(settings);
        let account = Account { name: provider, provider, lines: LIMITS.to_owned() };
        let sandbox = Sandbox::new(&vendor.base_url(), vec![account], more);
        let mut situation = Self {
            vendor,
            sandbox,
            agreed: (0..rows).map(|row| format!("pig {row}")).collect(),
            printed: VecDeque::new(),
            seen: BTreeSet::new(),
            flags: Vec::new(),
        };
        situation.write(provider, rows);
        situation
    }

    fn write(&mut self, provider: &str, rows: usize) {
        let rest = match provider {
            "apixo" => "hailuo-2-3-fast,standard-image-to-video,https://images.example.com/a.png",
            "poyo" => "hailuo-2.3,,",
            _ => "minimax-hailuo-2.3,,",
        };
        let rows: Vec<_> = (0..rows).map(|row| format!("pig {row},{rest}\n")).collect();
        let rows = rows.concat();
        fs::write(self.sandbox.path("pigs.csv"), format!("prompt,model,mode,image_urls\n{rows}")).unwrap();
    }

    /// Says something that a person means, and notes what is printed.
    fn say(&mut self, arguments: &[&str]) -> Ended {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let ended = self.sandbox.run(&[arguments, &flags].concat());
        self.note(&ended);
        ended
    }

    fn note(&mut self, ended: &Ended) {
        for command in commands(&format!("{}\n{}", ended.stderr, ended.stdout)) {
            for flag in &self.flags {
                assert!(command.contains(flag.as_str()), "`{command}` lacks {flag}: {}{}", ended.stdout, ended.stderr);
            }
            if self.seen.insert(command.clone()) {
                self.printed.push_back(command);
            }
        }
    }

    /// Follows all that was printed, and what that prints in turn.
    fn follow(&mut self) {
        let (mut budgets, mut followed) = (self.budgets(), 0);
        while let Some(command) = self.printed.pop_front() {
            followed += 1;
            assert!(followed < 40, "commands lead to ever more commands: {:?}", self.seen);
            let ended = self.run(&command);
            let asked = ended.code == Some(2) && ended.stderr.contains("say --yes");
            let is_wrong = ended.stderr.contains("Usage: ") || ended.stderr.contains("unexpected argument");
            assert!(!is_wrong, "`{command}` is no command: {}", ended.stderr);
            self.assert_kept(&command, &budgets);
            if !asked {
                self.note(&ended);
            } else if command.contains(" --budget ") || command.contains("--uncharged") {
                let agreed = self.run(&format!("{command} --yes"));
                assert_ne!(agreed.code, Some(2), "`{command} --yes`: {}", agreed.stderr);
                self.note(&agreed);
                self.assert_once(&command);
                budgets = self.budgets();
            }
        }
    }

    /// Runs it as it stands; what would run for ever is stopped after a while.
    fn run(&self, command: &str) -> Ended {
        let endless = command.contains("--watch") || command.contains("cron run");
        let endless = endless || (command.starts_with("reelq worker") && !command.contains("--drain"));
        let stop = if endless { "timeout -s INT 3 " } else { "" };
        self.sandbox.shell(&format!("cd {} && {stop}{command}", self.sandbox.path("").display()))
    }

    fn assert_kept(&self, command: &str, budgets: &BTreeMap<String, String>) {
        self.assert_once(command);
        if !command.contains(" --budget ") {
            for (batch, budget) in self.budgets() {
                assert_eq!(budgets.get(&batch), Some(&budget), "`{command}` changed the budget or the jobs of {batch}");
            }
        }
    }

    /// Every purchase that stands is of a row that was agreed to, and the only one of that row.
    fn assert_once(&self, command: &str) {
        let mut bought = BTreeMap::<String, usize>::new();
        for charge in self.vendor.ledger().charges.iter().filter(|it| it.settlement != Settlement::Refunded) {
            *bought.entry(charge.prompt.clone()).or_default() += 1;
        }
        for (prompt, times) in bought {
            assert!(self.agreed.contains(&prompt), "`{command}` bought `{prompt}`, which no one agreed to");
            assert_eq!(times, 1, "`{command}` bought `{prompt}` again");
        }
    }

    /// Of each batch its budget, and how many jobs it has.
    fn budgets(&self) -> BTreeMap<String, String> {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let status = self.sandbox.run(&[&["status", "--json"], &flags[..]].concat());
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let of = |view: &serde_json::Value| {
            let counts =
                view["counts"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum::<u64>();
            (view["batch"]["name"].to_string(), format!("{} of {counts} jobs", view["batch"]["budget_usd"]))
        };
        status["batches"].as_array().unwrap().iter().map(of).collect()
    }
}

fn with_faults(text: &str) -> SimSettings {
    SimSettings { seed: 3, faults: text.parse().unwrap(), ..SimSettings::default() }
}

const SET: [&str; 2] = ["--set", "duration=6"];

#[test]
fn after_a_run_with_flags_and_a_manifest_that_changed() {
    let mut it = Situation::new("wave", SimSettings::default(), 2, "");
    it.say(&[&["run", "pigs.csv"], &SET[..]].concat());
    it.write("wave", 3);
    for arguments in [&["pause", "pigs"][..], &["resume", "pigs"], &["status", "pigs"], &["status", "--json"]] {
        it.say(arguments);
    }
    it.say(&["plan", "pigs.csv"]);
    it.say(&["plan", "pigs.csv", "--batch", "other", "--set", "duration=6"]);
    it.say(&["doctor", "--offline"]);
    it.say(&["retry", "pigs"]);
    it.follow();
    assert_eq!(it.vendor.ledger().charges.len(), 2);
}

#[test]
fn after_a_budget_is_reached() {
    let mut it = Situation::new("wave", SimSettings::default(), 4, "");
    let ended = it.say(&[&["run", "pigs.csv", "--budget", "0.70"], &SET[..]].concat());
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    it.say(&[&["run", "pigs.csv", "--json"], &SET[..]].concat());
    it.say(&["worker", "--drain"]);
    it.follow();
    assert_eq!(it.vendor.ledger().charges.len(), 4, "the hint with its yes buys the rest, and nothing but the rest");
}

#[test]
fn after_an_account_is_blocked_and_after_its_budget() {
    let limits = SimLimits { balance: Some(Money::from_micros(700_000)), ..SimLimits::default() };
    let mut it = Situation::new("wave", SimSettings { limits, ..SimSettings::default() }, 4, "");
    let ended = it.say(&[&["run", "pigs.csv", "--budget", "3"], &SET[..]].concat());
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    it.say(&["worker", "--drain"]);
    it.say(&["resolve", "pigs", "--stuck"]);
    it.follow();
}

#[test]
fn after_submissions_of_unknown_fate() {
    let mut it = Situation::new("apixo", with_faults("dropped_after=1"), 2, "");
    let ended = it.say(&[&["run", "pigs.csv"], &SET[..]].concat());
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    it.say(&["resolve", "pigs"]);
    it.say(&["resolve", "pigs", "--row", "1", "--give-up"]);
    it.say(&["continue", "pigs"]);
    it.follow();
    assert_eq!(it.vendor.ledger().charges.len(), 2);
}

#[test]
fn after_rows_failed_in_each_way() {
    for (provider, faults) in
        [("poyo", "moderation=0.5"), ("wave", "permanent_failure=1"), ("apixo", "transient_failure=1")]
    {
        let mut it = Situation::new(provider, with_faults(faults), 3, "");
        it.say(&[&["run", "pigs.csv"], &SET[..]].concat());
        it.say(&["retry", "pigs", "--look"]);
        it.follow();
    }
}

#[test]
fn after_loading_for_workers_and_after_cancelling() {
    let schedule = "[[schedules]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\nmanifest = \"nightly.toml\"\n";
    let mut it = Situation::new("wave", SimSettings::default(), 2, schedule);
    let nightly = "[defaults]\nmodel = \"minimax-hailuo-2.3\"\nduration = 6\n[[jobs]]\nprompt = \"nightly\"\n";
    fs::write(it.sandbox.path("nightly.toml"), nightly).unwrap();
    it.agreed.insert("nightly".to_owned());
    it.say(&[&["enqueue", "pigs.csv", "--budget", "3"], &SET[..]].concat());
    it.say(&["cron", "list"]);
    it.say(&["cron", "trigger", "nightly"]);
    it.say(&["cancel", "pigs", "--row", "1"]);
    it.say(&["purge", "pigs"]);
    it.follow();
    assert!(it.vendor.ledger().charges.len() <= 2);
}

/// Every situation of one store that only the command line names: what is printed must name it, too.
#[test]
fn after_each_of_these_on_a_store_that_the_command_line_names() {
    let server = RedisServer::with().tcp().append_only("always").start();
    let named = |provider, settings, rows, database: u32| {
        let mut it = Situation::new(provider, settings, rows, "");
        it.flags = vec!["--store".to_owned(), format!("redis://127.0.0.1:{}/{database}", server.port())];
        it
    };
    let mut it = named("wave", SimSettings::default(), 4, 1);
    let ended = it.say(&[&["run", "pigs.csv", "--budget", "0.70"], &SET[..]].concat());
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    for arguments in [&["pause", "pigs"][..], &["resume", "pigs"], &["status", "pigs"], &["doctor", "--offline"]] {
        it.say(arguments);
    }
    it.follow();
    assert_eq!(it.vendor.ledger().charges.len(), 4);
    let mut it = named("apixo", with_faults("dropped_after=1"), 2, 2);
    assert_eq!(it.say(&[&["run", "pigs.csv"], &SET[..]].concat()).code, Some(6));
    it.say(&["resolve", "pigs"]);
    it.say(&["resolve", "pigs", "--row", "1", "--give-up"]);
    it.follow();
    assert_eq!(it.vendor.ledger().charges.len(), 2);
    let mut it = named("poyo", with_faults("moderation=0.5"), 3, 3);
    it.say(&[&["enqueue", "pigs.csv"], &SET[..]].concat());
    it.say(&["worker", "--drain"]);
    it.say(&["retry", "pigs", "--look"]);
    it.say(&["cancel", "pigs"]);
    it.say(&["purge", "pigs"]);
    it.follow();
}

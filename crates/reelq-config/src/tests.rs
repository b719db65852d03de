//! Bad configurations, each with its message, and the order of the layers.

use std::path::Path;

use super::*;

fn read(text: &str, variables: &[(&str, &str)]) -> (MergedSettings, Option<Config>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reelq.toml"), text).unwrap();
    let mut settings = MergedSettings::read(&Flags::default(), &Environment::of(variables), folder.path());
    let config = Config::from_settings(&mut settings);
    (settings, config)
}

/// The messages of a configuration that must be refused.
fn refused(text: &str) -> String {
    let (settings, config) = read(text, &[]);
    assert!(config.is_none(), "accepted: {text}");
    problems(&settings).render(false, 100)
}

macro_rules! bad {
    ($name:ident, $text:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(refused($text));
        }
    };
}

bad!(broken_toml_is_told_with_its_place, "store = \"sqlite:x.db\"\n[accounts.wave\nprovider = 1\n");
bad!(unknown_key_suggests_the_nearest, "[accounts.wave]\nprovider = \"wave\"\nmax_inflight = 5\n");
bad!(unknown_table_lists_what_is_known, "[colours]\nred = 1\n");
bad!(unknown_key_of_downloads, "[downloads]\nconcurency = 3\n");
bad!(api_key_itself_is_refused, "[accounts.wave]\nprovider = \"wave\"\napi_key = \"sk-123\"\n");
bad!(key_in_place_of_a_variable_name, "[accounts.wave]\nprovider = \"wave\"\napi_key_env = \"sk-live-1\"\n");
bad!(unknown_provider_suggests_the_nearest, "[accounts.a]\nprovider = \"wawe\"\n");
bad!(account_without_a_provider, "[accounts.a]\nburst = 2\n");
bad!(account_that_is_no_table, "[accounts]\nwave = \"key\"\n");
bad!(account_with_a_bad_name, "[accounts.\"my account\"]\nprovider = \"wave\"\n");
bad!(rate_that_is_not_above_zero, "[accounts.a]\nprovider = \"wave\"\nrequests_per_second = 0\n");
bad!(rate_in_quotes, "[accounts.a]\nprovider = \"wave\"\nrequests_per_second = \"fast\"\n");
bad!(rate_above_what_is_possible, "[accounts.a]\nprovider = \"wave\"\nrequests_per_second = 20000\n");
bad!(timeout_out_of_range, "[accounts.a]\nprovider = \"wave\"\nrequest_timeout = \"1h\"\n");
bad!(budget_below_zero, "[accounts.a]\nprovider = \"wave\"\nbudget_usd = -5\n");
bad!(budget_of_seven_decimals, "[accounts.a]\nprovider = \"wave\"\ndaily_budget_usd = 0.0000001\n");
bad!(budget_in_words, "[accounts.a]\nprovider = \"wave\"\nbudget_usd = \"lots\"\n");
bad!(count_out_of_range, "[accounts.a]\nprovider = \"wave\"\nmax_in_flight = 0\n");
bad!(time_without_a_unit, "[accounts.a]\nprovider = \"wave\"\nrequest_timeout = 30\n");
bad!(time_with_an_unknown_unit, "[accounts.a]\nprovider = \"wave\"\npoll = { first = \"2 fortnights\" }\n");
bad!(poll_bounds_the_wrong_way_round, "[accounts.a]\nprovider = \"wave\"\npoll = { min = \"10s\", max = \"1s\" }\n");
const NIGHTLY: &str = "[[schedules]]\nname = \"nightly\"\nmanifest = \"set.csv\"\n";
bad!(schedule_whose_expression_is_wrong_in_one_part, &format!("{NIGHTLY}cron = \"0 25 * * *\"\n"));
bad!(schedule_that_never_comes, &format!("{NIGHTLY}cron = \"0 0 30 2 *\"\n"));
bad!(schedule_in_an_unknown_zone, &format!("{NIGHTLY}cron = \"@daily\"\ntimezone = \"Europe/Berln\"\n"));
bad!(schedule_with_an_unknown_key, &format!("{NIGHTLY}cron = \"@daily\"\ncatchup = \"none\"\n"));
bad!(schedule_with_a_word_that_is_none, &format!("{NIGHTLY}cron = \"@daily\"\noverlap = \"queu\"\n"));
bad!(schedule_of_an_unknown_account, &format!("{NIGHTLY}cron = \"@daily\"\naccount = \"wave\"\n"));
bad!(schedule_with_a_budget_without_sense, &format!("{NIGHTLY}cron = \"@daily\"\nbudget_usd = \"lots\"\n"));
bad!(schedule_that_lacks_what_it_needs, "[[schedules]]\nname = \"nightly\"\n[[schedules]]\ncron = \"@daily\"\n");
bad!(
    schedule_with_a_name_that_would_not_read_back,
    "[[schedules]]\nname = \"a@b\"\ncron = \"@daily\"\nmanifest = \"m.csv\"\n"
);
bad!(two_schedules_of_one_name, &format!("{NIGHTLY}cron = \"@daily\"\n{NIGHTLY}cron = \"@hourly\"\n"));
bad!(schedules_that_are_no_list, "[schedules]\nname = \"nightly\"\n");

#[test]
fn a_schedule_has_defaults_and_says_the_rest() {
    let (_, config) = read(&format!("{NIGHTLY}cron = \"0 2 * * *\"\njitter = \"5m\"\nbudget_usd = 2.5\n"), &[]);
    let schedule = config.unwrap().schedules.remove(0);
    assert_eq!((schedule.name.as_str(), schedule.timetable.zone().name()), ("nightly", "UTC"));
    assert_eq!((schedule.overlap, schedule.catch_up), Default::default());
    assert_eq!(schedule.jitter, std::time::Duration::from_mins(5));
    assert_eq!(schedule.budget, Some("2.5".parse().unwrap()));
}

bad!(size_without_sense, "[downloads]\nmax_bytes = \"lots\"\n");
bad!(hosts_that_are_no_list, "[downloads]\nallow_hosts = \"a.example\"\n");
bad!(choice_suggests_the_nearest, "[accounts.a]\nprovider = \"wave\"\non_unconfirmed = \"resubmitt\"\n");
bad!(address_that_is_none, "[accounts.a]\nprovider = \"wave\"\nbase_url = \"api.qingbo.ai\"\n");
bad!(a_key_in_an_inline_table, "[accounts]\nwave = { provider = \"wave\", api_key = \"sk-1\", burst = 0 }\n");
bad!(address_with_a_password, "[accounts.a]\nprovider = \"wave\"\nbase_url = \"https://u:p@host\"\n");
bad!(key_in_the_clear, "[accounts.a]\nprovider = \"wave\"\nbase_url = \"http://api.example\"\n");
bad!(two_sources_of_a_key, "[accounts.a]\nprovider = \"wave\"\napi_key_env = \"A\"\napi_key_file = \"b\"\n");
bad!(dialect_that_is_not_known, "[accounts.a]\nprovider = \"wave\"\ndialect = \"2025-01\"\n");
bad!(dialect_of_a_vendor_that_has_one, "[accounts.a]\nprovider = \"poyo\"\ndialect = \"2026-06\"\n");
bad!(redis_address_with_a_port_that_is_none, "store = \"redis://localhost:port/0\"\n");
bad!(namespace_of_simulations, "namespace = \"team-simulated\"\n");
bad!(namespace_that_would_break_a_key, "namespace = \"a b\"\n");
bad!(two_sources_of_a_password, "[redis]\npassword_env = \"A\"\npassword_file = \"b\"\n");
bad!(two_sources_of_the_sentinels_password, "[redis]\nsentinel_password_env = \"A\"\nsentinel_password_file = \"b\"\n");
bad!(store_without_a_file, "store = \"sqlite:\"\n");
bad!(store_of_another_kind, "store = \"postgres://x\"\n");

#[test]
fn no_message_shows_what_may_be_a_key() {
    for text in [
        "[accounts.a]\nprovider = \"wave\"\napi_key = \"sk-LEAK\"\n",
        "[accounts.a]\nprovider = \"wave\"\napi_key_env = \"sk-LEAK\"\n",
        "[accounts.a]\nprovider = \"wave\"\nAPI_TOKEN = \"sk-LEAK\n",
        "[accounts.a]\nprovider = \"wave\"\nbase_url = \"https://me:LEAK@host\"\n",
        "[accounts]\na = \"sk-LEAK\"\n",
        "accounts = { a = \"sk-LEAK\" }\n",
    ] {
        let (settings, config) = read(text, &[]);
        assert!(config.is_none(), "{text}");
        let told = format!(
            "{}{}",
            problems(&settings).render(false, 200),
            serde_json::to_string(&problems(&settings)).unwrap()
        );
        assert!(!told.contains("LEAK"), "{told}");
    }
}

#[test]
fn all_problems_of_all_layers_are_told_at_once() {
    let text = "namespace = \"\"\nstroe = 1\n[accounts.a]\nprovider = \"wave\"\nburst = -1\n";
    let (settings, config) = read(text, &[("REELQ_DOWNLOADS_CONCURRENCY", "many"), ("REELQ_LOGG", "x")]);
    assert!(config.is_none());
    insta::assert_snapshot!(problems(&settings).render(false, 100));
}

#[test]
fn the_names_of_the_contract_work_as_written() {
    let text = r#"
store = "sqlite:.reelq/state.db"
[accounts.wave]
provider = "wave"                       # wave | apixo | poyo
base_url = "http://127.0.0.1:9300"
api_key_env = "WAVE_KEY"                # or api_key_file
dialect = "2026-06"
requests_per_second = 20.0              # default 2
burst = 5
max_in_flight = 200                     # default 10
poll = { first = "2s", min = "1s", max = "10s" }
request_timeout = "30s"
running_timeout = "30m"
retries = 3
on_unconfirmed = "hold"                 # hold | resubmit
idempotency = "auto"                    # auto | off
[downloads]
concurrency = 8
max_bytes = "2GiB"
allow_hosts = []
"#;
    let (settings, config) = read(text, &[]);
    assert_eq!(problems(&settings).render(false, 100), "");
    let config = config.unwrap();
    let account = config.accounts.values().next().unwrap();
    assert_eq!((account.name.as_str(), account.provider.as_str()), ("wave", "wave"));
}

#[test]
fn flags_go_before_environment_before_file_before_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let text = "store = \"sqlite:file.db\"\noutput = \"file\"\nlog = \"info\"\n";
    std::fs::write(folder.path().join("reelq.toml"), text).unwrap();
    let environment = Environment::of(&[("REELQ_STORE", "sqlite:env.db"), ("REELQ_OUTPUT", "env")]);
    let flags = Flags { store: Some("sqlite:flag.db".to_owned()), ..Flags::default() };
    let settings = MergedSettings::read(&flags, &environment, folder.path());
    let lines: Vec<_> =
        shown(&settings).into_iter().map(|line| format!("{} = {} # {}", line.key, line.value, line.origin)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn variables_reach_the_accounts_of_a_file() {
    let text = "[accounts.my-wave]\nprovider = \"wave\"\n";
    let (settings, config) = read(text, &[("REELQ_ACCOUNTS_MY_WAVE_MAX_IN_FLIGHT", "7")]);
    assert!(config.is_some());
    let line = shown(&settings).into_iter().find(|line| line.key == "accounts.my-wave.max_in_flight").unwrap();
    assert_eq!((line.value, line.origin.as_str()), (7.into(), "$REELQ_ACCOUNTS_MY_WAVE_MAX_IN_FLIGHT"));
}

#[test]
fn budgets_are_read_as_they_are_written_and_never_as_floats() {
    for (written, read_as) in [("12.5", "12.50"), ("\"$250\"", "250.00"), ("20", "20.00"), ("0.000001", "0.000001")] {
        let (settings, config) =
            read(&format!("[accounts.a]\nprovider = \"wave\"\ndaily_budget_usd = {written}\n"), &[]);
        assert_eq!(problems(&settings).render(false, 100), "", "{written}");
        let account = config.unwrap().accounts.into_values().next().unwrap();
        assert_eq!(account.text("daily_budget_usd"), Some(read_as), "{written}");
        let limits = account
            .section::<reelq_submitter::SubmitSettings>(&reelq_submitter::SubmitSettings::KEYS)
            .unwrap()
            .limits();
        assert_eq!(limits.daily_budget, Some(read_as.parse().unwrap()));
        assert_eq!(limits.budget, None);
    }
}

#[test]
fn a_simulation_needs_no_configuration_and_no_key() {
    let (mut settings, _) = read("", &[]);
    simulate(&mut settings);
    let config = Config::from_settings(&mut settings).unwrap();
    let names: Vec<_> = config.accounts.keys().map(reelq_model::AccountName::as_str).collect();
    assert_eq!(names, ["apixo", "poyo", "wave"]);
}

#[test]
fn a_simulation_keeps_configured_limits_and_forgets_keys_and_addresses() {
    let text = "[accounts.a]\nprovider = \"wave\"\nmax_in_flight = 3\nbase_url = \"https://api.example\"\napi_key_env = \"A\"\n";
    let (mut settings, _) = read(text, &[]);
    simulate(&mut settings);
    let config = Config::from_settings(&mut settings).unwrap();
    let account = config.accounts.values().next().unwrap();
    assert_eq!(account.get("max_in_flight"), Some(&3.into()));
    assert_eq!(account.get("requests_per_second"), Some(&50.0.into()));
    assert_eq!((account.text("base_url"), account.text("api_key_env")), (None, None));
}

#[test]
fn a_user_file_lies_below_the_projects() {
    let home = tempfile::tempdir().unwrap();
    let user = home.path().join("reelq");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("config.toml"), "output = \"user\"\nlog = \"info\"\n").unwrap();
    let environment = Environment::of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reelq.toml"), "output = \"project\"\n").unwrap();
    let mut settings = MergedSettings::read(&Flags::default(), &environment, folder.path());
    let config = Config::from_settings(&mut settings).unwrap();
    assert_eq!((config.output.as_str(), config.log.as_str()), ("project", "info"));
}

#[test]
fn a_named_file_must_exist() {
    let flags = Flags { config: Some(Path::new("/nowhere/reelq.toml").to_owned()), ..Flags::default() };
    let settings = MergedSettings::read(&flags, &Environment::default(), Path::new("."));
    insta::assert_snapshot!(problems(&settings).render(false, 100));
}

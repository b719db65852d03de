//! A run has as many requests under way as the limits ask for, and reads thousands of accounts in a moment.

use std::{
    fmt::Write as _,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_tests::wait_at_most;

use crate::shop::{Shop, taken, well};

#[test]
fn a_vendor_that_answers_slowly_gets_as_many_requests_at_once_as_the_limits_allow() {
    const ROWS: usize = 150;
    let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, most) = (Arc::clone(&now), Arc::clone(&peak));
    let shop = Shop::open("wave", ROWS, "", move |request, origin| {
        if !request.is_submit() {
            return well("wave", request, origin);
        }
        let count = inside.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(count, Ordering::SeqCst);
        // No one gets an answer before all have asked, or for a long time.
        wait_at_most(Duration::from_secs(20), || most.load(Ordering::SeqCst) >= ROWS);
        inside.fetch_sub(1, Ordering::SeqCst);
        taken("wave", request)
    });
    let config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    let limits = "requests_per_second = 100.0\nburst = 150\nmax_in_flight = 150\nrequest_timeout = \"30s\"";
    let usual = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"";
    fs::write(shop.sandbox.path("reelq.toml"), config.replace(usual, limits)).unwrap();
    let ended = shop.run(&[]);
    assert_eq!((ended.code, peak.load(Ordering::SeqCst)), (Some(0), ROWS), "{}", ended.stderr);
    assert_eq!(shop.vendor.submits(), ROWS);
}

/// The processor time, in ticks, that reading a configuration with so many accounts and schedules takes.
fn ticks(count: usize) -> u64 {
    let shop = Shop::open("wave", 1, "", |request, _| taken("wave", request));
    let mut config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    for number in 0..count {
        writeln!(config, "[accounts.a{number}]\nprovider = \"wave\"\napi_key_env = \"WAVE_KEY\"").unwrap();
        let schedule = "cron = \"0 2 * * *\"\nmanifest = \"set.csv\"";
        writeln!(config, "[[schedules]]\nname = \"s{number}\"\naccount = \"a{number}\"\n{schedule}").unwrap();
    }
    fs::write(shop.sandbox.path("reelq.toml"), config).unwrap();
    let reelq = shop.sandbox.command(&[]).get_program().to_string_lossy().into_owned();
    let script = format!("'{reelq}' config show >/dev/null && '{reelq}' plan set.csv --account a0 >/dev/null && times");
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", &script]).current_dir(shop.sandbox.path("."));
    shell.env("WAVE_KEY", "key").env("HOME", shop.sandbox.path("."));
    let ended = reelq_tests::Running::start(shell).wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // The second line has what the children took: `0m0.10s 0m0.02s`.
    let children = ended.stdout.lines().last().unwrap_or_default().to_owned();
    let seconds = |text: &str| {
        let (minutes, seconds) = text.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    let total: f64 = children.split_whitespace().map(seconds).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds in milliseconds")]
    let millis = (total * 1_000.0) as u64;
    millis
}

#[test]
fn four_times_as_many_accounts_and_schedules_take_no_more_than_some_four_times_as_long() {
    let (few, many) = (ticks(100), ticks(400));
    // Squares would make it sixteen; what every start costs makes it less than four.
    assert!(many < few.max(20) * 9, "{few} ms for 100, {many} ms for 400");
}

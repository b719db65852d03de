//! An account that has another name now, or another provider: its running tasks are told of, and there is a way back.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reelq_tests::{StoreKind, json, on_each_store, wait_for};

use crate::shop::{Shop, asked, done_with, file, is_file, taken};

on_each_store!(
    tasks_of_a_renamed_account_are_told_of_and_followed_under_its_new_name,
    tasks_of_an_account_that_has_another_provider_are_left_alone_and_told_of,
);

/// Rows that were bought and run, in a batch `set`; every task is over once `open` is set.
fn bought(store: StoreKind, open: &Arc<AtomicBool>) -> Shop {
    let open = Arc::clone(open);
    let shop = Shop::open_on(store, "wave", 3, "", move |request, origin| {
        if request.is_submit() {
            return taken("wave", request);
        }
        if is_file(request) {
            return file(request);
        }
        let task = asked(request);
        if open.load(Ordering::SeqCst) {
            return done_with("wave", &task, origin, "");
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"processing"}}"#))
    });
    let run = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    let about_tasks = || shop.vendor.requests().iter().filter(|request| request.target.contains("t-")).count();
    wait_for("tasks are asked about", about_tasks, |asked| *asked >= 6);
    run.signal("INT");
    let ended = run.wait();
    assert_eq!((ended.code, shop.vendor.submits()), (Some(130), 3), "{}", ended.stderr);
    shop
}

fn edit(shop: &Shop, from: &str, to: &str) {
    let config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    assert!(config.contains(from), "{config}");
    fs::write(shop.sandbox.path("reelq.toml"), config.replace(from, to)).unwrap();
}

fn tasks_of_a_renamed_account_are_told_of_and_followed_under_its_new_name(store: StoreKind) {
    let open = Arc::new(AtomicBool::new(false));
    let shop = bought(store, &open);
    edit(&shop, "[accounts.wave]", "[accounts.studio]");
    open.store(true, Ordering::SeqCst);
    let ended = shop.run(&["--wait-at-most", "1s"]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(5), 3), "{}", ended.stderr);
    let told = "account wave is not in the configuration, and 3 paid tasks for $";
    for said in [
        ended.stderr,
        shop.sandbox.run(&["status"]).stdout,
        shop.sandbox.run(&["worker", "--drain", "--wait-at-most", "1s"]).stderr,
    ] {
        assert!(said.contains(told) && said.contains("`was = \"wave\"`"), "{said}");
    }
    let doctor = shop.sandbox.run(&["doctor", "--offline"]);
    assert_eq!(doctor.code, Some(2), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("account wave") && doctor.stdout.contains("was = \"wave\""), "{}", doctor.stdout);
    edit(&shop, "[accounts.studio]", "[accounts.studio]\nwas = \"wave\"");
    shop.assert_all_bought_once(&shop.run(&[]));
    assert!(!shop.sandbox.run(&["status"]).stdout.contains("is not in the configuration"));
}

fn tasks_of_an_account_that_has_another_provider_are_left_alone_and_told_of(store: StoreKind) {
    let open = Arc::new(AtomicBool::new(false));
    let shop = bought(store, &open);
    let before = shop.vendor.requests().len();
    edit(&shop, "provider = \"wave\"", "provider = \"poyo\"");
    let ended = shop.sandbox.run(&["worker", "--drain", "--wait-at-most", "1s"]);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("account wave is one of poyo in the configuration"), "{}", ended.stderr);
    assert_eq!(shop.vendor.requests().len(), before, "no one else is asked about its tasks");
    edit(&shop, "provider = \"poyo\"", "provider = \"wave\"");
    open.store(true, Ordering::SeqCst);
    // Whoever runs it again does not wait for the minute.
    shop.assert_all_bought_once(&shop.run(&["--wait-at-most", "1s"]));
}

#[test]
fn an_earlier_name_that_is_there_or_claimed_twice_is_refused() {
    let shop = Shop::open("wave", 1, "", |request, _| taken("wave", request));
    let config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    let more = "\n[accounts.one]\nprovider = \"wave\"\napi_key_env = \"WAVE_KEY\"\nwas = \"old\"\n\
        [accounts.two]\nprovider = \"wave\"\napi_key_env = \"WAVE_KEY\"\nwas = \"old\"\n\
        [accounts.three]\nprovider = \"wave\"\napi_key_env = \"WAVE_KEY\"\nwas = \"wave\"\n";
    fs::write(shop.sandbox.path("reelq.toml"), config + more).unwrap();
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(2), 0));
    assert!(ended.stderr.contains("must not be claimed by accounts.one too"), "{}", ended.stderr);
    assert!(ended.stderr.contains("accounts.three.was"), "{}", ended.stderr);
}

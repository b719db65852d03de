//! Images beside the manifest: read, checked, and sent as bytes where the vendor takes them.

#![expect(clippy::unwrap_used, reason = "a broken assumption is a failed test")]

use std::fs;

use reelq_sim::SimSettings;
use reelq_tests::{Account, Sandbox, SimulatedVendor, StoreKind, on_each_store};

const LIMITS: &str = "requests_per_second = 50.0\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// As much of a PNG as tells its size: signature, header and end.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}

fn world(store: StoreKind) -> (SimulatedVendor, Sandbox) {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = Sandbox::on(store, &vendor.base_url(), Account::each(LIMITS), "");
    (vendor, sandbox)
}

fn an_image_beside_the_manifest_is_sent_as_bytes(store: StoreKind) {
    let (vendor, sandbox) = world(store);
    fs::create_dir(sandbox.path("pictures")).unwrap();
    fs::write(sandbox.path("pictures/first.png"), png(640, 480)).unwrap();
    fs::write(
        sandbox.path("set.csv"),
        "account,model,prompt,duration,image_urls\nwave,minimax-hailuo-2.3,a cat,6,pictures/first.png\n",
    )
    .unwrap();

    let ended = sandbox.run(&["run", "set.csv", "--yes"]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(vendor.ledger().charges.len(), 1);
    let rows = sandbox.results("set");
    assert_eq!(rows[0].get("mode"), "image-to-video");
    assert!(!rows[0].get("params").contains("base64"), "a job never holds image bytes: {}", rows[0].get("params"));
    fs::remove_file(sandbox.path("pictures/first.png")).unwrap();
    let again = sandbox.run(&["results", "set"]);
    assert_eq!(again.code, Some(0), "the state does not need the file any more: {}", again.stderr);
}

fn an_image_that_cannot_be_used_is_told_with_its_place_and_nothing_is_bought(store: StoreKind) {
    let (vendor, sandbox) = world(store);
    fs::write(sandbox.path("small.png"), png(200, 200)).unwrap();
    fs::write(sandbox.path("text.png"), "not an image").unwrap();
    let mode = "standard-image-to-video";
    for (account, model, mode, image, said) in [
        ("wave", "minimax-hailuo-2.3", "", "missing.png", "missing.png"),
        ("wave", "minimax-hailuo-2.3", "", "text.png", "text.png"),
        ("apixo", "hailuo-2-3-fast", mode, "small.png", "small.png"),
    ] {
        let manifest =
            format!("account,model,mode,prompt,duration,image_urls\n{account},{model},{mode},a cat,6,{image}\n");
        fs::write(sandbox.path("bad.csv"), manifest).unwrap();
        let ended = sandbox.run(&["run", "bad.csv", "--yes"]);
        assert_eq!(ended.code, Some(2), "{image}: {}", ended.stderr);
        let told = ended.stderr.contains(said) && ended.stderr.contains("bad.csv:2:");
        assert!(told, "{image}: {}", ended.stderr);
    }
    assert!(vendor.ledger().charges.is_empty());
}

on_each_store!(
    an_image_beside_the_manifest_is_sent_as_bytes,
    an_image_that_cannot_be_used_is_told_with_its_place_and_nothing_is_bought
);

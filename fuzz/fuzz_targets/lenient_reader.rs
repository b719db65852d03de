#![no_main]

//! Reads bytes as a reply's JSON: never a panic, valid documents as `serde_json` reads them, and a task id whatever is cut
//! off behind it. libFuzzer's own time limit for one input catches what is not linear.

use libfuzzer_sys::fuzz_target;
use reelq_provider::lenient_json::read;
use serde_json::Value;

/// Numbers that fit no integer are texts, and members that are JSON twice are opened: those are read otherwise on purpose.
fn reads_alike(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(reads_alike),
        Value::Object(members) => members.iter().all(|(name, value)| {
            !["data", "result", "response", "task"].contains(&name.as_str()) && reads_alike(value)
        }),
        _ => true,
    }
}

fuzz_target!(|body: &[u8]| {
    read(body);
    if let Ok(document @ Value::Object(_)) = serde_json::from_slice::<Value>(body)
        && reads_alike(&document)
        && document != Value::Object(serde_json::Map::new())
    {
        // Written anew, so that no name is there twice.
        assert_eq!(read(document.to_string().as_bytes()).map(|found| found.value), Some(document));
    }
    let planted = [br#"{"task_id":"t-1","input":"#, body].concat();
    let found = read(&planted).expect("an object begins here");
    // Another `task_id` may follow in what was made up, and the last of equal names counts.
    if !body.windows(2).any(|part| part == b"k_" || part == b"\\u") {
        assert_eq!(found.value["task_id"], "t-1");
    }
});

#![no_main]

mod manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manifest::read(reelq_manifest::Format::Jsonl, bytes));

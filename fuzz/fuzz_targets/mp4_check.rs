#![no_main]

use std::io::Cursor;

use reelq_collector::mp4;

// Whatever passes has at least its three boxes, and never passes by its first alone.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let passes = |bytes: &[u8]| mp4::check(&mut Cursor::new(bytes)).is_ok();
    if passes(bytes) {
        assert!(bytes.len() >= 24);
        assert!(!passes(&bytes[..8]));
    }
});

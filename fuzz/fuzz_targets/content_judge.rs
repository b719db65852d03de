#![no_main]

use std::io::Cursor;

use reelq_collector::content;

// Whatever the bytes are, they get an answer, and nothing is known by less than its first bytes.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if content::judge(&mut Cursor::new(bytes)).is_ok() {
        assert!(bytes.len() >= 8);
        assert!(content::judge(&mut Cursor::new(&bytes[..3])).is_err());
    }
});

//! Which of a cluster's 16384 slots a hash tag lies in.

/// CRC-16/XMODEM of the tag, as Redis Cluster's specification has it.
pub(super) fn of(tag: &str) -> u16 {
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    #[test]
    fn slots_are_those_of_the_specification() {
        // `CLUSTER KEYSLOT` of a real server.
        assert_eq!(super::of("123456789"), 0x31c3);
        assert_eq!(super::of("foo"), 12_182);
        assert_eq!(super::of("default"), 5718);
    }
}

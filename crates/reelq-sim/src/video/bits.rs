//! Writes the bit strings that H.264 headers are made of.

/// Bits, most significant first.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    /// Bits used of the last byte; 0 and 8 both mean aligned.
    used: u8,
}

impl Bits {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), used: 0 }
    }

    pub(crate) fn bit(&mut self, one: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(one) << (7 - self.used);
        }
        self.used = (self.used + 1) % 8;
    }

    pub(crate) fn number(&mut self, value: u32, bits: u32) {
        for bit in (0..bits).rev() {
            self.bit(value >> bit & 1 == 1);
        }
    }

    /// An unsigned Exp-Golomb number.
    pub(crate) fn golomb(&mut self, value: u32) {
        let bits = (value + 1).ilog2();
        self.number(0, bits);
        self.number(value + 1, bits + 1);
    }

    /// Zero bits up to the next whole byte.
    pub(crate) fn align(&mut self) {
        self.used = 0;
    }

    /// Whole bytes; the bits before them must be aligned.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A one bit, then zero bits up to a whole byte.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bit(true);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_numbers_are_those_of_the_standard() {
        let mut bits = Bits::default();
        for value in 0..4 {
            bits.golomb(value);
        }
        // 1 010 011 00100, and the stop bit.
        assert_eq!(bits.finish(), [0b1010_0110, 0b0100_1000]);
    }
}

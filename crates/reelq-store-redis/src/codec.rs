//! The packed form (`MessagePack`) in which scripts and clients talk, as far as they use it: whole numbers, bytes,
//! flags and lists.

use reelq_store::{Error, Result};

/// Writes values one after the other.
#[derive(Debug, Default)]
pub(super) struct Packer(Vec<u8>);

impl Packer {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Begins a list; its `length` values follow.
    pub(super) fn list(&mut self, length: usize) -> &mut Self {
        match u32::try_from(length).unwrap_or(u32::MAX) {
            length @ 0..=15 => self.0.push(0x90 | low_byte(length)),
            length => self.tagged(0xdd, &length.to_be_bytes()),
        }
        self
    }

    pub(super) fn int(&mut self, value: i64) -> &mut Self {
        match value {
            -32..=127 => self.0.push(value.to_be_bytes()[7]),
            128..=0xff => self.tagged(0xcc, &value.to_be_bytes()[7..]),
            0x100..=0xffff => self.tagged(0xcd, &value.to_be_bytes()[6..]),
            0x1_0000..=0xffff_ffff => self.tagged(0xce, &value.to_be_bytes()[4..]),
            value => self.tagged(0xd3, &value.to_be_bytes()),
        }
        self
    }

    pub(super) fn count(&mut self, value: u64) -> &mut Self {
        self.int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        match u32::try_from(value.len()).unwrap_or(u32::MAX) {
            length @ 0..=31 => self.0.push(0xa0 | low_byte(length)),
            length @ 32..=0xff => self.tagged(0xd9, &length.to_be_bytes()[3..]),
            length => self.tagged(0xdb, &length.to_be_bytes()),
        }
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(super) fn flag(&mut self, value: bool) -> &mut Self {
        self.0.push(if value { 0xc3 } else { 0xc2 });
        self
    }

    /// Adds what was packed before.
    pub(super) fn raw(&mut self, packed: &[u8]) -> &mut Self {
        self.0.extend_from_slice(packed);
        self
    }

    /// How many bytes were written.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn tagged(&mut self, tag: u8, value: &[u8]) {
        self.0.push(tag);
        self.0.extend_from_slice(value);
    }
}

fn low_byte(value: u32) -> u8 {
    value.to_be_bytes()[3]
}

/// Reads values one after the other.
#[derive(Debug, Clone)]
pub(super) struct Unpacker<'a>(&'a [u8]);

impl<'a> Unpacker<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The length of a list, whose values are read next.
    pub(super) fn list(&mut self) -> Result<usize> {
        let tag = self.tag()?;
        let length = match tag {
            0x90..=0x9f => u64::from(tag & 0x0f),
            0xdc => self.number(2)?,
            0xdd => self.number(4)?,
            _ => return Err(unexpected("list", tag)),
        };
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Each value of a list, as `read` takes it.
    pub(super) fn each<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.list()?;
        (0..length).map(|_| read(self)).collect()
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        let tag = self.tag()?;
        Ok(match tag {
            0x00..=0x7f => i64::from(tag),
            0xe0..=0xff => i64::from(tag.cast_signed()),
            0xcc..=0xcf => {
                let value = self.number(1 << (tag - 0xcc))?;
                i64::try_from(value).map_err(|_| unexpected("number", tag))?
            }
            0xd0..=0xd3 => {
                let width: u32 = 1 << (tag - 0xd0);
                let unused = 64 - 8 * width;
                (self.number(width)? << unused).cast_signed() >> unused
            }
            // Scripts reckon in doubles, and pack those as such that are no whole numbers of 64 bits.
            0xca => saturated(f64::from(f32::from_bits(u32::try_from(self.number(4)?).unwrap_or(0)))),
            0xcb => saturated(f64::from_bits(self.number(8)?)),
            _ => return Err(unexpected("number", tag)),
        })
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.int()?).unwrap_or(0))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let tag = self.tag()?;
        let length = match tag {
            0xa0..=0xbf => u64::from(tag & 0x1f),
            0xc4 | 0xd9 => self.number(1)?,
            0xc5 | 0xda => self.number(2)?,
            0xc6 | 0xdb => self.number(4)?,
            _ => return Err(unexpected("text", tag)),
        };
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::broken("a packed text is not UTF-8"))
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.tag()? {
            0xc2 | 0xc0 => Ok(false),
            0xc3 => Ok(true),
            tag => Err(unexpected("flag", tag)),
        }
    }

    fn tag(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self, width: u32) -> Result<u64> {
        let bytes = self.take(usize::try_from(width).unwrap_or(usize::MAX))?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| Error::broken("a packed value is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
pub(super) const fn saturated(number: f64) -> i64 {
    number as i64
}

fn unexpected(wanted: &str, tag: u8) -> Error {
    Error::broken(format!("a packed {wanted} was expected, not tag {tag:#04x}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_is_read_back(int: i64, bytes: Vec<u8>, flag: bool, length in 0..100_000_usize) {
            let packed = Packer::new().int(int).bytes(&bytes).flag(flag).list(length).finish();
            let mut unpacker = Unpacker::new(&packed);
            prop_assert_eq!(unpacker.int().unwrap(), int);
            prop_assert_eq!(unpacker.bytes().unwrap(), &bytes[..]);
            prop_assert_eq!(unpacker.flag().unwrap(), flag);
            prop_assert_eq!(unpacker.list().unwrap(), length);
            prop_assert!(unpacker.rest().is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut unpacker = Unpacker::new(&bytes);
            while !unpacker.rest().is_empty() {
                let before = unpacker.rest().len();
                if unpacker.clone().int().is_ok() { unpacker.int().unwrap(); }
                else if unpacker.clone().bytes().is_ok() { unpacker.bytes().unwrap(); }
                else { drop(unpacker.each(Unpacker::flag)); }
                if unpacker.rest().len() == before { break }
            }
        }
    }

    #[test]
    fn numbers_of_every_width_are_read() {
        let packed = [0xcc, 0xff, 0xcd, 1, 0, 0xd0, 0x80, 0xd1, 0xff, 0xff, 0xd2, 0, 0, 0, 5];
        let mut unpacker = Unpacker::new(&packed);
        let read: Vec<i64> = (0..5).map(|_| unpacker.int().unwrap()).collect();
        assert_eq!(read, [255, 256, -128, -1, 5]);
    }

    #[test]
    fn doubles_are_read_as_the_nearest_whole_number() {
        let packed = [0xcb, 0x43, 0xe0, 0, 0, 0, 0, 0, 0, 0xca, 0x40, 0x20, 0, 0, 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
        let mut unpacker = Unpacker::new(&packed);
        let read: Vec<i64> = (0..3).map(|_| unpacker.int().unwrap()).collect();
        assert_eq!(read, [i64::MAX, 2, 0], "2^63, 2.5, no number");
    }
}

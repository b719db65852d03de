//! The packed form (`MessagePack`) in which scripts and clients talk, as far as they use it: whole numbers, bytes,
//! flags and lists.
//!
//! `rmp` writes and reads it. What scripts pack with `cmsgpack` has no family of its own for bytes: they go as texts.

use rmp::{
    Marker,
    decode::{self, NumValueReadError, ValueReadError},
    encode::{self, ByteBuf},
};

use reelq_store::{Error, Result};

/// Writes values one after the other.
#[derive(Debug, Default)]
pub(super) struct Packer(ByteBuf);

impl Packer {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Begins a list; its `length` values follow.
    pub(super) fn list(&mut self, length: usize) -> &mut Self {
        let Ok(_) = encode::write_array_len(&mut self.0, u32::try_from(length).unwrap_or(u32::MAX));
        self
    }

    pub(super) fn int(&mut self, value: i64) -> &mut Self {
        let Ok(_) = encode::write_sint(&mut self.0, value);
        self
    }

    pub(super) fn count(&mut self, value: u64) -> &mut Self {
        self.int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let Ok(_) = encode::write_str_len(&mut self.0, u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.raw(value)
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(super) fn flag(&mut self, value: bool) -> &mut Self {
        let Ok(()) = encode::write_bool(&mut self.0, value);
        self
    }

    /// Adds what was packed before.
    pub(super) fn raw(&mut self, packed: &[u8]) -> &mut Self {
        self.0.as_mut_vec().extend_from_slice(packed);
        self
    }

    /// How many bytes were written.
    pub(super) fn len(&self) -> usize {
        self.0.as_slice().len()
    }

    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).into_vec()
    }
}

/// Reads values one after the other. A length is only ever compared with what is there: nothing is set aside for it.
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
        let length = decode::read_array_len(&mut self.0).map_err(|error| refused("list", &error))?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Each value of a list, as `read` takes it.
    pub(super) fn each<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.list()?;
        (0..length).map(|_| read(self)).collect()
    }

    /// A whole number. Scripts calculate in doubles, and pack those as such that are no whole numbers of 64 bits.
    pub(super) fn int(&mut self) -> Result<i64> {
        let double = match self.0.first().copied().map(Marker::from_u8) {
            Some(Marker::F32) => decode::read_f32(&mut self.0).map(f64::from),
            Some(Marker::F64) => decode::read_f64(&mut self.0),
            _ => return decode::read_int(&mut self.0).map_err(|error| no_number(&error)),
        };
        double.map(saturated).map_err(|error| refused("number", &error))
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.int()?).unwrap_or(0))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = decode::read_str_len(&mut self.0).map_err(|error| refused("text", &error))?;
        let (taken, rest) =
            self.0.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX)).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::broken("a packed text is not UTF-8"))
    }

    /// A flag; a script's `nil` is none.
    pub(super) fn flag(&mut self) -> Result<bool> {
        match decode::read_bool(&mut self.0) {
            Err(ValueReadError::TypeMismatch(Marker::Null)) => Ok(false),
            flag => flag.map_err(|error| refused("flag", &error)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
pub(super) const fn saturated(number: f64) -> i64 {
    number as i64
}

fn refused(wanted: &str, error: &ValueReadError) -> Error {
    match error {
        ValueReadError::TypeMismatch(found) => unexpected(wanted, *found),
        ValueReadError::InvalidMarkerRead(_) | ValueReadError::InvalidDataRead(_) => cut_short(),
    }
}

fn no_number(error: &NumValueReadError) -> Error {
    match error {
        NumValueReadError::TypeMismatch(found) => unexpected("number", *found),
        NumValueReadError::OutOfRange => unexpected("number of 63 bits", Marker::U64),
        NumValueReadError::InvalidMarkerRead(_) | NumValueReadError::InvalidDataRead(_) => cut_short(),
    }
}

fn cut_short() -> Error {
    Error::broken("a packed value is cut short")
}

fn unexpected(wanted: &str, found: Marker) -> Error {
    Error::broken(format!("a packed {wanted} was expected, not tag {:#04x}", found.to_u8()))
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
    /// What `cmsgpack.pack` of Redis 7 writes for the same values.
    #[test]
    fn values_are_packed_as_scripts_pack_them() {
        let numbers: [(i64, &[u8]); 16] = [
            (127, &[0x7f]),
            (128, &[0xcc, 0x80]),
            (255, &[0xcc, 0xff]),
            (256, &[0xcd, 1, 0]),
            (65_535, &[0xcd, 0xff, 0xff]),
            (65_536, &[0xce, 0, 1, 0, 0]),
            (4_294_967_295, &[0xce, 0xff, 0xff, 0xff, 0xff]),
            (4_294_967_296, &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0]),
            (-1, &[0xff]),
            (-32, &[0xe0]),
            (-33, &[0xd0, 0xdf]),
            (-128, &[0xd0, 0x80]),
            (-129, &[0xd1, 0xff, 0x7f]),
            (-32_769, &[0xd2, 0xff, 0xff, 0x7f, 0xff]),
            (-2_147_483_648, &[0xd2, 0x80, 0, 0, 0]),
            (-2_147_483_649, &[0xd3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
        ];
        for (number, packed) in numbers {
            assert_eq!(Packer::new().int(number).finish(), packed, "{number}");
        }
        let head = |length| Packer::new().bytes(&vec![0; length]).finish()[..=2].to_vec();
        assert_eq!([head(31), head(32), head(255)], [[0xbf, 0, 0], [0xd9, 32, 0], [0xd9, 255, 0]]);
        assert_eq!([head(256), head(65_535), head(65_536)], [[0xda, 1, 0], [0xda, 255, 255], [0xdb, 0, 1]]);
        let list = |length| Packer::new().list(length).finish();
        assert_eq!([list(0), list(15)], [[0x90], [0x9f]]);
        assert_eq!([list(16), list(65_535)], [[0xdc, 0, 16], [0xdc, 255, 255]]);
        assert_eq!(list(65_536), [0xdd, 0, 1, 0, 0]);
        assert_eq!(Packer::new().flag(true).flag(false).finish(), [0xc3, 0xc2]);
    }

    /// An earlier version wrote texts of more than 255 bytes and numbers beyond 32 bits in wider forms.
    #[test]
    fn wider_forms_than_needed_are_read() {
        let mut packed = vec![0xdb, 0, 0, 0, 2, b'h', b'i', 0xdd, 0, 0, 0, 1, 0xc0];
        packed.extend([0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xd6]);
        let mut unpacker = Unpacker::new(&packed);
        assert_eq!(unpacker.text().unwrap(), "hi");
        assert_eq!(unpacker.each(Unpacker::flag).unwrap(), [false], "nil is no");
        assert_eq!(unpacker.int().unwrap(), -42);
    }

    #[test]
    fn what_claims_more_than_is_there_is_cut_short() {
        let claims: [&[u8]; 4] = [&[0xdb, 0xff, 0xff, 0xff, 0xff, b'a'], &[0xa2, b'a'], &[0xda, 1], &[]];
        for packed in claims {
            let error = Unpacker::new(packed).bytes().unwrap_err();
            assert!(error.to_string().contains("cut short"), "{packed:?}: {error}");
        }
        assert!(Unpacker::new(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1]).each(Unpacker::int).is_err());
        assert!(Unpacker::new(&[0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0]).int().is_err(), "2^63 and more is no such number");
    }
}

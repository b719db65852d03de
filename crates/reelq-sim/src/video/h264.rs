//! H.264 by hand: baseline profile, one picture of uncompressed macroblocks, and one that repeats it.
//!
//! Section numbers are those of ITU-T H.264.

use super::{bits::Bits, picture::Picture};

const BASELINE: u32 = 66;
/// Level 3: room for uncompressed pictures of this size.
const LEVEL: u32 = 30;
const I_SLICES: u32 = 7;
const P_SLICES: u32 = 5;
const I_PCM: u32 = 25;
const MACROBLOCK_BYTES: usize = 384;

/// A sequence parameter set (7.3.2.1) for pictures of this size; both sides are multiples of 16.
pub(crate) fn sps(width: u16, height: u16) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.number(BASELINE, 8);
    bits.number(0b1100_0000, 8);
    bits.number(LEVEL, 8);
    bits.golomb(0);
    bits.golomb(0); // frame numbers have 4 bits
    bits.golomb(2); // output order is decoding order
    bits.golomb(1); // one reference picture
    bits.bit(false);
    bits.golomb(u32::from(width / 16) - 1);
    bits.golomb(u32::from(height / 16) - 1);
    bits.bit(true); // frames only
    bits.bit(true);
    bits.bit(false); // no cropping
    bits.bit(false); // no usability information
    nal(0x67, bits)
}

/// A picture parameter set (7.3.2.2): CAVLC, one slice group, nothing optional.
pub(crate) fn pps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(0);
    bits.bit(false);
    bits.bit(false);
    bits.golomb(0);
    bits.golomb(0);
    bits.golomb(0);
    bits.bit(false);
    bits.number(0, 2);
    for _ in 0..3 {
        bits.golomb(0);
    }
    bits.number(0, 3);
    nal(0x68, bits)
}

/// A picture whose macroblocks are all `I_PCM` (7.3.5): the samples themselves.
pub(crate) fn still(picture: &Picture) -> Vec<u8> {
    let (columns, rows) = (picture.width / 16, picture.height / 16);
    let mut bits = Bits::with_capacity(columns * rows * (MACROBLOCK_BYTES + 2) + 16);
    bits.golomb(0);
    bits.golomb(I_SLICES);
    bits.golomb(0);
    bits.number(0, 4); // frame number
    bits.golomb(0); // idr_pic_id
    bits.number(0, 2); // dec_ref_pic_marking
    bits.golomb(0); // slice_qp_delta
    for row in 0..rows {
        for column in 0..columns {
            bits.golomb(I_PCM);
            bits.align();
            macroblock(&mut bits, picture, column, row);
        }
    }
    nal(0x65, bits)
}

fn macroblock(bits: &mut Bits, picture: &Picture, column: usize, row: usize) {
    for y in row * 16..row * 16 + 16 {
        let start = y * picture.width + column * 16;
        bits.extend(&picture.luma[start..start + 16]);
    }
    for plane in [&picture.blue, &picture.red] {
        for y in row * 8..row * 8 + 8 {
            let start = y * (picture.width / 2) + column * 8;
            bits.extend(&plane[start..start + 8]);
        }
    }
}

/// A picture whose macroblocks are all skipped: the one before, again.
pub(crate) fn repeat(width: u16, height: u16) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(P_SLICES);
    bits.golomb(0);
    bits.number(1, 4); // frame number
    bits.bit(false); // num_ref_idx_active_override_flag
    bits.bit(false); // ref_pic_list_modification_flag_l0
    bits.bit(false); // adaptive_ref_pic_marking_mode_flag
    bits.golomb(0); // slice_qp_delta
    bits.golomb(u32::from(width / 16) * u32::from(height / 16));
    nal(0x41, bits)
}

/// Puts a unit's header before its payload, which must not look like a start code (7.4.1).
fn nal(header: u8, payload: Bits) -> Vec<u8> {
    let payload = payload.finish();
    let mut unit = Vec::with_capacity(payload.len() + 8);
    unit.push(header);
    let mut zeros = 0;
    for byte in payload {
        if zeros >= 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_that_looks_like_a_start_code_is_escaped() {
        let mut bits = Bits::default();
        bits.extend(&[0, 0, 1, 0, 0, 0]);
        assert_eq!(nal(0x65, bits), [0x65, 0, 0, 3, 1, 0, 0, 3, 0, 0x80]);
    }

    #[test]
    fn a_repeated_picture_takes_a_few_bytes() {
        assert!(repeat(160, 96).len() < 8);
    }
}

//! The file around the pictures (ISO/IEC 14496-12 and -15): `ftyp`, `moov`, `mdat`, in that order, so that it plays while it loads.

use bytes::Bytes;

const TIMESCALE: u32 = 1000;
const FRAME_MS: u32 = 500;
const UNITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/// `und`, packed into 15 bits.
const NO_LANGUAGE: u16 = 0x55c4;

/// One video track; the first frame is a sync sample.
#[derive(Debug)]
pub(crate) struct Track<'a> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) sps: &'a [u8],
    pub(crate) pps: &'a [u8],
    pub(crate) frames: &'a [Vec<u8>],
    pub(crate) comment: &'a str,
}

/// A box that is being written; its size is put in when it ends.
struct Atom(Vec<u8>);

impl Atom {
    fn new(kind: [u8; 4]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind);
        Self(bytes)
    }

    /// A box with a version (0) and flags.
    fn full(kind: [u8; 4], flags: u32) -> Self {
        Self::new(kind).u32(flags)
    }

    fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn all(self, values: impl IntoIterator<Item = u32>) -> Self {
        values.into_iter().fold(self, Self::u32)
    }

    fn bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    fn holding(mut self, inner: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        for atom in inner {
            self.0.extend(atom);
        }
        self.done()
    }

    fn done(mut self) -> Vec<u8> {
        let size = size32(self.0.len());
        self.0[..4].copy_from_slice(&size.to_be_bytes());
        self.0
    }
}

fn size32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Track<'_> {
    fn duration(&self) -> u32 {
        FRAME_MS * size32(self.frames.len())
    }

    fn sample_sizes(&self) -> impl Iterator<Item = u32> {
        self.frames.iter().map(|frame| size32(frame.len() + 4))
    }
}

/// Writes the whole file.
pub(crate) fn file(track: &Track<'_>) -> Bytes {
    let ftyp = Atom::new(*b"ftyp").bytes(b"isom").u32(512).bytes(b"isomiso2avc1mp41").done();
    let comment = Atom::new(*b"free").bytes(track.comment).done();
    // The table of offsets has a fixed size, so a first pass with any offset tells where the samples will be.
    let before = ftyp.len() + moov(track, 0).len() + comment.len() + 8;
    let moov = moov(track, size32(before));
    let mdat = track.frames.iter().fold(Atom::new(*b"mdat"), |mdat, frame| mdat.u32(size32(frame.len())).bytes(frame));
    [ftyp, moov, comment, mdat.done()].concat().into()
}

fn moov(track: &Track<'_>, offset: u32) -> Vec<u8> {
    let mvhd = Atom::full(*b"mvhd", 0)
        .all([0, 0, TIMESCALE, track.duration(), 0x1_0000])
        .u16(0x100)
        .bytes([0; 10])
        .all(UNITY_MATRIX)
        .bytes([0; 24])
        .u32(2)
        .done();
    Atom::new(*b"moov").holding([mvhd, trak(track, offset)])
}

fn trak(track: &Track<'_>, offset: u32) -> Vec<u8> {
    let tkhd = Atom::full(*b"tkhd", 3)
        .all([0, 0, 1, 0, track.duration()])
        .bytes([0; 16])
        .all(UNITY_MATRIX)
        .u32(u32::from(track.width) << 16)
        .u32(u32::from(track.height) << 16)
        .done();
    Atom::new(*b"trak").holding([tkhd, mdia(track, offset)])
}

fn mdia(track: &Track<'_>, offset: u32) -> Vec<u8> {
    let mdhd = Atom::full(*b"mdhd", 0).all([0, 0, TIMESCALE, track.duration()]).u16(NO_LANGUAGE).u16(0).done();
    let hdlr = Atom::full(*b"hdlr", 0).u32(0).bytes(b"vide").bytes([0; 12]).bytes(b"simulated\0").done();
    let vmhd = Atom::full(*b"vmhd", 1).bytes([0; 8]).done();
    let here = Atom::full(*b"url ", 1).done();
    let dref = Atom::full(*b"dref", 0).u32(1).holding([here]);
    let dinf = Atom::new(*b"dinf").holding([dref]);
    let minf = Atom::new(*b"minf").holding([vmhd, dinf, stbl(track, offset)]);
    Atom::new(*b"mdia").holding([mdhd, hdlr, minf])
}

fn stbl(track: &Track<'_>, offset: u32) -> Vec<u8> {
    let frames = size32(track.frames.len());
    let stsd = Atom::full(*b"stsd", 0).u32(1).holding([avc1(track)]);
    let stts = Atom::full(*b"stts", 0).all([1, frames, FRAME_MS]).done();
    let stss = Atom::full(*b"stss", 0).all([1, 1]).done();
    let stsc = Atom::full(*b"stsc", 0).all([1, 1, frames, 1]).done();
    let stsz = Atom::full(*b"stsz", 0).all([0, frames]).all(track.sample_sizes()).done();
    let stco = Atom::full(*b"stco", 0).all([1, offset]).done();
    Atom::new(*b"stbl").holding([stsd, stts, stss, stsc, stsz, stco])
}

fn avc1(track: &Track<'_>) -> Vec<u8> {
    Atom::new(*b"avc1")
        .bytes([0; 6])
        .u16(1)
        .bytes([0; 16])
        .u16(track.width)
        .u16(track.height)
        .all([0x48_0000, 0x48_0000, 0])
        .u16(1)
        .bytes([0; 32])
        .u16(24)
        .u16(0xffff)
        .holding([avcc(track)])
}

fn avcc(track: &Track<'_>) -> Vec<u8> {
    Atom::new(*b"avcC")
        .bytes([1])
        .bytes(&track.sps[1..4])
        .bytes([0xff, 0xe1])
        .u16(u16::try_from(track.sps.len()).unwrap_or(0))
        .bytes(track.sps)
        .bytes([1])
        .u16(u16::try_from(track.pps.len()).unwrap_or(0))
        .bytes(track.pps)
        .done()
}

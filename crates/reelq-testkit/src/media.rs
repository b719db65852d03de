//! Small whole files of every kind.

/// The smallest video that passes: `tag` makes each one different.
pub fn mp4(tag: &str) -> Vec<u8> {
    [boxed(b"ftyp", b"isom0000"), boxed(b"moov", &[7; 40]), boxed(b"mdat", tag.as_bytes())].concat()
}

/// A `QuickTime` movie.
pub fn mov() -> Vec<u8> {
    [boxed(b"ftyp", b"qt  0000"), boxed(b"wide", &[]), boxed(b"mdat", &[1; 30]), boxed(b"moov", &[7; 40])].concat()
}

/// A `QuickTime` file from before there were file types.
pub fn old_mov() -> Vec<u8> {
    [boxed(b"mdat", &[1; 30]), boxed(b"moov", &[7; 40])].concat()
}

/// An MP4 with nothing but sound.
pub fn m4a() -> Vec<u8> {
    let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0");
    [boxed(b"ftyp", b"isom0000"), boxed(b"moov", &handler), boxed(b"mdat", &[1; 30])].concat()
}

/// An AVIF picture.
pub fn avif() -> Vec<u8> {
    [boxed(b"ftyp", b"avif0000"), boxed(b"meta", &[7; 40]), boxed(b"mdat", &[1; 30])].concat()
}

/// One box of an MP4.
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// A header, a segment of known length, and in it a cluster.
pub fn webm() -> Vec<u8> {
    let header = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm";
    let cluster = [b"\x1f\x43\xb6\x75\x90".as_slice(), &[5; 16]].concat();
    let size = 0x80 | u8::try_from(cluster.len()).unwrap();
    [header.as_slice(), b"\x18\x53\x80\x67", &[size], &cluster].concat()
}

/// What a writer makes that does not know the length beforehand.
pub fn live_matroska() -> Vec<u8> {
    let header = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska";
    let (open, block) = (b"\x01\xff\xff\xff\xff\xff\xff\xff", b"\xa3\x84abcd");
    [header.as_slice(), b"\x18\x53\x80\x67", open, b"\x1f\x43\xb6\x75", open, block, block].concat()
}

/// A GIF of one frame.
pub fn gif() -> Vec<u8> {
    let screen = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    [screen.as_slice(), b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0", b"\x3b"].concat()
}

/// A PNG picture.
pub fn png() -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let size = u32::try_from(body.len()).unwrap();
        [&size.to_be_bytes()[..], kind, body, b"crc!"].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[1; 13]), chunk(b"IDAT", &[2; 60]), chunk(b"IEND", &[])].concat()
}

/// With a preview of its own inside, which ends like the picture does.
pub fn jpeg() -> Vec<u8> {
    let preview = b"\xff\xe1\x00\x0aE\xff\xd8..\xff\xd9.";
    let scan = b"\xff\xda\x00\x04\x01\x02picture\xff\x00\xff\xd0picture";
    [b"\xff\xd8".as_slice(), preview, scan, b"\xff\xd9"].concat()
}

/// A RIFF file of this form.
pub fn riff(form: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 4).unwrap();
    [b"RIFF".as_slice(), &size.to_le_bytes(), form, body].concat()
}

/// A WebP picture.
pub fn webp() -> Vec<u8> {
    riff(b"WEBP", b"VP8 \x08\0\0\0pictures")
}

/// A WebP that moves.
pub fn animated_webp() -> Vec<u8> {
    riff(b"WEBP", b"VP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0")
}

/// A WAV sound.
pub fn wav() -> Vec<u8> {
    riff(b"WAVE", b"fmt \x10\0\0\0\x01\0\x01\0________\x02\0\x10\0data\x04\0\0\0abcd")
}

/// One frame of 128 kbit/s at 44.1 kHz.
pub fn mp3() -> Vec<u8> {
    [b"\xff\xfb\x90\x64".as_slice(), &[0; 413]].concat()
}

/// An MP3 with a title.
pub fn tagged_mp3() -> Vec<u8> {
    [b"ID3\x04\0\0\0\0\0\x05title".as_slice(), &mp3()].concat()
}

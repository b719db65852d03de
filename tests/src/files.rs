//! Small whole files of the kinds that vendors send besides MP4s.

/// A PNG; cut anywhere, it is no whole one.
pub fn png() -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        [&size.to_be_bytes()[..], kind, body, b"crc!"].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[1; 13]), chunk(b"IDAT", &[2; 60]), chunk(b"IEND", &[])].concat()
}

/// A `WebM` file: a header, and a segment with one cluster.
pub fn webm() -> Vec<u8> {
    let cluster = [b"\x1f\x43\xb6\x75\x90".as_slice(), &[5; 16]].concat();
    let size = 0x80 | u8::try_from(cluster.len()).unwrap_or(0x7f);
    [b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67".as_slice(), &[size], &cluster].concat()
}

/// A `QuickTime` video.
pub fn mov() -> Vec<u8> {
    let boxed = |kind: &[u8; 4], body: &[u8]| {
        let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
        [&size.to_be_bytes()[..], kind, body].concat()
    };
    [boxed(b"ftyp", b"qt  \0\0\0\0qt  "), boxed(b"mdat", &[1; 30]), boxed(b"moov", &[7; 40])].concat()
}

/// A GIF of one picture.
pub fn gif() -> Vec<u8> {
    let screen = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    [screen.as_slice(), b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0", b"\x3b"].concat()
}

/// A JPEG with a preview of its own inside, which ends like the picture does.
pub fn jpeg() -> Vec<u8> {
    let preview = b"\xff\xe1\x00\x0aE\xff\xd8..\xff\xd9.";
    let scan = b"\xff\xda\x00\x04\x01\x02picture\xff\x00\xff\xd0picture";
    [b"\xff\xd8".as_slice(), preview, scan, b"\xff\xd9"].concat()
}

fn riff(form: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [b"RIFF".as_slice(), &size.to_le_bytes(), form, body].concat()
}

/// A `WebP` picture.
pub fn webp() -> Vec<u8> {
    riff(b"WEBP", b"VP8 \x08\0\0\0pictures")
}

/// A WAV of four bytes of sound.
pub fn wav() -> Vec<u8> {
    riff(b"WAVE", b"fmt \x10\0\0\0\x01\0\x01\0________\x02\0\x10\0data\x04\0\0\0abcd")
}

/// One frame of an MP3, 128 kbit/s at 44.1 kHz.
pub fn mp3() -> Vec<u8> {
    [b"\xff\xfb\x90\x64".as_slice(), &[0; 413]].concat()
}

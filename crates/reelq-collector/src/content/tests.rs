use std::io::Cursor;

use proptest::prelude::*;

use reelq_testkit::media::*;

use super::*;

fn judged(bytes: &[u8]) -> Result<Media, String> {
    judge(&mut Cursor::new(bytes)).map_err(|error| error.to_string())
}

fn every() -> Vec<(Media, Vec<u8>)> {
    vec![
        (Media::Mp4, mp4("a clip")),
        (Media::Mov, mov()),
        (Media::Mov, old_mov()),
        (Media::M4a, m4a()),
        (Media::Avif, avif()),
        (Media::Webm, webm()),
        (Media::Matroska, live_matroska()),
        (Media::Gif, gif()),
        (Media::Png, png()),
        (Media::Jpeg, jpeg()),
        (Media::Webp, webp()),
        (Media::AnimatedWebp, animated_webp()),
        (Media::Wav, wav()),
        (Media::Avi, riff(b"AVI ", b"LIST\x04\0\0\0hdrl")),
        (Media::Mp3, mp3()),
        (Media::Mp3, tagged_mp3()),
    ]
}

#[test]
fn every_kind_is_known_by_its_content() {
    for (media, bytes) in every() {
        assert_eq!(judged(&bytes), Ok(media));
    }
}

#[test]
fn cut_file_is_noticed_where_its_format_tells() {
    let tells = |media: &Media| !matches!(media, Media::Mp3 | Media::Matroska);
    for (media, bytes) in every().into_iter().filter(|(media, _)| tells(media)) {
        for length in 0..bytes.len() {
            assert!(judged(&bytes[..length]).is_err(), "{media:?} cut at {length}");
        }
    }
    assert_eq!(judged(&png()[..70]).unwrap_err(), "the PNG is cut off: it has no IEND chunk");
    assert_eq!(judged(&webm()[..30]).unwrap_err(), "the WebM is cut off: an element ends after the file");
    assert_eq!(judged(&wav()[..40]).unwrap_err(), "the WAV is cut off: it is shorter than it says");
    assert!(judged(&mp3()[..100]).is_err());
    assert!(judged(&live_matroska()[..20]).is_err());
}

#[test]
fn what_follows_the_end_of_a_picture_does_not_make_it_worse() {
    for (media, mut bytes) in [(Media::Png, png()), (Media::Jpeg, jpeg()), (Media::Gif, gif())] {
        bytes.extend_from_slice(b"\nmade by a camera\n");
        assert_eq!(judged(&bytes), Ok(media));
    }
}

#[test]
fn moving_picture_says_so() {
    let still = png();
    let moving = [&still[..8], b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0crc!", &still[8..]].concat();
    assert_eq!(judged(&moving), Ok(Media::AnimatedPng));
    assert_eq!((Media::AnimatedPng.class(), Media::Png.class()), (Class::Video, Class::Picture));
    assert_eq!((Media::AnimatedPng.extension(), Media::of_extension("PNG")), ("png", Some(Media::Png)));
}

#[test]
fn pages_and_other_bytes_are_no_output() {
    let pages: [&[u8]; 8] = [
        b"<!DOCTYPE html><html>please log in</html>",
        b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
        b"{\"error\":\"not ready\"}",
        b"a picture",
        b"\xff\xfe<\0h\0t\0m\0l\0>\0",
        b"\xef\xbb\xbf<html>",
        b"\x1f\x8b\x08\0\0\0\0\0 compressed",
        b"RIFF\x08\0\0\0CDDAwhat",
    ];
    for page in pages {
        let fault = judged(page).unwrap_err();
        assert!(fault.starts_with("it is no video, picture or sound: it begins with `"), "{fault}");
    }
    assert_eq!(judged(b"").unwrap_err(), "the file is empty");
}

#[test]
fn sound_alone_in_a_container_of_videos_is_no_video() {
    assert_eq!(judged(&m4a()).unwrap().class(), Class::Sound);
    let handlers = [boxed(b"hdlr", b"\0\0\0\0\0\0\0\0soun"), boxed(b"hdlr", b"\0\0\0\0\0\0\0\0vide")].concat();
    let both = [boxed(b"ftyp", b"isom"), boxed(b"moov", &handlers), boxed(b"mdat", &[1; 30])].concat();
    assert_eq!(judged(&both), Ok(Media::Mp4));
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = judged(&bytes);
    }

    #[test]
    fn any_damage_gets_an_answer(which in 0_usize..16, at in 0_usize..40, byte: u8) {
        let mut bytes = every()[which].1.clone();
        if let Some(damaged) = bytes.get_mut(at) {
            *damaged = byte;
        }
        let _ = judged(&bytes);
    }
}

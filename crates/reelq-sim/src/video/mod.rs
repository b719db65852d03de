//! Small real videos, drawn without an encoder: a picture that says it is simulated, held for one second.
//!
//! The bytes are a function of prompt and task id alone.

mod bits;
mod font;
mod h264;
mod mp4;
mod picture;

use bytes::Bytes;
use reelq_model::Digest;

/// Draws the video of one task.
pub(crate) fn video(prompt: &str, task: &str) -> Bytes {
    let picture = picture::draw(prompt, task);
    let still = h264::still(&picture);
    let repeat = h264::repeat(picture::WIDTH, picture::HEIGHT);
    let comment = format!("simulated by reelq; task {task}; prompt sha256 {}", Digest::of(prompt.as_bytes()));
    mp4::file(&mp4::Track {
        width: picture::WIDTH,
        height: picture::HEIGHT,
        sps: &h264::sps(picture::WIDTH, picture::HEIGHT),
        pps: &h264::pps(),
        frames: &[still, repeat],
        comment: &comment,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The boxes of a file by path, with the place of their contents.
    fn boxes(bytes: &[u8], at: usize, path: &str, found: &mut BTreeMap<String, std::ops::Range<usize>>) {
        let mut start = at;
        let end = at + bytes.len();
        while start + 8 <= end {
            let atom = &bytes[start - at..];
            let size = usize::try_from(u32::from_be_bytes(atom[..4].try_into().unwrap())).unwrap();
            let kind = String::from_utf8(atom[4..8].to_vec()).unwrap();
            assert!(size >= 8 && start + size <= end, "{path}/{kind} has the size {size}");
            let name = format!("{path}/{kind}");
            if matches!(kind.as_str(), "moov" | "trak" | "mdia" | "minf" | "stbl" | "dinf") {
                boxes(&atom[8..size], start + 8, &name, found);
            }
            found.insert(name, start + 8..start + size);
            start += size;
        }
        assert_eq!(start, end, "{path} is filled by its boxes");
    }

    fn u32_at(bytes: &[u8], at: usize) -> usize {
        usize::try_from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
    }

    #[test]
    fn every_box_of_a_playable_file_is_there() {
        let mut found = BTreeMap::new();
        boxes(&video("a cat", "task-1"), 0, "", &mut found);
        let names: Vec<&String> = found.keys().collect();
        insta::assert_json_snapshot!(names);
    }

    #[test]
    fn the_sample_table_leads_to_the_pictures() {
        let bytes = video("a cat", "task-1");
        let mut found = BTreeMap::new();
        boxes(&bytes, 0, "", &mut found);
        let table = |name: &str| found[&format!("/moov/trak/mdia/minf/stbl/{name}")].start;
        let mut place = u32_at(&bytes, table("stco") + 8);
        assert_eq!(place, found["/mdat"].start);
        for (number, header) in [0x65, 0x41].into_iter().enumerate() {
            let size = u32_at(&bytes, table("stsz") + 12 + 4 * number);
            assert_eq!(u32_at(&bytes, place), size - 4);
            assert_eq!(bytes[place + 4], header);
            place += size;
        }
        assert_eq!(place, bytes.len());
    }

    #[test]
    fn bytes_are_a_function_of_prompt_and_task() {
        assert_eq!(video("a cat", "task-1"), video("a cat", "task-1"));
        assert_ne!(video("a cat", "task-1"), video("a dog", "task-1"));
        assert_ne!(video("a cat", "task-1"), video("a cat", "task-2"));
    }

    proptest::proptest! {
        #[test]
        fn any_prompt_can_be_drawn(prompt in ".*", task in ".*") {
            let bytes = video(&prompt, &task);
            proptest::prop_assert!((20_000..30_000).contains(&bytes.len()));
        }
    }
}

//! What the collector makes of outputs of every kind: each by its content, whatever the vendor calls it.

use std::{fs, path::Path, time::Duration};

use reelq_collector::StorageOptions;
use reelq_model::{Event, FailureKind, OutputLink, StoredFile};
use reelq_testkit::{media, media::mp4 as video};

use crate::{
    house::House,
    server::{Server, reply},
};

const LATE: [&str; 4] = ["late.png", "late.mp4", "page.png", "cut.png"];

/// What lies under each name, once it is there.
fn file(name: &str) -> Vec<u8> {
    let png = media::png();
    match name.split('?').next().unwrap_or_default() {
        "clip.mp4" | "clip" | "again.mp4" | "moved.mp4" => video("a clip"),
        "second.mp4" => video("another clip"),
        "cover.png" | "cover" => png,
        "cut.png" => png[..png.len() - 9].to_vec(),
        "page.png" | "page.mp4" => b"<html>not found</html>".to_vec(),
        "clip.webm" => media::webm(),
        "clip.mov" => media::mov(),
        "clip.gif" => media::gif(),
        "sound.mp3" => media::mp3(),
        "strange.mp4" => b"FLV\x01\x05 a format of the vendor's own".to_vec(),
        _ => Vec::new(),
    }
}

async fn vendor() -> Server {
    Server::by_path(|name| match name {
        "late.png" | "late.mp4" => reply("404 Not Found", "", b""),
        name => reply("200 OK", "", &file(name)),
    })
    .await
}

struct Scene {
    folder: tempfile::TempDir,
    server: Server,
    house: House,
}

impl Scene {
    async fn begin() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), vendor().await);
        let house = House::build(folder.path().to_str().unwrap(), &[&server], StorageOptions::default()).await;
        Self { folder, server, house }
    }

    fn links(&self, names: &[&str]) -> Vec<OutputLink> {
        names.iter().map(|name| self.server.link_to(name)).collect()
    }

    async fn collect(&self, names: &[&str]) -> Event {
        self.house.collect(self.links(names)).await
    }

    async fn stored(&self, names: &[&str]) -> Vec<StoredFile> {
        match self.collect(names).await {
            Event::Stored { files } => files,
            other => panic!("{names:?}: {other:?}"),
        }
    }

    fn lies(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join(name)).ok()
    }
}

fn paths(files: &[StoredFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[tokio::test]
async fn file_has_the_extension_of_its_content_whatever_its_link_and_its_vendor_say() {
    for (name, expected) in [
        ("clip.mp4", "000001-cat-1.mp4"),
        ("clip", "000001-cat-1.mp4"),
        ("clip.webm", "000001-cat-1.webm"),
        ("clip.mov", "000001-cat-1.mov"),
        ("clip.gif", "000001-cat-1.gif"),
    ] {
        let scene = Scene::begin().await;
        assert_eq!(paths(&scene.stored(&[name]).await), [expected]);
        assert_eq!(scene.lies(expected), Some(file(name)));
    }
}

#[tokio::test]
async fn picture_beside_the_video_is_kept_and_the_video_comes_first_in_either_order() {
    for (names, expected) in [
        (["clip.mp4", "cover.png"], ["000001-cat-1-out1.mp4", "000001-cat-1-out2.png"]),
        (["cover.png", "clip.mp4"], ["000001-cat-1-out2.mp4", "000001-cat-1-out1.png"]),
        (["cover", "clip.webm"], ["000001-cat-1-out2.webm", "000001-cat-1-out1.png"]),
        (["sound.mp3", "clip"], ["000001-cat-1-out2.mp4", "000001-cat-1-out1.mp3"]),
    ] {
        let scene = Scene::begin().await;
        let files = scene.stored(&names).await;
        assert_eq!(paths(&files), expected);
        assert!(files.iter().all(|file| file.note.is_none()));
    }
}

#[tokio::test]
async fn cover_that_never_comes_is_given_up_with_a_note_and_the_clip_is_there_from_the_start() {
    for name in LATE.into_iter().filter(|name| *name != "late.mp4") {
        for names in [["clip.mp4", name], [name, "clip.mp4"]] {
            let mut scene = Scene::begin().await;
            let event = scene.collect(&names).await;
            assert!(matches!(event, Event::FetchLater { .. } | Event::LinksExpired { .. }), "{event:?}");
            let clip = if names[0] == name { "000001-cat-1-out2.mp4" } else { "000001-cat-1-out1.mp4" };
            assert_eq!(scene.lies(clip), Some(video("a clip")), "it waits for nothing");
            scene.house.fetched_in_vain(5, Duration::from_secs(70));
            let files = scene.stored(&names).await;
            assert_eq!(files[0].path, clip);
            let note = files.iter().find_map(|file| file.note.clone()).unwrap();
            let told = if name == "late.png" { "was given up" } else { "could not be verified" };
            assert!(note.contains(told), "{note}");
            if let Some(other) = files.get(1) {
                assert!(other.path.ends_with(".png.unverified"), "{}", other.path);
                assert_eq!(scene.lies(&other.path), Some(file(name)), "what came is kept");
            }
        }
    }
}

#[tokio::test]
async fn cover_that_comes_late_is_kept_too() {
    let server = Server::start(|number| match number {
        0 => reply("200 OK", "", &video("a clip")),
        1 => reply("503 Busy", "", b""),
        2 => reply("200 OK", "", b"<html>"),
        _ => reply("200 OK", "", &media::png()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::build(folder.path().to_str().unwrap(), &[&server], StorageOptions::default()).await;
    let links = vec![server.link(), server.link_to("p.png?x")];
    for _ in 0..2 {
        assert!(matches!(house.collect(links.clone()).await, Event::FetchLater { .. }));
    }
    let Event::Stored { files } = house.collect(links).await else { panic!() };
    assert_eq!(paths(&files), ["000001-cat-1-out1.mp4", "000001-cat-1-out2.png"]);
    assert_eq!(server.asked().len(), 4, "what was stored is not fetched again");
}

#[tokio::test]
async fn pictures_alone_are_no_video_and_are_kept_where_the_video_never_comes() {
    for names in [vec!["cover.png"], vec!["cover.png", "late.mp4"], vec!["page.mp4", "cover"]] {
        let mut scene = Scene::begin().await;
        let event = scene.collect(&names).await;
        assert!(matches!(event, Event::FetchLater { .. } | Event::LinksExpired { .. }), "{names:?}: {event:?}");
        scene.house.job.link_refreshes = 3;
        scene.house.job.outputs_until = Some(scene.house.now.before(Duration::from_secs(1)));
        scene.house.fetched_in_vain(30, Duration::from_hours(20));
        let Event::FetchFailed { failure } = scene.collect(&names).await else { panic!() };
        assert_eq!(failure.kind, FailureKind::Expired);
        assert!(failure.message.contains("what came is kept: 000001-cat-1"), "{}", failure.message);
        assert!(failure.message.contains(".png"), "{}", failure.message);
    }
}

#[tokio::test]
async fn picture_that_stands_in_for_the_video_does_not_hide_it() {
    for names in [&["clip.mp4"][..], &["clip"], &["clip.mp4", "page.mp4"], &["first", "second"]] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<&'static str> = names.to_vec();
        let count = names.len();
        let server = Server::start(move |number| {
            let is_early = number < 2 * count;
            reply("200 OK", "", &if is_early { media::png() } else { video("a clip") })
        })
        .await;
        let mut house = House::build(folder.path().to_str().unwrap(), &[&server], StorageOptions::default()).await;
        let links: Vec<_> = names.iter().map(|name| server.link_to(name)).collect();
        for _ in 0..2 {
            let event = house.collect(links.clone()).await;
            assert!(matches!(event, Event::FetchLater { .. } | Event::LinksExpired { .. }), "{names:?}: {event:?}");
            house.job.setbacks += 1;
        }
        let Event::Stored { files } = house.collect(links).await else { panic!("{names:?}") };
        assert_eq!(files.len(), count, "{names:?}");
        assert!(files.iter().all(|file| file.path.contains(".mp4")), "{files:?}");
    }
}

#[tokio::test]
async fn whole_picture_behind_the_link_of_a_further_video_is_kept_at_once() {
    let server =
        Server::by_path(|name| reply("200 OK", "", &if name == "second.mp4" { media::png() } else { video("a clip") }))
            .await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::build(folder.path().to_str().unwrap(), &[&server], StorageOptions::default()).await;
    let links = vec![server.link_to("second.mp4"), server.link()];
    let Event::Stored { files } = house.collect(links).await else { panic!() };
    assert_eq!(paths(&files), ["000001-cat-1-out2.mp4", "000001-cat-1-out1.png"]);
    assert!(files[1].note.as_ref().unwrap().contains("a png file came in place of the video"), "{files:?}");
}

#[tokio::test]
async fn picture_is_what_a_mode_of_pictures_promises() {
    let mut scene = Scene::begin().await;
    scene.house.job.spec.mode = "text-to-image".to_owned();
    assert_eq!(paths(&scene.stored(&["cover.png"]).await), ["000001-cat-1.png"]);
    scene.house.job.spec.mode = "text-to-speech".to_owned();
    assert_eq!(paths(&scene.stored(&["sound.mp3"]).await), ["000001-cat-1.mp3"]);
}

#[tokio::test]
async fn paid_bytes_of_an_unknown_format_are_kept_in_the_end() {
    let mut scene = Scene::begin().await;
    assert!(matches!(scene.collect(&["strange.mp4"]).await, Event::FetchLater { .. }));
    assert_eq!(scene.lies("000001-cat-1.mp4.unverified"), None, "not yet");
    scene.house.job.link_refreshes = 3;
    scene.house.job.outputs_until = Some(scene.house.now.before(Duration::from_secs(1)));
    scene.house.fetched_in_vain(30, Duration::from_hours(20));
    let Event::FetchFailed { failure } = scene.collect(&["strange.mp4"]).await else { panic!() };
    assert!(failure.message.ends_with("what came is kept: 000001-cat-1.mp4.unverified"), "{}", failure.message);
    assert_eq!(scene.lies("000001-cat-1.mp4.unverified"), Some(file("strange.mp4")));
}

#[tokio::test]
async fn outputs_in_another_order_are_recognised_by_their_links() {
    let mut scene = Scene::begin().await;
    let event = scene.collect(&["cover.png?sig=1", "late.mp4"]).await;
    assert!(matches!(event, Event::FetchLater { .. } | Event::LinksExpired { .. }), "{event:?}");
    scene.house.job.setbacks = 1;
    let files = scene.stored(&["clip.mp4?sig=2", "cover.png?sig=2"]).await;
    assert_eq!(
        paths(&files),
        ["000001-cat-1-out1.mp4", "000001-cat-1-out1.png"],
        "the cover has the name it got first"
    );
    let asked = scene.server.asked();
    assert_eq!(asked.iter().filter(|request| request.contains("cover.png")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn outputs_whose_links_differ_by_their_query_alone_are_two() {
    let scene = Scene::begin().await;
    let server = Server::by_path(|path| {
        let is_first = path.ends_with("id=1");
        reply("200 OK", "", &video(if is_first { "one" } else { "two" }))
    })
    .await;
    let house = House::build(scene.folder.path().to_str().unwrap(), &[&server], StorageOptions::default()).await;
    let links = vec![server.link_to("file?id=1"), server.link_to("file?id=2")];
    for _ in 0..2 {
        let Event::Stored { files } = house.collect(links.clone()).await else { panic!() };
        assert_eq!(paths(&files), ["000001-cat-1-out1.mp4", "000001-cat-1-out2.mp4"]);
        assert_ne!(files[0].sha256, files[1].sha256);
    }
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn every_clip_of_a_task_is_stored_and_another_persons_file_is_never_replaced() {
    let scene = Scene::begin().await;
    let theirs = |name: &str| Path::new(scene.folder.path()).join(name);
    fs::write(theirs("000001-cat-1-out2.mp4"), "mine").unwrap();
    let files = scene.stored(&["clip.mp4", "second.mp4"]).await;
    assert_eq!(paths(&files), ["000001-cat-1-out1.mp4", "000001-cat-1-out2-2.mp4"]);
    assert_eq!(fs::read_to_string(theirs("000001-cat-1-out2.mp4")).unwrap(), "mine");
}

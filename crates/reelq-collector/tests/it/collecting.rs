//! What the collector makes of whole, torn, dead, foreign and forbidden outputs.

use std::{fs, path::Path, time::Duration};

use reelq_collector::StorageOptions;
use reelq_model::{Digest, Event, Failure, FailureKind, StoredFile};
use reelq_testkit::media::mp4 as video;

use crate::{
    house::House,
    server::{Server, reply},
};

async fn in_folder(folder: &Path, trusted: &[&Server]) -> House {
    House::build(folder.to_str().unwrap(), trusted, StorageOptions::default()).await
}

fn stored(event: Event) -> Vec<StoredFile> {
    match event {
        Event::Stored { files } => files,
        other => panic!("{other:?}"),
    }
}

fn failure(event: Event) -> Failure {
    match event {
        Event::FetchFailed { failure } => failure,
        other => panic!("{other:?}"),
    }
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name != ".parts").collect();
    names.sort();
    names
}

#[tokio::test]
async fn whole_video_is_stored_under_its_name() {
    let (folder, body) = (tempfile::tempdir().unwrap(), video("one"));
    let server = Server::start(move |_| reply("200 OK", "", &video("one"))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    let files = stored(house.collect(vec![server.link()]).await);
    assert_eq!(files[0].path, "000001-cat-1.mp4");
    assert_eq!((files[0].bytes, files[0].sha256), (body.len() as u64, Digest::of(&body)));
    assert_eq!(fs::read(folder.path().join("000001-cat-1.mp4")).unwrap(), body);
    assert_eq!(files_in(folder.path()), ["000001-cat-1.mp4"]);
}

#[tokio::test]
async fn part_left_behind_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number| {
        let (body, tag) = (video("a long video"), "etag: \"v1\"\r\n");
        let range = format!("{tag}content-range: bytes 30-{}/{}\r\n", body.len() - 1, body.len());
        match number {
            0 => {
                let whole = reply("200 OK", tag, &body);
                whole[..whole.len() - (body.len() - 30)].to_vec()
            }
            _ => reply("206 Partial Content", &range, &body[30..]),
        }
    })
    .await;
    let house = in_folder(folder.path(), &[&server]).await;
    assert!(matches!(house.collect(vec![server.link()]).await, Event::FetchLater { .. }));
    assert!(files_in(folder.path()).is_empty(), "nothing appears before it is whole");
    let files = stored(house.collect(vec![server.link()]).await);
    assert_eq!(files[0].sha256, Digest::of(&video("a long video")));
    assert!(server.asked()[1].contains("range: bytes=30-\r\n"), "{}", server.asked()[1]);
    assert!(server.asked()[1].contains("if-range: \"v1\""));
}

#[tokio::test]
async fn file_that_was_placed_but_not_committed_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("200 OK", "", &video("one"))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    let first = stored(house.collect(vec![server.link()]).await);
    assert_eq!(stored(house.collect(vec![server.link()]).await), first, "by its content");
    fs::remove_dir_all(folder.path().join(".parts")).unwrap();
    assert_eq!(stored(house.collect(vec![server.link()]).await), first, "without a log too");
    assert_eq!(files_in(folder.path()), ["000001-cat-1.mp4"]);
}

#[tokio::test]
async fn file_that_was_placed_but_not_committed_is_kept_though_its_link_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number| match number {
        0 => reply("200 OK", "", &video("one")),
        _ => reply("403 Forbidden", "", b"expired"),
    })
    .await;
    let mut house = in_folder(folder.path(), &[&server]).await;
    let first = stored(house.collect(vec![server.link()]).await);
    assert_eq!(stored(house.collect(vec![server.link()]).await), first);
    house.job.setbacks = 1;
    assert_eq!(stored(house.collect(vec![server.link()]).await), first);
    assert_eq!(server.asked().len(), 2, "where there was trouble before, the log is asked first");
    fs::write(folder.path().join("000001-cat-1.mp4"), "changed").unwrap();
    assert!(matches!(house.collect(vec![server.link()]).await, Event::LinksExpired { .. }), "the log alone is no file");
}

#[tokio::test]
async fn small_file_that_arrives_whole_leaves_no_note_and_no_part() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("200 OK", "etag: \"v1\"\r\n", &video("one"))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    stored(house.collect(vec![server.link()]).await);
    let left: Vec<_> = fs::read_dir(folder.path().join(".parts")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["placed.jsonl"]);
}

#[tokio::test]
async fn part_without_a_note_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("200 OK", "etag: \"v1\"\r\n", &video("one"))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    fs::create_dir(folder.path().join(".parts")).unwrap();
    fs::write(folder.path().join(format!(".parts/{}-1.part", house.job.id)), "killed before it was whole").unwrap();
    assert_eq!(stored(house.collect(vec![server.link()]).await)[0].sha256, Digest::of(&video("one")));
    assert!(!server.asked()[0].contains("range:"));
}

#[tokio::test]
async fn large_file_is_stored_through_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(5 << 20);
    let body = video(&text);
    let server = Server::start(move |_| reply("200 OK", "etag: \"v1\"\r\n", &video(&text))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    let files = stored(house.collect(vec![server.link()]).await);
    assert_eq!((files[0].bytes, files[0].sha256), (body.len() as u64, Digest::of(&body)));
    assert_eq!(fs::metadata(folder.path().join("000001-cat-1.mp4")).unwrap().len(), body.len() as u64);
    let left: Vec<_> = fs::read_dir(folder.path().join(".parts")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["placed.jsonl"]);
}

#[tokio::test]
async fn another_file_under_the_name_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("000001-cat-1.mp4"), "mine").unwrap();
    let server = Server::start(|_| reply("200 OK", "", &video("one"))).await;
    let house = in_folder(folder.path(), &[&server]).await;
    assert_eq!(stored(house.collect(vec![server.link()]).await)[0].path, "000001-cat-1-2.mp4");
    assert_eq!(fs::read_to_string(folder.path().join("000001-cat-1.mp4")).unwrap(), "mine");
}

#[tokio::test]
async fn page_in_place_of_a_video_is_not_yet_the_video_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number| match number {
        0..50 => reply("200 OK", "content-type: video/mp4\r\n", b"<html>please log in</html>"),
        _ => reply("200 OK", "", &video("one")),
    })
    .await;
    let house = in_folder(folder.path(), &[&server]).await;
    for _ in 0..50 {
        let Event::FetchLater { reason, .. } = house.collect(vec![server.link()]).await else { panic!() };
        assert!(reason.contains("what came is not it: it is no video"), "{reason}");
        assert!(files_in(folder.path()).is_empty());
    }
    assert_eq!(stored(house.collect(vec![server.link()]).await)[0].sha256, Digest::of(&video("one")));
    assert_eq!(files_in(folder.path()), ["000001-cat-1.mp4"]);
}

#[tokio::test]
async fn cut_video_of_unknown_length_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| {
        let body = video("a long video");
        [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", &body[..body.len() - 3]].concat()
    })
    .await;
    let house = in_folder(folder.path(), &[&server]).await;
    let Event::FetchLater { reason, .. } = house.collect(vec![server.link()]).await else { panic!() };
    assert!(reason.contains("cut off"), "{reason}");
}

#[tokio::test]
async fn dead_link_is_refreshed_and_ends_the_row_only_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("403 Forbidden", "", b"<Error><Code>AccessDenied</Code></Error>")).await;
    let mut house = in_folder(folder.path(), &[&server]).await;
    assert!(matches!(house.collect(vec![server.link()]).await, Event::LinksExpired { .. }));
    (house.job.link_refreshes, house.job.outputs_until) = (500, Some(house.now.before(Duration::from_secs(1))));
    house.fetched_in_vain(900, Duration::from_hours(20));
    assert_eq!(failure(house.collect(vec![server.link()]).await).kind, FailureKind::Expired);
    house.job.outputs_until = Some(house.now.after(Duration::from_hours(1)));
    assert!(matches!(house.collect(vec![server.link()]).await, Event::FetchLater { .. }));
}

#[tokio::test]
async fn forbidden_address_fails_after_some_minutes_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("200 OK", "", &video("one"))).await;
    let mut house = in_folder(folder.path(), &[]).await;
    assert!(matches!(house.collect(vec![server.link()]).await, Event::FetchLater { .. }));
    house.fetched_in_vain(9, Duration::from_mins(11));
    let failure = failure(house.collect(vec![server.link()]).await);
    assert_eq!(failure.kind, FailureKind::Output);
    assert!(
        failure.message.contains("allow_hosts") && failure.message.contains("`reelq retry` fetches it again"),
        "{}",
        failure.message
    );
    assert!(!failure.message.contains("sig="), "{}", failure.message);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn server_trouble_is_waited_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| reply("503 Busy", "retry-after: 77\r\n", b"")).await;
    let mut house = in_folder(folder.path(), &[&server]).await;
    let Event::FetchLater { after, .. } = house.collect(vec![server.link()]).await else { panic!() };
    assert!(after.as_secs() >= 77);
    house.job.setbacks = 400;
    let Event::LinksExpired { after, .. } = house.collect(vec![server.link()]).await else { panic!() };
    assert!(after.as_secs() >= 77);
}

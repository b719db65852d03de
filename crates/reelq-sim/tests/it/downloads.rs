//! Links and the files behind them.

use reelq_sim::{SimSettings, ViolationKind};

use crate::{
    client::{World, text, wave},
    wave::link,
};

async fn finished(faults: &str) -> (World, String) {
    let world = World::start(SimSettings { faults: faults.parse().unwrap(), ..SimSettings::default() }).await;
    let task = text(&wave(&world, "a cat", "1").await.unwrap().json()["task_id"]);
    world.finish();
    (world, format!("/v1/tasks/{task}"))
}

async fn new_link(world: &World, path: &str) -> String {
    link(&world.get(path).await.json())
}

#[tokio::test]
async fn a_link_leads_to_the_same_video_every_time() {
    let (world, path) = finished("").await;
    let (first, second) = (new_link(&world, &path).await, new_link(&world, &path).await);
    assert_ne!(first, second);
    let video = world.fetch(&first, &[]).await;
    assert_eq!((video.status, video.header("content-type")), (200, Some("video/mp4")));
    assert_eq!(&video.body[4..8], b"ftyp");
    assert_eq!(video, world.fetch(&second, &[]).await);
    assert_eq!(world.violations(), []);
}

#[tokio::test]
async fn a_part_is_served_while_the_file_is_the_one_that_was_begun() {
    let (world, path) = finished("").await;
    let link = new_link(&world, &path).await;
    let whole = world.fetch(&link, &[]).await;
    let etag = whole.header("etag").unwrap();
    let rest = world.fetch(&link, &[("Range", "bytes=1000-"), ("If-Range", etag)]).await;
    assert_eq!((rest.status, &rest.body[..]), (206, &whole.body[1000..]));
    let range = format!("bytes 1000-{}/{}", whole.body.len() - 1, whole.body.len());
    assert_eq!(rest.header("content-range"), Some(range.as_str()));
    let changed = world.fetch(&link, &[("Range", "bytes=1000-"), ("If-Range", "\"other\"")]).await;
    assert_eq!((changed.status, changed.body.len()), (200, whole.body.len()));
    assert_eq!(world.fetch(&link, &[("Range", "bytes=999999-")]).await.status, 416);
}

#[tokio::test]
async fn a_torn_download_is_shorter_than_it_says() {
    let (world, path) = finished("torn_download=1").await;
    let video = world.fetch(&new_link(&world, &path).await, &[]).await;
    assert!(video.is_cut() && video.body.len() > 10_000);
    assert_eq!(world.ledger().requests.torn_downloads, 1);
}

#[tokio::test]
async fn a_dead_link_is_followed_by_a_living_one() {
    let (world, path) = finished("expired_links=1").await;
    let dead = world.fetch(&new_link(&world, &path).await, &[]).await;
    assert!([403, 404, 410].contains(&dead.status));
    assert_eq!(world.fetch(&new_link(&world, &path).await, &[]).await.status, 200);
}

#[tokio::test]
async fn a_link_dies_when_its_time_is_over() {
    let (world, path) = finished("").await;
    let link = new_link(&world, &path).await;
    world.advance(24 * 3600 * 1000);
    assert!([403, 404, 410].contains(&world.fetch(&link, &[]).await.status));
    assert_eq!(world.fetch(&new_link(&world, &path).await, &[]).await.status, 200);
}

#[tokio::test]
async fn a_key_that_comes_to_the_file_host_is_noted() {
    let (world, path) = finished("").await;
    let link = new_link(&world, &path).await;
    world.fetch(&link, &[("Authorization", "Bearer key")]).await;
    assert_eq!(world.violations(), [ViolationKind::KeyToFileHost]);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let (world, _) = finished("").await;
    for path in ["/files/none/1.mp4?expires=9", "/files/none", "/files/none/1.mov?expires=9", "/files/a/b.mp4"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
}

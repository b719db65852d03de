//! Links are judged at every step, and downloads go on where they stopped.

use reelq_http::{
    Deadlines, Download, DownloadError, DownloadPolicy, DownloadStatus, Downloader, DownloadsSection, Proxies, Resume,
};

use crate::support::{DEADLINES, KEY, Server, Step, reply, write};

fn downloader(own: &[&Server], allowed: &[&str], max_bytes: u64) -> Downloader {
    let section =
        DownloadsSection { allow_hosts: allowed.iter().map(ToString::to_string).collect(), ..Default::default() };
    let origins = own.iter().map(|server| server.url().parse().unwrap()).collect();
    let mut policy = DownloadPolicy::new(&section, origins, Proxies::default());
    policy.deadlines = Deadlines { connect: DEADLINES.connect, ..DEADLINES };
    policy.max_bytes = max_bytes;
    Downloader::new(&policy, crate::support::clock()).unwrap()
}

async fn bytes_of(download: &mut Download) -> Result<Vec<u8>, DownloadError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn fetch(downloader: &Downloader, url: &str) -> Result<Vec<u8>, DownloadError> {
    bytes_of(&mut downloader.open(url, None).await?).await
}

#[tokio::test]
async fn own_origin_is_fetched_without_the_key() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "etag: \"v1\"\r\n", "0123456789")]).await;
    let downloader = downloader(&[&server], &[], 100);
    let mut download = downloader.open(&format!("{}/a.mp4", server.url()), None).await.unwrap();
    assert_eq!((download.status, download.content_length), (DownloadStatus::Fresh, Some(10)));
    assert_eq!(bytes_of(&mut download).await.unwrap(), b"0123456789");
    assert_eq!(download.validator.unwrap().as_str(), "\"v1\"");
    let seen = server.requests().remove(0).to_ascii_lowercase();
    assert!(!seen.contains("authorization") && !seen.contains(KEY) && !seen.contains("cookie"), "{seen}");
}

#[tokio::test]
async fn any_status_of_success_that_brings_a_file_is_taken() {
    for status in ["201 Created", "202 Accepted", "218 This Is Fine", "226 IM Used"] {
        let server = Server::start(vec![Step::ReadAll, reply(status, "", "0123456789")]).await;
        let url = format!("{}/a.mp4", server.url());
        assert_eq!(fetch(&downloader(&[&server], &[], 100), &url).await.unwrap(), b"0123456789", "{status}");
    }
    for status in ["204 No Content", "205 Reset Content"] {
        let server = Server::start(vec![Step::ReadAll, reply(status, "", "")]).await;
        let url = format!("{}/a.mp4", server.url());
        let none = fetch(&downloader(&[&server], &[], 100), &url).await.unwrap_err();
        assert!(matches!(none, DownloadError::Transient { .. }), "{status}: {none:?}");
    }
}

#[tokio::test]
async fn private_address_is_refused_unless_allowed() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", "x")]).await;
    let url = format!("{}/a.mp4", server.url());
    let refused = fetch(&downloader(&[], &[], 100), &url).await.unwrap_err();
    assert!(matches!(refused, DownloadError::Refused { .. }), "{refused:?}");
    assert_eq!(server.connections(), 0);
    let host = format!("127.0.0.1:{}", server.port);
    assert_eq!(fetch(&downloader(&[], &[&host], 100), &url).await.unwrap(), b"x");
}

#[tokio::test]
async fn name_that_leads_to_a_private_address_is_refused_when_it_is_resolved() {
    let server = Server::start(vec![Step::ReadAll, reply("200 OK", "", "x")]).await;
    let refused = fetch(&downloader(&[], &[], 100), &format!("https://localhost:{}/a", server.port)).await.unwrap_err();
    assert!(matches!(refused, DownloadError::Refused { .. }), "{refused:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn redirect_is_judged_like_a_link() {
    let inner = Server::start(vec![Step::ReadAll, reply("200 OK", "", "secret")]).await;
    let head = format!("location: {}/metadata\r\n", inner.url());
    let outer = Server::start(vec![Step::ReadAll, reply("302 Found", &head, "")]).await;
    let url = format!("{}/a.mp4", outer.url());
    let refused = fetch(&downloader(&[&outer], &[], 100), &url).await.unwrap_err();
    assert!(matches!(refused, DownloadError::Refused { .. }), "{refused:?}");
    assert_eq!(inner.connections(), 0);
    assert_eq!(fetch(&downloader(&[&outer, &inner], &[], 100), &url).await.unwrap(), b"secret");
}

#[tokio::test]
async fn endless_redirect_ends() {
    let server = Server::start(vec![Step::ReadAll, reply("302 Found", "location: /again\r\n", "")]).await;
    let error = fetch(&downloader(&[&server], &[], 100), &server.url()).await.unwrap_err();
    assert!(matches!(error, DownloadError::Transient { .. }), "{error:?}");
    let count = server.requests().len();
    assert!(count <= 6 && server.connections() <= 6, "{count}");
}

/// The version of a file that `server` sends, as a person who fetched half of it would know it.
async fn half(downloader: &Downloader, url: &str) -> Resume {
    let download = downloader.open(url, None).await.unwrap();
    let (total, content_type) = (download.content_length, download.content_type);
    Resume { offset: 5, total, validator: download.validator.unwrap(), content_type }
}

/// Opens a file of ten bytes twice: plainly, and then from byte 5 on, answered by `second`.
async fn resumed_with(second: Step) -> (Result<(DownloadStatus, Vec<u8>), DownloadError>, Vec<String>) {
    let server = Server::with(move |n| match n {
        1 => vec![Step::ReadAll, second.clone()],
        _ => vec![Step::ReadAll, reply("200 OK", "connection: close\r\netag: \"v1\"\r\n", "0123456789")],
    })
    .await;
    let (downloader, url) = (downloader(&[&server], &[], 100), format!("{}/a.mp4", server.url()));
    let from = half(&downloader, &url).await;
    let opened = async {
        let mut download = downloader.open(&url, Some(from)).await?;
        Ok((download.status, bytes_of(&mut download).await?))
    };
    (opened.await, server.requests())
}

#[tokio::test]
async fn part_is_continued_where_it_stopped() {
    let rest = reply("206 Partial Content", "content-range: bytes 5-9/10\r\netag: \"v1\"\r\n", "56789");
    let (opened, requests) = resumed_with(rest).await;
    assert_eq!(opened.unwrap(), (DownloadStatus::Resumed, b"56789".to_vec()));
    let second = requests[1].to_ascii_lowercase();
    assert!(second.contains("range: bytes=5-") && second.contains("if-range: \"v1\""), "{second}");
}

#[tokio::test]
async fn changed_file_starts_again() {
    let (opened, _) = resumed_with(reply("200 OK", "etag: \"v2\"\r\n", "abcdefghij")).await;
    assert_eq!(opened.unwrap(), (DownloadStatus::Fresh, b"abcdefghij".to_vec()));
}

#[tokio::test]
async fn part_that_is_whole_already_is_complete() {
    let server = Server::start(vec![
        Step::ReadAll,
        reply("416 Range Not Satisfiable", "content-range: bytes */5\r\netag: \"v1\"\r\n", "no"),
    ])
    .await;
    let validator = serde_json::from_str(r#""\"v1\"""#).unwrap();
    let from = Resume { offset: 5, total: Some(5), validator, content_type: None };
    let mut download = downloader(&[&server], &[], 100).open(&server.url(), Some(from)).await.unwrap();
    assert_eq!((download.status, bytes_of(&mut download).await.unwrap()), (DownloadStatus::Complete, Vec::new()));
}

#[tokio::test]
async fn unusable_answer_to_a_range_starts_again_without_one() {
    for second in [
        reply("416 Range Not Satisfiable", "content-range: bytes */3\r\nconnection: close\r\n", ""),
        reply("416 Range Not Satisfiable", "content-range: bytes */5\r\netag: \"v1\"\r\nconnection: close\r\n", ""),
        reply("206 Partial Content", "content-range: bytes 5-9/10\r\netag: \"v2\"\r\nconnection: close\r\n", "vwxyz"),
        reply("206 Partial Content", "content-range: bytes 5-9/10\r\nconnection: close\r\n", "vwxyz"),
        reply("206 Partial Content", "content-range: bytes 5-7/8\r\netag: \"v1\"\r\nconnection: close\r\n", "vwx"),
        reply("206 Partial Content", "content-range: bytes 4-9/10\r\nconnection: close\r\n", "456789"),
        reply("206 Partial Content", "connection: close\r\n", "56789"),
    ] {
        let (opened, requests) = resumed_with(second).await;
        assert_eq!(opened.unwrap(), (DownloadStatus::Fresh, b"0123456789".to_vec()));
        assert!(!requests[2].to_ascii_lowercase().contains("range:"));
    }
}

#[tokio::test]
async fn dead_link_is_gone_and_server_trouble_passes() {
    for (status, gone) in [("403 Forbidden", true), ("404 Not Found", true), ("410 Gone", true), ("503 Busy", false)] {
        let server = Server::start(vec![Step::ReadAll, reply(status, "retry-after: 9\r\n", "")]).await;
        let error = fetch(&downloader(&[&server], &[], 100), &server.url()).await.unwrap_err();
        match error {
            DownloadError::Gone { .. } => assert!(gone, "{status}"),
            DownloadError::Transient { after, .. } => assert_eq!((after.unwrap().as_secs(), gone), (9, false)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn torn_silent_and_oversized_files_are_told_apart() {
    let torn = write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234");
    let silent = vec![Step::ReadAll, torn.clone(), Step::Hold];
    for script in [vec![Step::ReadAll, torn], silent] {
        let server = Server::start(script).await;
        let error = fetch(&downloader(&[&server], &[], 100), &server.url()).await.unwrap_err();
        assert!(matches!(error, DownloadError::Transient { .. }), "{error:?}");
    }
    for long in [reply("200 OK", "", "0123456789"), write("HTTP/1.1 200 OK\r\n\r\n0123456789")] {
        let server = Server::start(vec![Step::ReadAll, long]).await;
        let error = fetch(&downloader(&[&server], &[], 9), &server.url()).await.unwrap_err();
        assert_eq!(error, DownloadError::TooLarge { max_bytes: 9 });
    }
}

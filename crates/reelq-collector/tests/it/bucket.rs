//! An S3 bucket works like a folder: an S3 server on loopback, over real HTTP.

use std::{fs, path::Path};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use reelq_collector::{Place, StorageOptions, loaded, note_loaded};
use reelq_model::{BatchName, Digest, Event};
use reelq_testkit::media::mp4 as video;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::net::TcpListener;

use crate::{
    house::House,
    server::{Server, reply},
};

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";

/// Serves the folders below `root` as buckets; says where.
#[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
async fn serve(root: &Path) -> String {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, http) = (service.clone(), Builder::new(TokioExecutor::new()));
            tokio::spawn(async move { drop(http.serve_connection(TokioIo::new(stream), service).await) });
        }
    });
    format!("http://{address}")
}

fn options(endpoint: &str, scratch: &Path) -> StorageOptions {
    let variable = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some(KEY.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        "AWS_ALLOW_HTTP" => Some("true".to_owned()),
        _ => None,
    };
    StorageOptions::from_environment(scratch.to_owned(), variable)
}

struct Shop {
    root: tempfile::TempDir,
    scratch: tempfile::TempDir,
    options: StorageOptions,
}

async fn shop() -> Shop {
    let (root, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(root.path().join("films")).unwrap();
    let endpoint = serve(root.path()).await;
    let options = options(&endpoint, scratch.path());
    Shop { root, scratch, options }
}

impl Shop {
    fn place(&self) -> Place {
        Place::open("s3://films/new", &BatchName::new("b").unwrap(), &self.options).unwrap()
    }

    fn object(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.path().join("films/new").join(name)).unwrap()
    }

    async fn put(&self, name: &str, content: &[u8]) -> String {
        let part = self.scratch.path().join(Digest::of(content).to_string());
        fs::write(&part, content).unwrap();
        self.place().put(&part, name, &Digest::of(content)).await.unwrap()
    }
}

#[tokio::test]
async fn output_is_collected_into_a_bucket() {
    let shop = shop().await;
    let server = Server::start(|_| reply("200 OK", "", &video("one"))).await;
    let mut house = House::build("s3://films/new", &[&server], shop.options.clone()).await;
    for _ in 0..2 {
        let Event::Stored { files } = house.collect(vec![server.link()]).await else { panic!() };
        assert_eq!(files[0].path, "000001-cat-1.mp4");
    }
    assert_eq!(shop.object("000001-cat-1.mp4"), video("one"));
    house.job.setbacks = 1;
    assert!(matches!(house.collect(vec![server.link()]).await, Event::Stored { .. }));
    assert_eq!(server.asked().len(), 2, "where there was trouble before, the log is asked first");
}

#[tokio::test]
async fn object_of_another_content_is_never_replaced() {
    let shop = shop().await;
    assert_eq!(shop.put("a/b.mp4", b"one").await, "a/b.mp4");
    assert_eq!(shop.put("a/b.mp4", b"one").await, "a/b.mp4");
    assert_eq!(shop.put("a/b.mp4", b"two").await, "a/b-2.mp4");
    assert_eq!((shop.object("a/b.mp4"), shop.object("a/b-2.mp4")), (b"one".to_vec(), b"two".to_vec()));
}

#[tokio::test]
async fn long_object_goes_in_parts() {
    let shop = shop().await;
    let content = vec![7; 17 << 20];
    assert_eq!(shop.put("long.mp4", &content).await, "long.mp4");
    assert_eq!(shop.put("long.mp4", &content).await, "long.mp4");
    assert!(shop.object("long.mp4") == content);
    assert!(shop.place().holds("long.mp4", content.len() as u64, &Digest::of(&content)).await.unwrap());
}

#[tokio::test]
async fn name_that_another_upload_claimed_is_left_to_it() {
    let shop = shop().await;
    let (ours, other) = (vec![1; 17 << 20], Digest::of(b"what another worker uploads"));
    shop.put(".claims/long.mp4", other.to_string().as_bytes()).await;
    assert_eq!(shop.put("long.mp4", &ours).await, "long-2.mp4");
    assert!(shop.object("long-2.mp4") == ours);
}

#[tokio::test]
async fn upload_that_was_cut_off_is_taken_up_again_under_its_name() {
    let shop = shop().await;
    let content = vec![3; 17 << 20];
    shop.put(".claims/long.mp4", Digest::of(&content).to_string().as_bytes()).await;
    assert_eq!(shop.put("long.mp4", &content).await, "long.mp4");
    assert!(shop.object("long.mp4") == content);
}

#[tokio::test]
async fn report_replaces_its_older_version() {
    let shop = shop().await;
    for text in ["old", "new"] {
        let file = shop.scratch.path().join("results");
        fs::write(&file, text).unwrap();
        shop.place().replace(&file, "results.csv").await.unwrap();
    }
    assert_eq!(shop.object("results.csv"), b"new");
    shop.place().probe().await.unwrap();
}

#[tokio::test]
async fn refusal_says_so_without_the_secret() {
    let mut shop = shop().await;
    shop.options.s3.insert("aws_secret_access_key".to_owned(), "another-secret".to_owned());
    let error = shop.place().probe().await.unwrap_err().chain();
    assert!(error.starts_with("use the output bucket: "), "{error}");
    assert!(!error.contains("another-secret"), "{error}");
    assert!(!format!("{:?}", shop.options).contains("another-secret"));
}

#[tokio::test]
async fn bucket_tells_of_the_batch_that_was_loaded_for_it() {
    let shop = shop().await;
    let place = shop.place();
    assert_eq!(loaded(&place).await.unwrap(), None);
    for name in ["b", "c"] {
        note_loaded(&place, Some(&BatchName::new(name).unwrap())).await.unwrap();
        assert_eq!(loaded(&place).await.unwrap().as_deref(), Some(name));
    }
    note_loaded(&place, None).await.unwrap();
    assert_eq!(loaded(&place).await.unwrap(), None, "it was purged");
}

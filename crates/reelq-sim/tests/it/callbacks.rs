//! Callbacks: to loopback only, signed where the vendor signs.

use reelq_sim::{Faults, SimSettings};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use crate::client::World;

/// Takes one callback, answers `status`, and gives its head and body.
async fn take(listener: &TcpListener, status: &str) -> (Vec<String>, Value) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    (listener, url)
}

fn header<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn poyo_signs_and_tries_again_until_it_is_taken() {
    let world = World::quiet().await;
    let (listener, url) = listener().await;
    let body = json!({"model": "hailuo-2.3", "callback_url": url, "input": {"prompt": "x"}});
    let task = world.post("/api/generate/submit", &[], &body).await.unwrap().json()["data"]["task_id"].clone();
    world.finish();
    let (_, refused) = take(&listener, "500 No").await;
    let (head, taken) = take(&listener, "200 OK").await;
    assert_eq!((&refused["data"]["task_id"], &taken["data"]["status"]), (&task, &json!("finished")));
    assert_eq!(head[0], "POST /hook?x=1 HTTP/1.1");
    let stamp = (world.now().millis() / 1000).to_string();
    assert_eq!(header(&head, "X-Webhook-Timestamp"), Some(stamp.as_str()));
    assert_eq!(header(&head, "X-Webhook-Signature").unwrap().len(), 44);
    assert_eq!(world.ledger().requests.callbacks, 2);
}

#[tokio::test]
async fn wave_and_apixo_call_without_a_signature() {
    let world = World::quiet().await;
    let (listener, url) = listener().await;
    let wave = json!({"model": "hailuo-2.3", "prompt": "x", "callback_url": url});
    world.post("/v1/tasks", &[], &wave).await.unwrap();
    world.finish();
    let (head, body) = take(&listener, "200 OK").await;
    assert_eq!((header(&head, "X-Webhook-Signature"), &body["status"]), (None, &json!("completed")));
    let input = json!({"mode": "pro-image-to-video", "image_urls": ["https://example.com/a.png"]});
    let apixo = json!({"request_type": "callback", "callback_url": url, "input": input});
    world.post("/api/v1/generateTask/hailuo-2-3-fast", &[], &apixo).await.unwrap();
    world.finish();
    let (_, body) = take(&listener, "200 OK").await;
    assert_eq!(body["data"]["state"], "success");
}

#[tokio::test]
async fn a_lost_callback_is_never_sent() {
    let faults = Faults { callbacks_lost: 1.0, ..Faults::default() };
    let world = World::start(SimSettings { faults, ..SimSettings::default() }).await;
    let (_listener, url) = listener().await;
    let body = json!({"model": "hailuo-2.3", "prompt": "x", "callback_url": url});
    world.post("/v1/tasks", &[], &body).await.unwrap();
    world.finish();
    let (ledger, market) = (world.ledger(), world.sim);
    market.stop().await;
    assert_eq!(ledger.requests.callbacks, 0);
}

//! A server of files that answers by a script.

use std::sync::{Arc, Mutex};

use reelq_model::{OutputKind, OutputLink};
use reelq_testkit::sample;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A complete reply.
pub(crate) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Answers the n-th request (from 0) with `script(n)`, and keeps what was asked.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_with(move |_, number| script(number)).await
    }

    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    async fn start_with(script: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self { origin, asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &asked, &script).await;
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn link(&self) -> OutputLink {
        self.link_to("v.mp4?sig=1")
    }

    /// A link that the vendor calls a video, whatever is behind it.
    pub(crate) fn link_to(&self, file: &str) -> OutputLink {
        sample::link(&format!("{}/{file}", self.origin), OutputKind::Video)
    }

    /// Answers by what is asked for.
    pub(crate) async fn by_path(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_with(move |request, _| {
            let path = request.split_whitespace().nth(1).unwrap_or_default();
            answer(path.trim_start_matches('/'))
        })
        .await
    }
}

async fn answer(
    mut stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    script: &(impl Fn(&str, usize) -> Vec<u8> + Send + Sync),
) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
        }
    }
    let request = String::from_utf8_lossy(&seen).to_ascii_lowercase();
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push(request.clone());
        asked.len() - 1
    };
    let bytes = script(&request, number);
    drop(stream.write_all(&bytes).await);
    drop(stream.shutdown().await);
}

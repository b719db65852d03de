//! A vendor of the test's own in any of the three forms, and a batch of rows that are bought there.

use std::{fs, path::Path};

use reelq_tests::{Account, Ended, RawReply, RawRequest, RawVendor, ResultRow, Sandbox, StoreKind, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

pub(crate) struct Shop {
    pub(crate) vendor: RawVendor,
    pub(crate) sandbox: Sandbox,
}

impl Shop {
    /// A batch `set` of `rows` rows, `row-0` and so on, for a vendor that answers all with `answer`; `lines` are further
    /// ones of the account's.
    pub(crate) fn open(
        provider: &'static str,
        rows: usize,
        lines: &str,
        answer: impl Fn(&RawRequest, &str) -> RawReply + Send + Sync + 'static,
    ) -> Self {
        Self::open_on(StoreKind::Sqlite, provider, rows, lines, answer)
    }

    pub(crate) fn open_on(
        store: StoreKind,
        provider: &'static str,
        rows: usize,
        lines: &str,
        answer: impl Fn(&RawRequest, &str) -> RawReply + Send + Sync + 'static,
    ) -> Self {
        let vendor = RawVendor::start(answer);
        let account = Account { name: provider, provider, lines: format!("{LINES}{lines}") };
        let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
        let rest = match provider {
            "apixo" => "hailuo-2-3-fast,standard-image-to-video,https://images.example.com/a.png,6",
            "poyo" => "hailuo-2.3,,,6",
            _ => "minimax-hailuo-2.3,,,6",
        };
        let rows: Vec<String> = (0..rows).map(|row| format!("row-{row},{rest}\n")).collect();
        let head = "prompt,model,mode,image_urls,duration\n";
        fs::write(sandbox.path("set.csv"), format!("{head}{}", rows.concat())).unwrap();
        Self { vendor, sandbox }
    }

    /// `reelq run` of the batch, with more flags.
    pub(crate) fn run(&self, more: &[&str]) -> Ended {
        self.sandbox.run(&[&["run", "set.csv", "--yes"], more].concat())
    }

    /// Runs a command that a message printed.
    pub(crate) fn follow(&self, command: &str) -> Ended {
        self.sandbox.run(&command.split_whitespace().skip(1).collect::<Vec<_>>())
    }

    pub(crate) fn rows(&self) -> Vec<ResultRow> {
        self.sandbox.results("set")
    }

    /// How many rows stand so.
    pub(crate) fn count(&self, status: &str) -> usize {
        self.rows().iter().filter(|row| row.get("status") == status).count()
    }

    /// The file of a row, as it lies on disk.
    pub(crate) fn file(&self, row: &ResultRow) -> Vec<u8> {
        fs::read(self.sandbox.path(Path::new("out/set").join(row.get("file")))).unwrap()
    }

    /// Every row succeeded, each was bought once, and each has the clip of its own task.
    pub(crate) fn assert_all_bought_once(&self, ended: &Ended) {
        let rows = self.rows();
        for row in &rows {
            assert_eq!(row.get("status"), "succeeded", "{}: {}", row.get("prompt"), ended.stderr);
            assert_eq!(self.file(row), clip(&format!("/{}.mp4", row.get("remote_task"))), "{}", row.get("prompt"));
        }
        assert_eq!((ended.code, self.vendor.submits()), (Some(0), rows.len()), "{}", ended.stderr);
    }
}

/// The number in the prompt `row-N`.
pub(crate) fn row(request: &RawRequest) -> usize {
    request.prompt().trim_start_matches("row-").parse().unwrap()
}

/// The task that a status request asks about.
pub(crate) fn asked(request: &RawRequest) -> String {
    request.target.rsplit(['/', '=']).next().unwrap_or_default().to_owned()
}

/// Whether it asks about a task.
pub(crate) fn is_poll(request: &RawRequest) -> bool {
    !request.is_submit() && !is_file(request) && request.target.contains("t-")
}

pub(crate) fn is_file(request: &RawRequest) -> bool {
    request.path_ends(".mp4")
}

/// The clip that a file's address names.
pub(crate) fn file(request: &RawRequest) -> RawReply {
    reply(200, &["Content-Type: video/mp4"], clip(&request.target))
}

/// A purchase is taken as the task `t-N` of `row-N`.
pub(crate) fn taken(provider: &str, request: &RawRequest) -> RawReply {
    let task = format!("t-{}", row(request));
    match provider {
        "apixo" => json(200, format!(r#"{{"code":200,"message":"success","data":{{"taskId":"{task}"}}}}"#)),
        "poyo" => json(200, format!(r#"{{"code":200,"data":{{"task_id":"{task}","status":"not_started"}}}}"#)),
        _ => json(200, format!(r#"{{"task_id":"{task}","status":"queued"}}"#)),
    }
}

/// A task is over, and has its video; `more` are further members beside its status.
pub(crate) fn done_with(provider: &str, task: &str, origin: &str, more: &str) -> RawReply {
    let link = format!("{origin}/{task}.mp4");
    match provider {
        "apixo" => {
            let result = format!(r#"{{\"resultUrls\":[\"{link}\"]}}"#);
            let data = format!(r#"{{"taskId":"{task}","state":"success","resultJson":"{result}"{more}}}"#);
            json(200, format!(r#"{{"code":200,"message":"success","data":{data}}}"#))
        }
        "poyo" => {
            let files = format!(r#"[{{"file_type":"video","file_url":"{link}"}}]"#);
            let data = format!(r#"{{"task_id":"{task}","status":"finished","files":{files}{more}}}"#);
            json(200, format!(r#"{{"code":200,"data":{data}}}"#))
        }
        _ => json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{link}"{more}}}"#)),
    }
}

/// What a vendor answers that is well: each task is over at once.
pub(crate) fn well(provider: &str, request: &RawRequest, origin: &str) -> RawReply {
    if request.is_submit() {
        return taken(provider, request);
    }
    if is_file(request) { file(request) } else { done_with(provider, &asked(request), origin, "") }
}

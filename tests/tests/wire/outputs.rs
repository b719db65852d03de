//! Outputs that are not the one MP4 that everybody expects.

use std::sync::atomic::{AtomicUsize, Ordering};

use reelq_tests::{
    Account, RawReply, RawVendor, Sandbox, clip, gif, jpeg, json, mov, mp3, png, reply, wav, webm, webp,
};

use crate::{
    late_files::{Bought, buy},
    shop::{Shop, asked, is_file, taken},
};

/// A file of the vendor's: its name, and what is in it.
type Named = (&'static str, fn() -> Vec<u8>);

/// A task that succeeded with these files, each under its own name.
fn task_with(files: &'static [Named]) -> Bought {
    let success = move |task: &str, origin: &str| {
        let links: Vec<String> = files.iter().map(|(name, _)| format!("\"{origin}/files/{name}\"")).collect();
        format!(r#"{{"task_id":"{task}","status":"completed","result":{{"videos":[{}]}}}}"#, links.join(","))
    };
    buy(success, move |request| {
        match files.iter().find(|(name, _)| request.path_ends(name)) {
            // Every file is called a video.
            Some((_, content)) => reply(200, &["Content-Type: video/mp4"], content()),
            None => reply(404, &[], ""),
        }
    })
}

fn a_clip() -> Vec<u8> {
    clip("a")
}

fn cut_png() -> Vec<u8> {
    let whole = png();
    whole[..whole.len() - 20].to_vec()
}

#[test]
fn a_picture_beside_the_clip_is_kept_in_either_order() {
    let bought = task_with(&[("clip.mp4", a_clip), ("cover.png", png)]);
    bought.has("-out1.mp4", &a_clip());
    let bought = task_with(&[("cover.png", png), ("clip.mp4", a_clip)]);
    bought.has("-out2.mp4", &a_clip());
    let message = bought.row.get("note");
    let (_, other) = message.split_once("further outputs: ").unwrap();
    assert_eq!(bought.file(other), png());
}

#[test]
fn a_clip_in_another_container_has_its_own_extension() {
    task_with(&[("clip.mp4", webm)]).has(".webm", &webm());
    task_with(&[("clip", mov)]).has(".mov", &mov());
    task_with(&[("clip.mp4", gif)]).has(".gif", &gif());
}

#[test]
fn a_preview_that_moves_is_not_taken_for_the_clip_that_is_late() {
    let success = |task: &str, origin: &str| {
        let links = format!("\"{origin}/files/preview.gif\",\"{origin}/files/clip.mp4\"");
        format!(r#"{{"task_id":"{task}","status":"completed","result":{{"videos":[{links}]}}}}"#)
    };
    let asked = AtomicUsize::new(0);
    let bought = buy(success, move |request| {
        if request.path_ends(".gif") {
            return reply(200, &["Content-Type: video/mp4"], gif());
        }
        let is_late = asked.fetch_add(1, Ordering::SeqCst) < 3;
        if is_late { reply(404, &[], "") } else { reply(200, &["Content-Type: video/mp4"], a_clip()) }
    });
    bought.has("-out2.mp4", &a_clip());
    assert_eq!(bought.file(bought.row.get("file")), a_clip(), "the clip goes first");
}

#[test]
fn a_link_that_names_no_host_is_the_vendors_own() {
    for form in ["/files/NAME.mp4", "//HOST/files/NAME.mp4"] {
        let success = move |task: &str, origin: &str| {
            let host = origin.trim_start_matches("http://");
            let link = form.replace("NAME", task).replace("HOST", host);
            format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{link}"}}"#)
        };
        let bought = buy(success, |request| reply(200, &["Content-Type: video/mp4"], clip(&request.target)));
        assert_eq!(bought.row.get("status"), "succeeded", "{form}: {}", bought.ended.stderr);
    }
}

#[test]
fn a_length_that_is_announced_too_long_each_time_loses_no_whole_file() {
    let success = |task: &str, origin: &str| {
        format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/files/{task}.mp4"}}"#)
    };
    let bought = buy(success, |request| {
        let body = clip(&request.target);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len() + 500);
        RawReply::Bytes([head.as_bytes(), &body].concat())
    });
    assert_eq!(bought.row.get("status"), "succeeded", "{}", bought.ended.stderr);
}

#[test]
fn two_clips_and_an_animation_are_all_kept() {
    let bought = task_with(&[("1.mp4", a_clip), ("2.mp4", webm), ("3.mp4", gif)]);
    bought.has("-out1.mp4", &a_clip());
    let message = bought.row.get("note");
    assert!(message.contains("-out2.webm") && message.contains("-out3.gif"), "{message}");
}

#[test]
fn a_picture_in_the_clips_place_for_a_while_does_not_hide_it() {
    let success = |task: &str, origin: &str| {
        let links = format!(r#"["{origin}/files/{task}","{origin}/files/{task}-2.mp4"]"#);
        format!(r#"{{"task_id":"{task}","status":"completed","result":{{"videos":{links}}}}}"#)
    };
    // Both links turn good between two attempts, never within one: the second is asked last.
    let asked = AtomicUsize::new(0);
    let bought = buy(success, move |request| {
        let attempts = asked.fetch_add(usize::from(request.path_ends("-2.mp4")), Ordering::SeqCst);
        let is_early = attempts < 3;
        reply(200, &["Content-Type: video/mp4"], if is_early { png() } else { clip(&request.target) })
    });
    assert_eq!(bought.ended.code, Some(0), "{}", bought.ended.stderr);
    assert!(bought.row.get("file").ends_with("-out1.mp4"), "{}", bought.row.get("file"));
    assert!(bought.row.get("note").contains("-out2.mp4"), "{}", bought.row.get("note"));
}

#[test]
fn a_cover_that_is_not_whole_costs_a_minute_and_not_the_row() {
    let bought = task_with(&[("cover.png", cut_png), ("clip.mp4", a_clip)]);
    bought.has("-out2.mp4", &a_clip());
    let message = bought.row.get("note");
    assert!(message.contains("could not be verified") && message.contains("the PNG is cut off"), "{message}");
    let asked = bought.vendor.requests().iter().filter(|request| request.path_ends("cover.png")).count();
    assert!((4..20).contains(&asked), "{asked} requests for the cover");
    let clips = bought.vendor.requests().iter().filter(|request| request.path_ends("clip.mp4")).count();
    assert_eq!(clips, 1, "the clip is fetched once");
}

/// PoYo says of each file what it is.
fn poyo(files: &'static str, answer: fn(&str, std::time::Duration) -> RawReply) -> (RawVendor, Sandbox) {
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return json(200, r#"{"code":200,"data":{"task_id":"t-1","status":"not_started"}}"#);
        }
        if request.target.contains("/files/") {
            return answer(&request.target, request.at);
        }
        let files = files.replace("ORIGIN", origin);
        json(200, format!(r#"{{"code":200,"data":{{"task_id":"t-1","status":"finished","files":[{files}]}}}}"#))
    });
    let lines = "requests_per_second = 50.0\nrequest_timeout = \"2s\"\n\
        poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
    let accounts = vec![Account { name: "poyo", provider: "poyo", lines: lines.to_owned() }];
    let sandbox = Sandbox::new(&vendor.base_url(), accounts, "");
    std::fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,hailuo-2.3,6\n").unwrap();
    (vendor, sandbox)
}

#[test]
fn a_vendors_word_for_a_file_is_not_believed() {
    let files = r#"{"file_type":"video/mp4","file_url":"ORIGIN/files/first"},
        {"file_type":"image/png","file_url":"ORIGIN/files/second"}"#;
    let (vendor, sandbox) = poyo(files, |target, at| match target {
        // What is called a video is a picture, after it was a page; what is called a picture is the clip.
        "/files/first" if at < std::time::Duration::from_secs(3) => reply(200, &[], "<html>soon</html>"),
        "/files/first" => reply(200, &[], png()),
        _ => reply(200, &[], clip("hidden")),
    });
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let row = sandbox.results("set").remove(0);
    assert!(row.get("file").ends_with("-out2.mp4"), "{}", row.get("file"));
    assert_eq!(std::fs::read(sandbox.path("out/set").join(row.get("file"))).unwrap(), clip("hidden"));
    assert_eq!(vendor.submits(), 1);
}

#[test]
fn a_word_for_a_file_that_says_nothing_of_its_kind_never_replaces_the_look_into_it() {
    const WORDS: [&str; 6] = [r#""mp4""#, r#""unknown""#, "null", "7", r#""""#, r#"["video"]"#];
    let is_there = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let there = std::sync::Arc::clone(&is_there);
    let shop = Shop::open("poyo", WORDS.len(), "", move |request, origin| {
        if request.is_submit() {
            return taken("poyo", request);
        }
        if is_file(request) {
            let is_there = there.load(std::sync::atomic::Ordering::SeqCst);
            let content = if is_there { clip(&request.target) } else { b"this is no video at all".repeat(40) };
            return reply(200, &["Content-Type: video/mp4"], content);
        }
        let task = asked(request);
        let word = WORDS[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        let file = format!(r#"{{"file_type":{word},"file_url":"{origin}/{task}.mp4"}}"#);
        json(200, format!(r#"{{"code":200,"data":{{"task_id":"{task}","status":"finished","files":[{file}]}}}}"#))
    });
    let ended = shop.run(&["--wait-at-most", "300ms"]);
    assert_eq!((ended.code, shop.count("succeeded")), (Some(5), 0), "{}", ended.stderr);
    let stored = std::fs::read_dir(shop.sandbox.path("out/set")).unwrap().map(|entry| entry.unwrap().path());
    let clips: Vec<_> = stored.filter(|path| path.extension().is_some_and(|end| end == "mp4")).collect();
    assert!(clips.is_empty(), "what is no video is not called one: {clips:?}");
    is_there.store(true, std::sync::atomic::Ordering::SeqCst);
    shop.assert_all_bought_once(&shop.run(&[]));
}

/// What vendors send beside a video, or in its place.
const KINDS: [Named; 8] = [
    ("webm", webm),
    ("mov", mov),
    ("gif", gif),
    ("png", png),
    ("jpg", jpeg),
    ("webp", webp),
    ("wav", wav),
    ("mp3", mp3),
];

#[test]
fn a_file_of_every_known_kind_is_kept_under_its_own_extension() {
    let shop = Shop::open("wave", KINDS.len(), "", |request, origin| {
        if request.is_submit() {
            return taken("wave", request);
        }
        if request.target.contains("/other/") {
            let number = request.target.rsplit('/').next().unwrap().parse::<usize>().unwrap();
            return reply(200, &["Content-Type: application/octet-stream"], KINDS[number].1());
        }
        if is_file(request) {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = asked(request);
        let other = format!("{origin}/other/{}", task.trim_start_matches("t-"));
        let videos = format!(r#"["{origin}/{task}.mp4","{other}"]"#);
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","result":{{"videos":{videos}}}}}"#))
    });
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(0), KINDS.len()), "{}", ended.stderr);
    for (row, (extension, content)) in shop.rows().iter().zip(KINDS) {
        assert!(row.get("file").ends_with("-out1.mp4"), "{extension}: {}", row.get("file"));
        let (_, other) = row.get("note").split_once("further outputs: ").unwrap_or_default();
        assert!(other.ends_with(&format!("-out2.{extension}")), "{extension}: {}", row.get("note"));
        assert_eq!(std::fs::read(shop.sandbox.path("out/set").join(other)).unwrap(), content(), "{extension}");
    }
}

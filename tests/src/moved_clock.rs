//! A clock on the wall that a test sets, for the processes that it starts: a library that is loaded before all others stands
//! between them and the machine's clock. The counter that only goes on stays the machine's own, but for a sleep of the machine.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// Answers questions for the time on the wall with the machine's own and as many seconds as stand in a file: those by which it
/// was set, and behind them those that the machine slept, which the counter that goes on in a sleep has as well.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *by;

static long long moved(int of_wall) {
    if (!by) {
        const char *path = getenv("MOVED_CLOCK");
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *seen = file < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof *by, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        if (seen == MAP_FAILED) return 0;
        by = seen;
    }
    return (of_wall ? by[0] : 0) + by[1];
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (failed) return failed;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += moved(1);
    if (clock == CLOCK_BOOTTIME) time->tv_sec += moved(0);
    return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *kept) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept) *kept = now.tv_sec;
    return now.tv_sec;
}
"#;

/// A clock that a test sets.
#[derive(Debug)]
pub struct MovedClock {
    folder: TempDir,
}

impl MovedClock {
    /// A clock that shows the machine's time.
    ///
    /// # Panics
    ///
    /// Where there is no C compiler; whoever builds Rust has one, for it links.
    pub fn new() -> Self {
        let clock = Self { folder: TempDir::new().expect("a temporary folder can be made") };
        fs::write(clock.path("moved.c"), SOURCE).expect("the folder is writable");
        clock.sleep(0);
        clock.set(0);
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(clock.library()).arg(clock.path("moved.c"));
        let built = compiler.status().expect("there is a C compiler");
        assert!(built.success(), "the library of the moved clock is built");
        clock
    }

    /// Sets it so many seconds apart from the machine's, for all its processes at once.
    pub fn set(&self, seconds: i64) {
        self.write(0, seconds);
    }

    /// As if the machine had slept so many seconds in all, for all its processes at once.
    pub fn sleep(&self, seconds: i64) {
        self.write(8, seconds);
    }

    fn write(&self, at: u64, seconds: i64) {
        // In place: processes look at the file itself.
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.path("by"));
        let written = file.expect("the file is there").write_all_at(&seconds.to_ne_bytes(), at);
        written.expect("the file is writable");
    }

    /// What a process needs in its environment to live by it.
    pub fn environment(&self) -> [(String, String); 2] {
        let text = |path: &Path| path.display().to_string();
        [("LD_PRELOAD".to_owned(), text(&self.library())), ("MOVED_CLOCK".to_owned(), text(&self.path("by")))]
    }

    fn library(&self) -> PathBuf {
        self.path("moved.so")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Default for MovedClock {
    fn default() -> Self {
        Self::new()
    }
}

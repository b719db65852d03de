//! A real terminal with a person at it.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    process::{Child, Command},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::waiting::wait_for;

/// A terminal at which one command was typed; what runs there is hung up on when it is dropped.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a command whose three streams are the terminal.
    pub(crate) fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be made");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("the terminal can be opened");
        let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
        let name = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let slave = || OpenOptions::new().read(true).write(true).open(&name).expect("the terminal can be opened");
        let child = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().expect("the command starts");
        // Only what runs there holds the terminal open: its end is the end of what is shown.
        drop(command);
        let keyboard = File::from(master);
        let screen = keyboard.try_clone().expect("a file can be shared");
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let reader = Some(watch(screen, Arc::clone(&shown)));
        Self { keyboard, child, shown, reader }
    }

    /// All that was shown so far, the echo of what was typed included.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until this is shown.
    pub fn wait_for(&self, text: &str) {
        wait_for(&format!("`{text}` is shown"), || self.shown(), |shown| shown.contains(text));
    }

    /// Types something.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits for the end of the command: its exit code, and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("the command can be waited for");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the screen was read");
        }
        (status.code(), self.shown())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the terminal")]
fn watch(mut screen: File, shown: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = screen.read(&mut piece) {
            shown.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..read]);
        }
    })
}

//! Listens to what is logged.

use std::{
    fmt::{Debug, Write as _},
    sync::{LazyLock, OnceLock},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static LINES: LazyLock<watch::Sender<Vec<String>>> = LazyLock::new(|| watch::Sender::new(Vec::new()));

/// What the process has logged: one line an event, its level first.
pub(crate) struct Log;

struct Listener;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.send_modify(|lines| lines.push(line.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Log {
    pub(crate) fn listen() -> Self {
        static ONCE: OnceLock<()> = OnceLock::new();
        ONCE.get_or_init(|| tracing::subscriber::set_global_default(Listener).unwrap());
        Self
    }

    /// Waits until such a line was logged.
    pub(crate) async fn contains(&self, line: impl Fn(&str) -> bool) {
        let mut lines = LINES.subscribe();
        let said = lines.wait_for(|lines| lines.iter().any(|said| line(said)));
        let in_time = timeout(Duration::from_secs(10), said).await.is_ok();
        assert!(in_time, "not logged in time: {:#?}", *LINES.borrow());
    }
}

//! How fast a manifest is planned and enqueued, and how much state a waiting job takes.

use std::{num::NonZeroU32, sync::Arc};

use anyhow::{Context as _, Result};
use reelq_files::Blobs;
use reelq_manifest::{Manifest, Vocabulary};
use reelq_model::{AccountName, BatchName, Clock as _, ProviderName, SystemClock};
use reelq_producer::{Accounts, Order, Overrides, PlanAccount, load, plan};
use reelq_provider::ProviderSettings;
use reelq_store::AccountLimits;
use reelq_store_sqlite::SqliteStore;

use crate::{figure::Report, subject::Subject};

/// Plans, then loads, `rows` rows, as `reelq run` does before it begins to work.
pub(crate) async fn measure(report: &mut Report, rows: usize) -> Result<()> {
    let subject = Subject::new("http://127.0.0.1:9", "", rows)?;
    let of = format!("{rows}-row CSV, SQLite");
    let state = subject.path(".reelq");
    std::fs::create_dir_all(&state).context("make the state folder")?;
    let store = SqliteStore::open(&state.join("state.db"), Arc::new(SystemClock::new())).context("open the store")?;
    let blobs = Arc::new(Blobs::open(state.join("images")).context("open the image folder")?);
    let order = Arc::new(order(&subject)?);

    let clock = SystemClock::new();
    let planned = plan(Some(&store), &order).await.context("plan")?;
    let planning = clock.monotonic().as_secs_f64();
    load(&store, &blobs, &order, &planned).await.context("load")?;
    let both = clock.monotonic().as_secs_f64();
    drop(store);

    report.add("rows_planned_per_second", rows as f64 / planning, &of);
    report.add("rows_enqueued_per_second", rows as f64 / (both - planning), &of);
    report.add("rows_planned_and_enqueued_per_second", rows as f64 / both, &of);
    report.add("state_bytes_per_waiting_job", subject.state_bytes()? as f64 / rows as f64, &of);
    Ok(())
}

fn order(subject: &Subject) -> Result<Order> {
    let path = subject.path("set.csv");
    let vocabulary = Vocabulary { fields: reelq_provider::field_names() };
    let provider =
        reelq_provider::open(&ProviderSettings::new(ProviderName::new("wave")?)).context("open the adapter")?;
    let limits = AccountLimits {
        requests_per_second: 2.0,
        burst: NonZeroU32::MIN,
        polls_per_second: 10.0,
        max_in_flight: NonZeroU32::MIN,
        budget: None,
        daily_budget: None,
        open_rate: false,
        open_in_flight: false,
    };
    let account = PlanAccount { name: AccountName::new("wave")?, provider, limits };
    Ok(Order {
        manifest: Manifest::open(&path, &vocabulary).context("open the manifest")?,
        path: "set.csv".to_owned(),
        accounts: Accounts::new([account], None),
        image_fields: reelq_provider::image_fields(),
        overrides: Overrides { output_root: "out".to_owned(), ..Overrides::default() },
        batch: BatchName::new("set")?,
        file_name: "{row:06}.mp4".to_owned(),
        source: reelq_producer::ManifestSource::default(),
        part: reelq_producer::Part::default(),
    })
}

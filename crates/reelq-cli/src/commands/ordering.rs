//! From the command line to an order: which manifest, how it is read, and what is said over it. Of `plan`, `run` and `enqueue`.

mod mapping;
mod part;
mod reading;

use std::path::{Path, PathBuf};

pub(crate) use part::PartArgs;
pub(crate) use reading::ReadingArgs;
use reelq_console::{CommandError, Out};
use reelq_manifest::{Manifest, Problems, ReadingOptions};
use reelq_model::{AccountName, Money};
use reelq_producer::{ManifestSource, Order, Overrides, batch_name, cut_name};
use reelq_runner::{
    adapters::{self, vocabulary},
    context::CommandContext,
};
use reelq_store::{ImportedWith, Store, rules::stop_rule::StopRule};

use crate::commands::lookup;

/// The manifest and what the command line says over it; also of `reelq run`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ManifestArgs {
    /// The manifest: CSV, TSV, text of one prompt a line, JSON, JSONL, YAML, .xlsx, .ods or TOML, also as .gz or .zst; `-` reads standard input
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,
    /// Name the batch; otherwise the manifest's own name or its file's
    #[arg(long, value_name = "NAME")]
    pub(crate) batch: Option<String>,
    /// The account of rows that name none
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
    /// Where outputs go: a folder, or an s3 address (`s3://bucket/prefix`)
    #[arg(long, value_name = "PLACE")]
    pub(crate) output: Option<String>,
    /// The most that the batch may spend, in dollars; it holds until another one is said, or --no-budget
    #[arg(long, value_name = "USD", value_parser = budget, allow_hyphen_values = true)]
    pub(crate) budget: Option<Money>,
    /// Let the batch spend whatever its jobs cost, though a budget was said before
    #[arg(long, conflicts_with = "budget")]
    pub(crate) no_budget: bool,
    /// A field of rows that do not name it, such as model=hailuo-2.3 (may be repeated)
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) usual: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) part: PartArgs,
    /// Hold the batch once its rows come to this: failed>10%, failed>20, refused>5 or cost>1.5x (may be repeated); it holds until others are said, or none
    #[arg(long, value_name = "EXPR", value_parser = stop_rule)]
    pub(crate) stop_if: Vec<String>,
    /// Buy what another batch, or one that was purged, has bought already
    #[arg(long = "again")]
    pub(crate) buys_again: bool,
    /// Put the manifest in the place of another file's whose batch has the same name, or that was moved
    #[arg(long)]
    pub(crate) replace: bool,
}

/// A budget below zero would pay for nothing, which `--budget 0` says, too.
pub(crate) fn budget(text: &str) -> Result<Money, String> {
    match text.parse() {
        Ok(amount) if amount >= Money::ZERO => Ok(amount),
        _ => Err("must be an amount in dollars with at most six decimals, not below zero".to_owned()),
    }
}

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

impl ManifestArgs {
    fn is_standard_input(&self) -> bool {
        self.manifest == Path::new(STANDARD_INPUT)
    }

    /// The file of rows, which another manifest may name.
    pub(crate) fn file(&self, context: &CommandContext) -> Result<PathBuf, CommandError> {
        if self.is_standard_input() {
            return Err(CommandError::usage("--write-manifest names a file of rows, and standard input is none"));
        }
        Ok(context.given(&self.manifest))
    }

    /// How the manifest is read.
    pub(crate) fn options(&self, context: &CommandContext) -> ReadingOptions {
        ReadingOptions {
            set: self.usual.clone(),
            defaults: context.config.row_defaults.clone(),
            ..self.reading.options()
        }
    }

    /// What is kept of it with the batch.
    fn kept(&self, context: &CommandContext) -> ImportedWith {
        let path = |path: &Path| absolute(context.given(path).display().to_string());
        ImportedWith {
            format: 1,
            manifest: if self.is_standard_input() { STANDARD_INPUT.to_owned() } else { path(&self.manifest) },
            config: context.invocation.flags.config.as_deref().map(path),
            account: self.account.as_ref().map(ToString::to_string),
            output: self.output.clone().map(|place| absolute(given_output(place, context))),
            set: self.usual.clone(),
            reading: self.reading.words(),
            stop_if: self.stop_if.clone(),
            manifest_budget: None,
            planned: None,
        }
    }
}

/// Opens the manifest and puts together what its rows mean. Where its columns do not say which one is the prompt, and someone
/// can be asked, that is asked.
pub(crate) async fn order(args: &ManifestArgs, context: &CommandContext, out: Out) -> Result<Order, CommandError> {
    let mut args = args.clone();
    loop {
        match open(&args, context) {
            Ok(manifest) => return put_together(&args, manifest, context),
            Err(problems) => mapping::agree(problems, &mut args.reading, context, out).await?,
        }
    }
}

/// The same where no one is asked.
pub(crate) fn order_unasked(args: &ManifestArgs, context: &CommandContext) -> Result<Order, CommandError> {
    put_together(args, open(args, context)?, context)
}

fn open(args: &ManifestArgs, context: &CommandContext) -> Result<Manifest, Problems> {
    let options = args.options(context);
    if args.is_standard_input() {
        return Manifest::spooled(Path::new("standard input"), &mut std::io::stdin().lock(), &vocabulary(), &options);
    }
    Manifest::open_as(&context.given(&args.manifest), &vocabulary(), &options)
}

fn put_together(args: &ManifestArgs, manifest: Manifest, context: &CommandContext) -> Result<Order, CommandError> {
    let file = context.given(&args.manifest);
    if args.is_standard_input() && args.batch.is_none() && manifest.head().name.is_none() {
        return Err(CommandError::usage(format!(
            "what comes by standard input has no name of its own: add --batch NAME\n  {}",
            context.same_command(&["--batch".to_owned(), "NAME".to_owned()])
        )));
    }
    let batch = batch_name(args.batch.as_deref(), manifest.head(), &args.manifest);
    let batch = batch.map_err(|error| CommandError::usage(error.to_string()))?;
    if let Some(account) = &args.account {
        lookup::known_account(context, account)?;
    }
    let mut output_root = context.config.output.clone();
    let mut output = args.output.clone().map(|place| given_output(place, context));
    if context.is_simulated() {
        output_root = reelq_config::simulated_output(&output_root);
        output = output.or_else(|| Some(format!("{output_root}/{batch}")));
    }
    if context.needs_absolute_outputs() {
        // Workers in other folders must find the same place.
        let said = output.take().or_else(|| manifest.head().output.clone());
        output = said.map(absolute);
        output_root = absolute(output_root);
    }
    if let Some(template) = &manifest.head().file_name {
        reelq_collector::NameTemplate::parse(template)
            .map_err(|error| CommandError::usage(format!("[batch] file_name: failed to {error}")))?;
    }
    Ok(Order {
        path: if args.is_standard_input() { "standard input".to_owned() } else { file.display().to_string() },
        source: ManifestSource {
            path: file.canonicalize().ok().map(|path| path.display().to_string()),
            named_by_file: args.batch.is_none() && manifest.head().name.is_none(),
            looks_elsewhere: !context.is_simulated(),
            reads_only: false,
            again: args.buys_again,
            replaces: args.replace,
        },
        part: args.part.part(),
        accounts: adapters::accounts(context, args.account.clone())?,
        image_fields: reelq_provider::image_fields(),
        overrides: Overrides {
            account: args.account.clone(),
            output,
            output_root,
            budget: args.budget,
            no_budget: args.no_budget,
            loaded_with: Some(stopping(args.kept(context), &manifest)?),
        },
        file_name: adapters::FILE_NAME.to_owned(),
        batch,
        manifest,
    })
}

/// A stop rule as it is kept; `none` lifts those that were said before.
fn stop_rule(text: &str) -> Result<String, String> {
    if text.trim() == "none" {
        return Ok("none".to_owned());
    }
    text.parse::<StopRule>().map(|rule| rule.to_string()).map_err(|wrong| wrong.to_string())
}

/// The manifest's own stop rules, where the command line says none.
fn stopping(kept: ImportedWith, manifest: &Manifest) -> Result<ImportedWith, CommandError> {
    let own = &manifest.head().stop_if;
    if let Some((wrong, rule)) = own.iter().find_map(|text| Some((text, stop_rule(text).err()?))) {
        return Err(CommandError::usage(format!("[batch] stop_if: `{wrong}` is no stop rule: {rule}")));
    }
    let stop_if = if kept.stop_if.is_empty() { own.clone() } else { kept.stop_if.clone() };
    Ok(ImportedWith { stop_if, ..kept })
}

/// An output place as it was given on the command line.
fn given_output(place: String, context: &CommandContext) -> String {
    if place.contains("://") { place } else { context.given(Path::new(&place)).display().to_string() }
}

/// A manifest with a long name keeps the batch that an earlier version named by its first letters alone.
pub(crate) async fn named_before(
    mut order: Order,
    args: &ManifestArgs,
    store: &dyn Store,
) -> Result<Order, CommandError> {
    let Some(before) = cut_name(&args.manifest).filter(|_| order.source.named_by_file) else { return Ok(order) };
    let is_its = |view: &reelq_store::BatchView| {
        let batch = &view.batch;
        batch.manifest_path.is_none() && Path::new(&batch.manifest).file_name() == args.manifest.file_name()
            || batch.manifest_path.is_some() && batch.manifest_path == order.source.path
    };
    if store.batch(&before).await?.is_some_and(|view| is_its(&view)) {
        order.batch = before;
    }
    Ok(order)
}

/// Where no one says a place, a batch that is shared keeps the one that it has: its files are there, and the folder that this
/// command runs in must not decide.
pub(crate) async fn placed(
    mut order: Order,
    args: &ManifestArgs,
    context: &CommandContext,
    store: Option<&dyn Store>,
) -> Result<Order, CommandError> {
    let said = args.output.is_some() || (order.manifest.head().output.is_some() && !context.is_simulated());
    let Some(store) = store.filter(|_| !said) else { return Ok(order) };
    if let Some(known) = store.batch(&order.batch).await? {
        order.overrides.output = Some(known.batch.output);
    }
    Ok(order)
}

/// A folder as it is found from every folder of this machine; an s3 address stays.
fn absolute(place: String) -> String {
    if place.contains("://") {
        return place;
    }
    std::path::absolute(&place).map_or(place, |path| path.display().to_string())
}

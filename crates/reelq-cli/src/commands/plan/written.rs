//! `--write-manifest`: a TOML manifest that says what the flags say.

use std::path::Path;

use reelq_console::CommandError;
use reelq_manifest::WrittenManifest;
use reelq_producer::Plan;
use reelq_runner::context::CommandContext;

use crate::commands::ordering::ManifestArgs;

/// Writes it whole. The batch has the same name, so that it goes on with what was bought.
pub(super) fn write(
    path: &Path,
    args: &ManifestArgs,
    plan: &Plan,
    context: &CommandContext,
) -> Result<(), CommandError> {
    let target = context.given(path);
    let file = args.file(context)?;
    let refuse = |why: String| CommandError::usage(format!("--write-manifest {}: {why}", path.display()));
    if target.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("toml")) {
        return Err(refuse("a manifest is a .toml file: name one".to_owned()));
    }
    if target.exists() {
        return Err(refuse("there is a file already; name another one".to_owned()));
    }
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (target, file) = (absolute(&target), absolute(&file));
    let folder = target.parent().unwrap_or(Path::new(""));
    let written = WrittenManifest {
        batch: plan.batch.name.as_str(),
        account: args.account.as_ref().map(reelq_model::AccountName::as_str),
        output: args.output.as_deref(),
        budget: args.budget,
        source: file.strip_prefix(folder).unwrap_or(&file),
        options: &args.options(context),
    };
    std::fs::write(&target, written.text()).map_err(|error| refuse(error.to_string()))
}

//! Which form is written: the one that was asked for, else the one that the file's name or the manifest says.

use std::path::Path;

use reelq_console::CommandError;
use reelq_results::ManifestForm;

use super::{AskedForm, ResultsRequest};

/// The form of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Jsonl,
    Workbook,
    Manifest(ManifestForm),
}

/// Decides, or refuses what cannot be: `manifest` is the path that the batch was loaded from.
pub(super) fn decide(request: &ResultsRequest, manifest: &str, json: bool) -> Result<Form, CommandError> {
    let named = request.out.as_deref().and_then(form_of);
    let form =
        if request.as_manifest { of_manifest(request, named, manifest, json)? } else { of_lines(request, named, json) };
    if request.for_spreadsheet && form != Form::Csv {
        return Err(CommandError::usage(
            "--for spreadsheet is for CSV: leave out --json, --format jsonl, --format xlsx and --as manifest; a workbook needs it not",
        ));
    }
    Ok(form)
}

/// The form that a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Csv,
    Tsv,
    Jsonl,
    Xlsx,
}

fn form_of(path: &Path) -> Option<Named> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "csv" => Named::Csv,
        "tsv" | "tab" => Named::Tsv,
        "jsonl" | "ndjson" => Named::Jsonl,
        "xlsx" => Named::Xlsx,
        _ => return None,
    })
}

fn of_lines(request: &ResultsRequest, named: Option<Named>, json: bool) -> Form {
    match (request.form, named) {
        (Some(AskedForm::Csv), _) => Form::Csv,
        (Some(AskedForm::Jsonl), _) => Form::Jsonl,
        (Some(AskedForm::Xlsx), _) => Form::Workbook,
        (None, Some(Named::Xlsx)) => Form::Workbook,
        (None, Some(Named::Jsonl)) => Form::Jsonl,
        (None, _) if json => Form::Jsonl,
        (None, _) => Form::Csv,
    }
}

fn of_manifest(
    request: &ResultsRequest,
    named: Option<Named>,
    manifest: &str,
    json: bool,
) -> Result<Form, CommandError> {
    let form = match (request.form, named) {
        (Some(AskedForm::Xlsx), _) | (None, Some(Named::Xlsx)) => {
            return Err(CommandError::usage(
                "rows of a manifest are written as CSV or JSONL: use --format csv or --format jsonl",
            ));
        }
        (Some(AskedForm::Csv) | None, Some(Named::Tsv)) => ManifestForm::Tsv,
        (Some(AskedForm::Csv), _) | (None, Some(Named::Csv)) => ManifestForm::Csv,
        (Some(AskedForm::Jsonl), _) | (None, Some(Named::Jsonl)) => ManifestForm::Jsonl,
        (None, None) if json => ManifestForm::Jsonl,
        (None, None) => came_in(manifest),
    };
    match (&request.out, named) {
        (Some(out), Some(named)) if !is_read_as(form, named) => {
            let (named, form) = if form == ManifestForm::Jsonl { ("CSV", "jsonl") } else { ("JSONL", "csv") };
            Err(CommandError::usage(format!(
                "--out {} would be read as {named}, and --format {form} writes another form: leave out --format",
                out.display()
            )))
        }
        _ => Ok(Form::Manifest(form)),
    }
}

/// Whether a file of this name is read in the form in which it is written.
fn is_read_as(form: ManifestForm, named: Named) -> bool {
    matches!(
        (form, named),
        (ManifestForm::Csv, Named::Csv) | (ManifestForm::Tsv, Named::Tsv) | (ManifestForm::Jsonl, Named::Jsonl)
    )
}

/// The form that a batch's rows came in, as far as it is a form of rows: tables come back as tables, anything else as JSONL.
fn came_in(manifest: &str) -> ManifestForm {
    let name = manifest.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("tsv" | "tab") => ManifestForm::Tsv,
        Some("csv" | "txt" | "xlsx" | "ods") => ManifestForm::Csv,
        _ => ManifestForm::Jsonl,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(form: Option<AskedForm>, out: Option<&str>, as_manifest: bool) -> ResultsRequest {
        ResultsRequest {
            batch: reelq_model::BatchName::new("b").unwrap(),
            form,
            as_manifest,
            for_spreadsheet: false,
            out: out.map(Into::into),
            failed: false,
            kinds: Vec::new(),
            picks: None,
        }
    }

    #[test]
    fn rows_come_back_in_the_form_that_they_came_in() {
        for (manifest, form) in [
            ("a/Shots.CSV", ManifestForm::Csv),
            ("shots.tsv.gz", ManifestForm::Tsv),
            ("shots.xlsx", ManifestForm::Csv),
            ("jobs.toml", ManifestForm::Jsonl),
            ("jobs.jsonl", ManifestForm::Jsonl),
        ] {
            assert_eq!(
                decide(&request(None, None, true), manifest, false).unwrap(),
                Form::Manifest(form),
                "{manifest}"
            );
        }
    }

    #[test]
    fn what_was_asked_for_and_the_files_name_come_first() {
        let decided = |form, out, as_manifest| decide(&request(form, out, as_manifest), "jobs.csv", false).ok();
        assert_eq!(decided(None, Some("a.jsonl"), true), Some(Form::Manifest(ManifestForm::Jsonl)));
        assert_eq!(decided(Some(AskedForm::Csv), Some("a.tsv"), true), Some(Form::Manifest(ManifestForm::Tsv)));
        assert_eq!(decided(Some(AskedForm::Csv), Some("a.jsonl"), true), None, "it would be read as JSONL");
        assert_eq!(decided(Some(AskedForm::Xlsx), None, true), None);
        assert_eq!(decided(None, Some("a.xlsx"), false), Some(Form::Workbook));
        assert_eq!(
            decided(Some(AskedForm::Csv), Some("a.jsonl"), false),
            Some(Form::Csv),
            "nothing reads it by its name"
        );
    }
}

//! Turns one row into its jobs, or into problems.

use std::{path::Path, sync::Arc};

use reelq_manifest::{Problem, Problems, Row};
use reelq_model::{Digest, Fields, Finding, JobDraft, JobSpec, ModelName, Money, Severity, normalise};
use reelq_provider::{Checked, Identity};
use reelq_store::{BatchDraft, Line, LineDraft, rules::hold};
use sha2::{Digest as _, Sha256};

use crate::{
    Order, PlanAccount,
    batch_jobs::{BatchJobs, RequestKeys},
    carried::{Carried, MOST_CARRIED},
    equal::{Equal, EqualRows},
    error::Result,
    images::{ImageReader, is_local, spread, visit_texts},
    job_naming::{Asked, JobNaming, Named},
    part::OpenRows,
    priced,
    prompts::Prompts,
};

/// Everything that one reading of the manifest remembers between rows.
#[derive(Debug)]
pub(crate) struct Expander {
    order: Arc<Order>,
    batch: Arc<BatchDraft>,
    naming: JobNaming,
    equal: Equal,
    prompts: Prompts,
    pub(crate) images: ImageReader,
    problems: Problems,
    unpriced: priced::Unpriced,
    carried: Carried,
    open: OpenRows,
    content: Sha256,
    /// Room for what goes into it.
    noted: Vec<u8>,
    pub(crate) rows: u64,
    pub(crate) lines: u64,
}

/// What one reading of the manifest found.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) problems: Problems,
    pub(crate) rows: u64,
    pub(crate) lines: u64,
    pub(crate) equal: EqualRows,
    /// Digest of all that would be enqueued: two readings with the same one ask for the same.
    pub(crate) content: Digest,
    /// What the rows carry to the result manifest: the head's names first, then the others as they came.
    pub(crate) carried: Vec<String>,
    /// The local images, where they are few.
    pub(crate) images: Option<std::collections::BTreeMap<std::path::PathBuf, Digest>>,
}

/// A row that passed every check.
struct Accepted {
    spec: JobSpec,
    asked: Asked,
    price: Option<Money>,
}

impl Expander {
    pub(crate) fn new(
        order: Arc<Order>,
        batch: Arc<BatchDraft>,
        present: Arc<BatchJobs>,
        open: OpenRows,
        keep_images: bool,
    ) -> Self {
        Self {
            open,
            carried: Carried::of(&batch.passthrough),
            naming: JobNaming::new(batch.name.clone(), present),
            equal: Equal::default(),
            prompts: Prompts::default(),
            order,
            batch,
            images: ImageReader::new(keep_images),
            problems: Problems::default(),
            unpriced: priced::Unpriced::default(),
            content: Sha256::new(),
            noted: Vec::new(),
            rows: 0,
            lines: 0,
        }
    }

    /// Notes a row that could not even be read.
    pub(crate) fn unreadable(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Checks one row and emits its lines; none once the manifest is refused.
    ///
    /// # Errors
    /// What must be remembered of it could not be kept: the reading is at its end.
    pub(crate) fn row(&mut self, row: &Row, emit: &mut dyn FnMut(LineDraft)) -> Result<()> {
        self.rows += 1;
        if let Err(name) = self.carried.note(&row.passthrough) {
            let rule = format!("rows carry more than {MOST_CARRIED} different names to the result manifest");
            let hint = "leave them out: `--ignore NAME`, or gather them in one object";
            self.refuse::<()>(row, &[Finding::error(&name, None, rule).with_hint(hint)]);
        }
        let Some(accepted) = self.accept(row) else { return Ok(()) };
        if self.problems.is_fatal() {
            return Ok(());
        }
        for copy in 1..=row.copies {
            let Named { id, first_row } = self.naming.next(&accepted.asked, row.number)?;
            if copy == 1 {
                self.equal.add(row.number, first_row, accepted.asked.keys.left_out);
            }
            let line = Line { row: row.number, copy, label: row.label.clone(), passthrough: row.passthrough.clone() };
            let priority = row.priority.unwrap_or(self.batch.priority);
            let priority = if self.open.takes(&line, id) { priority } else { hold::held(priority) };
            let job = JobDraft { id, spec: accepted.spec.clone(), price: accepted.price, priority };
            self.note(&job, &line);
            emit(LineDraft { job, line });
        }
        Ok(())
    }

    /// Ends the reading.
    pub(crate) fn finish(mut self) -> Findings {
        let unmet: Vec<String> = self.open.unmet().map(str::to_owned).collect();
        self.problems.extend(unmet.iter().map(|name| unmet_name(name)));
        Findings {
            problems: self.problems,
            rows: self.rows,
            lines: self.lines,
            equal: self.equal.finish(),
            content: Digest::from_bytes(self.content.finalize().into()),
            carried: self.carried.names,
            images: self.images.take_listed(),
        }
    }

    fn note(&mut self, job: &JobDraft, line: &Line) {
        self.lines += 1;
        self.content.update(job.id.as_bytes());
        let rest = (line, job.price, job.priority, &job.spec.account, &job.spec.mode);
        self.noted.clear();
        // Each of them always has a form in JSON, and memory takes every byte.
        drop(serde_json::to_writer(&mut self.noted, &rest));
        self.content.update(&self.noted);
    }

    fn accept(&mut self, row: &Row) -> Option<Accepted> {
        let order = Arc::clone(&self.order);
        let named = row.account.as_deref().or_else(|| order.overrides.account_for(row.provider.as_deref()));
        let account = match order.accounts.resolve(named, row.provider.as_deref(), row.model.as_deref()) {
            Ok(account) => account,
            Err(finding) => {
                let model = row.model.is_none().then(|| missing_model(None));
                return self.refuse(row, &[Some(*finding), model].into_iter().flatten().collect::<Vec<_>>());
            }
        };
        let Some(model) = row.model.as_deref() else {
            return self.refuse(row, &[missing_model(Some(account))]);
        };
        let Ok(name) = ModelName::new(model) else {
            let rule = "model must not be empty, long or hold control characters";
            return self.refuse(row, &[Finding::error("model", Some(model.to_owned()), rule)]);
        };
        let mut fields = row.fields.clone();
        let readable = self.read_images(row, account, model, &mut fields);
        // After the images: a file's name is what it is.
        let as_written = fields.clone();
        normalise(&mut fields);
        let checked = account.provider.check(model, row.mode.as_deref(), &fields);
        let passed = self.report(row, &checked.findings);
        if !(readable && passed) {
            return None;
        }
        self.check_price(row, account, model, &checked);
        let provider = account.provider.name().clone();
        let spec = JobSpec {
            account: account.name.clone(),
            provider,
            model: name,
            mode: checked.mode,
            fields: checked.fields,
        };
        let no_prompt = self.prompts.look(&spec);
        self.report(row, &no_prompt.into_iter().collect::<Vec<_>>());
        let (spec, asked) = normal(account, row, spec, (as_written != fields).then_some(as_written));
        Some(Accepted { spec, asked, price: checked.price })
    }

    fn check_price(&mut self, row: &Row, account: &PlanAccount, model: &str, checked: &Checked) {
        let whose = match (self.batch.budget, account.limits.budget.or(account.limits.daily_budget)) {
            (Some(_), _) => priced::Whose::Batch,
            (None, Some(_)) => priced::Whose::Account,
            (None, None) => return,
        };
        if checked.price.is_none()
            && let Some(finding) = self.unpriced.first_of(account.provider.name().as_str(), model, checked, whose)
        {
            self.report(row, &[finding]);
        }
    }

    /// Replaces the paths in image fields by references to their content. `false` where one is refused.
    fn read_images(&mut self, row: &Row, account: &PlanAccount, model: &str, fields: &mut Fields) -> bool {
        let order = Arc::clone(&self.order);
        let mut findings = Vec::new();
        for field in &order.image_fields {
            let path: Vec<&str> = field.split('.').collect();
            let [first, rest @ ..] = path.as_slice() else { continue };
            let Some(value) = fields.get_mut(*first) else { continue };
            let base = row.base_dir_of(field);
            let mut read = |text: &mut String| findings.extend(self.read_image(base, account, model, field, text));
            spread(value, rest, base);
            visit_texts(value, rest, &mut read);
        }
        self.report(row, &findings)
    }

    fn read_image(
        &mut self,
        base: &Path,
        account: &PlanAccount,
        model: &str,
        field: &str,
        text: &mut String,
    ) -> Vec<Finding> {
        if !is_local(text) {
            return Vec::new();
        }
        match self.images.read(base, field, text.trim()) {
            Ok(image) => {
                let findings = account.provider.check_image(model, field, &image.facts);
                *text = image.reference();
                findings
            }
            Err(finding) => vec![*finding],
        }
    }

    /// Notes findings; `false` where one of them is an error.
    fn report(&mut self, row: &Row, findings: &[Finding]) -> bool {
        for finding in findings {
            self.problems.push(row.problem(finding));
        }
        findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    fn refuse<T>(&mut self, row: &Row, findings: &[Finding]) -> Option<T> {
        self.report(row, findings);
        None
    }
}

/// A name of `--only` that no row has.
fn unmet_name(name: &str) -> Problem {
    let hint = "rows are named by their own ids, by their numbers (`4`, `4.2` for a copy), or by the first letters of their job";
    let rule = format!("no row is called `{name}`");
    Problem::said("--only", rule).with_value(name).with_hint(hint)
}

/// The request in its normal form, and what it asks for; `as_written` are the row's fields where they were not normal.
fn normal(account: &PlanAccount, row: &Row, mut spec: JobSpec, as_written: Option<Fields>) -> (JobSpec, Asked) {
    let as_written = match as_written {
        Some(fields) => {
            let checked = account.provider.check(spec.model.as_str(), row.mode.as_deref(), &fields);
            JobSpec { fields: checked.fields, ..spec.clone() }.digest()
        }
        None => spec.digest(),
    };
    // Once more: lists and objects that stood as JSON in a cell are only now texts of their own.
    normalise(&mut spec.fields);
    let identity = Identity::of(account.provider.catalogue(), &spec);
    let keys = RequestKeys { left_out: (&identity.left_out).into(), written_out: (&identity.written_out).into() };
    (spec, Asked { as_written, normal: identity.left_out, keys })
}

/// Says which models a row could name.
fn missing_model(account: Option<&PlanAccount>) -> Finding {
    let all = account.map(|account| {
        let models: Vec<_> = account.provider.catalogue().models.keys().map(|name| format!("`{name}`")).collect();
        format!("`{}` has {}; ", account.name, models.join(", "))
    });
    let give = "name one in a `model` column or default, or for all rows with `--set model=NAME`";
    let hint = format!("{}{give}; `reelq models` shows each", all.unwrap_or_default());
    Finding::error("model", None, "a row must name its model").with_hint(hint)
}

//! Names for the outputs of one job.

use reelq_model::{Job, OutputLink};
use reelq_store::Line;

use crate::{Media, NameTemplate, NameValues, fetched_outputs};

/// Names the outputs of one job, each by what it is.
#[derive(Debug)]
pub(crate) struct Naming<'a> {
    pub(crate) template: &'a NameTemplate,
    pub(crate) job: &'a Job,
    pub(crate) line: Option<&'a Line>,
    /// How many outputs there are.
    pub(crate) outputs: usize,
}

impl Naming<'_> {
    /// The name of an output whose content may have these extensions.
    pub(crate) fn name(&self, output: usize, extensions: &[&str]) -> String {
        let (job, line, outputs) = (self.job, self.line, self.outputs);
        self.template.name(&NameValues { job, line, output, outputs, extensions })
    }

    /// The name of what is kept though it is not what its link should give, or no one can say what it is.
    pub(crate) fn kept(&self, output: usize, link: &OutputLink, media: Option<Media>) -> String {
        if let Some(media) = media {
            return self.name(output, media.extensions());
        }
        let claimed = fetched_outputs::extension(link).unwrap_or("bin");
        self.name(output, &[&format!("{claimed}.unverified")])
    }
}

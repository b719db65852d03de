//! How a file of rows is read.

use reelq_manifest::{ColumnProposal, ReadingOptions};

/// What the help calls these flags.
const HEADING: &str = "How the file is read";

/// How a file of rows is read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ReadingArgs {
    /// Read the file's column THEIRS as the field OURS, such as Prompts=prompt (may be repeated)
    #[arg(long = "map", help_heading = HEADING, value_name = "THEIRS=OURS", value_parser = pair, allow_hyphen_values = true)]
    map: Vec<(String, String)>,
    /// Carry this column untouched to the result manifest, though its name is like a field's; `all` for all that are no fields (may be repeated)
    #[arg(long, help_heading = HEADING, value_name = "COL|all", allow_hyphen_values = true)]
    carry: Vec<String>,
    /// Leave this column out (may be repeated)
    #[arg(long, help_heading = HEADING, value_name = "COL", allow_hyphen_values = true)]
    ignore: Vec<String>,
    /// The sheet of a workbook to read; the first one where it is left out
    #[arg(long, help_heading = HEADING, value_name = "NAME")]
    sheet: Option<String>,
    /// The encoding of a text that is not UTF-8, such as gbk, `shift_jis` or windows-1252
    #[arg(long, help_heading = HEADING, value_name = "NAME")]
    encoding: Option<String>,
    /// The first line of a file of one column is a prompt, and names no column
    #[arg(long, help_heading = HEADING)]
    no_header: bool,
}

/// Splits at the last `=`: a column's name may hold one, a field's never does.
fn pair(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.rsplit_once('=').ok_or("write THEIRS=OURS, for example Prompts=prompt")?;
    if theirs.is_empty() || ours.trim().is_empty() {
        return Err("write THEIRS=OURS, for example Prompts=prompt".to_owned());
    }
    Ok((theirs.to_owned(), ours.trim().to_owned()))
}

impl ReadingArgs {
    /// What they say.
    pub(crate) fn options(&self) -> ReadingOptions {
        ReadingOptions {
            map: self.map.iter().cloned().collect(),
            carry: self.carry.iter().cloned().collect(),
            ignore: self.ignore.iter().cloned().collect(),
            sheet: self.sheet.clone(),
            encoding: self.encoding.clone(),
            has_no_header: self.no_header,
            ..ReadingOptions::default()
        }
    }

    /// Adds what was agreed to.
    pub(crate) fn add(&mut self, proposal: &ColumnProposal) {
        self.map.push(proposal.map.clone());
        self.ignore.extend(proposal.ignore.iter().cloned());
    }

    /// The flags again, each a word of its own.
    pub(crate) fn words(&self) -> Vec<String> {
        let map = self.map.iter().map(|(theirs, ours)| ("--map", format!("{theirs}={ours}")));
        let carry = self.carry.iter().map(|column| ("--carry", column.clone()));
        let ignore = self.ignore.iter().map(|column| ("--ignore", column.clone()));
        let sheet = self.sheet.iter().map(|name| ("--sheet", name.clone()));
        let encoding = self.encoding.iter().map(|name| ("--encoding", name.clone()));
        let pairs = map.chain(carry).chain(ignore).chain(sheet).chain(encoding);
        let header = self.no_header.then(|| "--no-header".to_owned());
        pairs.flat_map(|(flag, value)| [flag.to_owned(), value]).chain(header).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_split_at_its_last_sign() {
        assert_eq!(pair("a=b=prompt"), Ok(("a=b".to_owned(), "prompt".to_owned())));
        assert!(pair("prompt").is_err() && pair("=prompt").is_err() && pair("a=").is_err());
    }
}

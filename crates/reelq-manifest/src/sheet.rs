//! Workbooks: which sheet is read, and what there is to tell of it.

use reelq_forms::{WorkbookError, read_sheet};

use crate::{Problem, input::Input, options::ReadingOptions, proposal::quoted};

/// The table of a sheet, and the workbook's other sheets where none was named.
pub(crate) struct SheetInput {
    pub(crate) input: Input,
    pub(crate) others: Vec<String>,
}

/// The table of the sheet that is meant.
pub(crate) fn table(
    input: &Input,
    options: &ReadingOptions,
    told: &mut Vec<String>,
) -> Result<SheetInput, Box<Problem>> {
    let sheet = read_sheet(input.content(), options.sheet.as_deref()).map_err(|error| unreadable(input, &error))?;
    if !sheet.others.is_empty() && options.sheet.is_none() {
        told.push(format!(
            "the sheet `{}` is read; for another one add `--sheet NAME`: {}",
            sheet.name,
            quoted(&sheet.others)
        ));
    }
    let others = if options.sheet.is_none() { sheet.others } else { Vec::new() };
    Ok(SheetInput { input: input.of_sheet(sheet.content), others })
}

fn unreadable(input: &Input, error: &WorkbookError) -> Box<Problem> {
    if let WorkbookError::Io(error) = error {
        return input.unreadable(error);
    }
    let problem = Problem::of_file(&input.path, format!("the file cannot be read: {error}"));
    Box::new(match error {
        WorkbookError::NoSheet { names, .. } => problem.with_hint(format!("its sheets are {}", quoted(names))),
        WorkbookError::NotCalculated { .. } => {
            problem.with_hint("open the workbook in a spreadsheet and save it: then it holds what its formulas come to")
        }
        WorkbookError::NotAWorkbook(_) => {
            problem.with_hint("open it in a spreadsheet and save it again, as .xlsx or as \"CSV UTF-8\"")
        }
        _ => problem,
    })
}

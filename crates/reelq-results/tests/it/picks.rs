//! Files of picks are taken as contact sheets and spreadsheets save them, and refused by place, field, value and rule.

use std::path::Path;

use reelq_results::Picks;

const ONE: &str = "0123456789abcdef0123456789abcdef";
const TWO: &str = "fedcba9876543210fedcba9876543210";

fn read(text: &str) -> Result<Picks, String> {
    Picks::from_bytes(Path::new("picks.csv"), text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn picks_are_read_as_a_browser_and_as_a_spreadsheet_save_them() {
    let comma = format!("job,row,copy,id,pick,note\n{ONE},1,1,a,picked,\"good, light\"\n{TWO},2,1,b,rejected,\n");
    let semicolon = format!("\u{feff}{}", comma.replace("good, light", "good").replace(',', ";").replace('\n', "\r\n"));
    for text in [comma, semicolon] {
        let picks = read(&text).unwrap();
        let picked: Vec<_> = picks.picked().map(|(job, line)| (job.to_string(), line)).collect();
        assert_eq!(picked, [(ONE.to_owned(), 2)], "{text}");
        assert!(!picks.is_picked(&TWO.parse().unwrap()));
    }
}

#[test]
fn a_bad_file_of_picks_is_refused_by_line_field_value_and_rule() {
    let header = "job,row,copy,id,pick,note";
    for (text, told) in [
        (
            String::new(),
            "picks.csv, line 1: there is no column `job`; a file of picks begins with `job,row,copy,id,pick,note`",
        ),
        (format!("job,row\n{ONE},1"), "picks.csv, line 1: there is no column `pick`"),
        (
            format!("{header}\n{ONE},1,1,,maybe,"),
            "picks.csv, line 2: pick is `maybe`: it must be `picked` or `rejected`",
        ),
        (format!("{header}\n12,1,1,,picked,"), "picks.csv, line 2: job is `12`: it must be a job's id"),
        (
            format!("{header}\n{ONE},1,1,,picked,\n{ONE},1,1,,rejected,"),
            "picks.csv, line 3: pick is `rejected`: line 2 says otherwise of the same job",
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(told), "{error}");
    }
}

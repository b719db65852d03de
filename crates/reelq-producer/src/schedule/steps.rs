//! Steps of cron expressions (`*/15`): those that come once only are refused, and uneven ones explained.

use std::ops::RangeInclusive;

/// A field's name, how its values are told, and which they are.
const FIELDS: [(&str, &str, RangeInclusive<u32>); 6] = [
    ("second", "seconds", 0..=59),
    ("minute", "minutes", 0..=59),
    ("hour", "hours", 0..=23),
    ("day of the month", "days", 1..=31),
    ("month", "months", 1..=12),
    ("day of the week", "days", 0..=6),
];

/// What begins anew with each round of a field's values.
const ROUNDS: [&str; 6] = ["minute", "hour", "day", "month", "year", "week"];

/// A step as it stands in a field.
struct Step {
    from: u32,
    to: u32,
    by: u32,
}

impl Step {
    /// Reads a part of a field; `None` where it is no step, or one that only the parser understands.
    fn read(part: &str, values: &RangeInclusive<u32>) -> Option<Self> {
        let (base, by) = part.split_once('/')?;
        let (from, to) = match base.split_once('-') {
            None if base == "*" => (*values.start(), *values.end()),
            None => (base.parse().ok()?, *values.end()),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
        };
        Some(Self { from, to, by: by.parse().ok()? })
    }

    const fn comes_once(&self) -> bool {
        self.by > self.to.saturating_sub(self.from)
    }
}

/// The rule that a field breaks by a step as wide as all its values, and what to write instead.
pub(super) fn too_wide(index: usize, field: &str) -> Option<(String, String)> {
    let (name, units, values) = &FIELDS[index];
    let step = field.split(',').filter_map(|part| Step::read(part, values)).find(Step::comes_once)?;
    let Step { from, by, .. } = step;
    let round = ROUNDS[index];
    let rule = format!(
        "must have a valid {name}: a step of {by} leads past the last of the {units}, so that it comes once in each {round}, at {from}"
    );
    Some((rule, instead(index, &step)))
}

fn instead(index: usize, step: &Step) -> String {
    let Step { from, by, .. } = *step;
    let once = format!("once in each {}: write {from}", ROUNDS[index]);
    let every = match index {
        1 => whole(by, 60).map_or_else(
            || format!("cron cannot say every {by} minutes; the nearest is every {}", hours(by.div_ceil(60))),
            |count| format!("every {}", hours(count)),
        ),
        2 => whole(by, 24).map_or_else(
            || format!("cron cannot say every {by} hours; the nearest is every {}", days(by.div_ceil(24))),
            |count| format!("every {}", days(count)),
        ),
        _ => return once,
    };
    format!("{every}; {once}")
}

/// How many of the next larger unit it is, where it is a whole number.
const fn whole(by: u32, size: u32) -> Option<u32> {
    if by.is_multiple_of(size) { Some(by / size) } else { None }
}

fn hours(count: u32) -> String {
    match count {
        1 => "hour: \"0 * * * *\"".to_owned(),
        2..24 => format!("{count} hours: \"0 */{count} * * *\""),
        _ => "day: \"0 0 * * *\"".to_owned(),
    }
}

fn days(count: u32) -> String {
    match count {
        1 => "day: \"0 0 * * *\"".to_owned(),
        2..31 => format!("{count} days: \"0 0 */{count} * *\""),
        _ => "month: \"0 0 1 * *\"".to_owned(),
    }
}

/// What people expect otherwise: steps that do not divide what they step through.
pub(super) fn uneven(index: usize, field: &str) -> Vec<String> {
    let (name, units, values) = &FIELDS[index];
    let size = values.end() - values.start() + 1;
    let is_whole = |step: &Step| step.from == *values.start() && step.to == *values.end();
    let parts = field.split(',').filter_map(|part| Some((part, Step::read(part, values)?)));
    let uneven = parts.filter(|(_, step)| step.by > 0 && is_whole(step) && !size.is_multiple_of(step.by));
    uneven
        .map(|(part, step)| {
            let by = usize::try_from(step.by).unwrap_or(1);
            let last = (step.from..=step.to).step_by(by).last().unwrap_or(step.from);
            let rest = values.end() - last + 1;
            format!(
                "`{part}` of the {name} begins anew each {}: after {last} it comes again {rest} {units} later",
                ROUNDS[index]
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_come_once_say_what_to_write() {
        let told = |index, field| too_wide(index, field).map(|(rule, hint)| format!("{rule} | {hint}"));
        let lines: Vec<_> =
            [(1, "*/90"), (1, "*/120"), (2, "*/45"), (2, "1,*/48"), (0, "30/60"), (4, "*/12"), (5, "1-5/9")]
                .into_iter()
                .map(|(index, field)| told(index, field).unwrap_or_default())
                .collect();
        assert!(lines[0].contains("the nearest is every 2 hours: \"0 */2 * * *\""), "{}", lines[0]);
        assert!(lines[1].contains("every 2 hours: \"0 */2 * * *\"; once in each hour: write 0"), "{}", lines[1]);
        assert!(lines[2].contains("the nearest is every 2 days"), "{}", lines[2]);
        assert!(lines[3].contains("every 2 days: \"0 0 */2 * *\""), "{}", lines[3]);
        assert!(lines.iter().all(|line| !line.is_empty()), "{lines:?}");
        for (index, field) in [(1, "*/15"), (1, "*/59"), (2, "*/12"), (5, "MON-FRI"), (3, "L"), (2, "8-18/2")] {
            assert_eq!(told(index, field), None, "{field}");
        }
    }

    #[test]
    fn uneven_steps_are_explained() {
        assert_eq!(
            uneven(1, "*/45"),
            ["`*/45` of the minute begins anew each hour: after 45 it comes again 15 minutes later"]
        );
        assert_eq!(uneven(2, "*/5").len(), 1);
        for (index, field) in [(1, "*/15"), (2, "*/6"), (1, "5-50/7"), (1, "0")] {
            assert!(uneven(index, field).is_empty(), "{field}");
        }
    }
}

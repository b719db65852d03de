//! An order that stops or bounds buying holds once whoever may take the server's place has it: its disk and its replicas.

use reelq_console::{CommandError, CommandResult, Exit, Out, plural};
use reelq_store::{Spread, Store};

/// Waits until the order is everywhere; where that takes too long, says what may become of it, and what to do then.
pub async fn hold(what: &str, then: &str, store: &dyn Store, out: Out) -> CommandResult {
    if is_held(what, then, store, out).await? { Ok(Exit::Done) } else { Ok(Exit::Internal) }
}

/// The same, where the command goes on with other things.
pub async fn is_held(what: &str, then: &str, store: &dyn Store, out: Out) -> Result<bool, CommandError> {
    let spread = store.everywhere().await?;
    if !spread.is_everywhere() {
        out.warning(&warning(what, then, spread));
    }
    Ok(spread.is_everywhere())
}

fn warning(what: &str, then: &str, spread: Spread) -> String {
    let Spread { replicas, reached, .. } = spread;
    if reached < replicas {
        let missing = replicas - reached;
        return format!(
            "{what}, but {missing} of the server's {replicas} replica{} {} not told of it in time: if one of those takes the \
             server's place now, buying goes on. Look after the replica, then {then}",
            plural(u64::from(replicas)),
            if missing == 1 { "was" } else { "were" },
        );
    }
    format!(
        "{what}, but the server did not bring it to its disk in time: if the server crashes now, buying goes on. Look after its \
         disk, then {then}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_counts_replicas_and_ends_with_the_command() {
        let said =
            warning("batch a is paused", "say it again: reelq pause a", Spread { replicas: 2, reached: 1, disk: None });
        assert!(
            said.starts_with("batch a is paused, but 1 of the server's 2 replicas was not told of it in time"),
            "{said}"
        );
        assert!(said.ends_with(": reelq pause a"), "{said}");
        let said = warning(
            "batch a is paused",
            "say it again: reelq pause a",
            Spread { replicas: 1, reached: 1, disk: Some(false) },
        );
        assert!(said.contains("did not bring it to its disk"), "{said}");
    }
}

//! Whom to believe where several say who is responsible. Pure.

use super::address::Node;

/// One sentinel's or one node's word on who is responsible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) node: Node,
    /// The configuration epoch of it: greater after each failover. Zero where it is unknown.
    pub(super) epoch: u64,
}

/// A node that was named.
struct Named {
    node: Node,
    epoch: u64,
    times: usize,
}

/// Whom to try, in this order: who is named with the greatest epoch, the one that more of them name first.
///
/// An answer of an older epoch is never followed, however many give it: sentinels and nodes agree on the greatest in the end,
/// so that until then it is better to wait than to buy on the server of before.
pub(super) fn ranked(words: Vec<Word>) -> Vec<Node> {
    let mut named: Vec<Named> = Vec::new();
    for Word { node, epoch } in words {
        match named.iter_mut().find(|named| named.node == node) {
            Some(named) => (named.epoch, named.times) = (named.epoch.max(epoch), named.times + 1),
            None => named.push(Named { node, epoch, times: 1 }),
        }
    }
    named.sort_by_key(|named| std::cmp::Reverse((named.epoch, named.times)));
    let newest = named.first().map_or(0, |named| named.epoch);
    named.into_iter().filter(|named| named.epoch == newest).map(|named| named.node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(words: &[(&str, u64)]) -> Vec<String> {
        let word =
            |(host, epoch): &(&str, u64)| Word { node: Node { host: (*host).to_owned(), port: 1 }, epoch: *epoch };
        ranked(words.iter().map(word).collect()).into_iter().map(|node| node.host).collect()
    }

    #[test]
    fn the_greatest_epoch_is_believed_however_many_say_otherwise() {
        assert_eq!(hosts(&[("old", 3), ("old", 3), ("new", 4)]), ["new"]);
        assert_eq!(hosts(&[("old", 0), ("older", 1), ("new", 4)]), ["new"]);
    }

    #[test]
    fn names_of_one_epoch_are_all_tried_the_most_frequent_first() {
        assert_eq!(hosts(&[("10.0.0.1", 4), ("db.example", 4), ("db.example", 4)]), ["db.example", "10.0.0.1"]);
    }
}

//! Strongly connected components of a small graph.

use std::{collections::BTreeSet, path::Path};

use super::Edges;

/// Groups of files each of which reaches all others of its group; a file that reaches itself over no other is alone.
pub(super) fn of<'a>(edges: &Edges<'a>) -> Vec<Vec<&'a Path>> {
    let mut seen = BTreeSet::new();
    let mut groups = Vec::new();
    for &file in edges.keys() {
        if seen.contains(file) {
            continue;
        }
        let back = |other: &&Path| *other == file || reached(other, edges).contains(file);
        let mut group: Vec<&Path> = reached(file, edges).into_iter().filter(back).collect();
        if group.is_empty() {
            group.push(file);
        }
        seen.extend(group.iter().copied());
        groups.push(group);
    }
    groups
}

/// All files that are reached over at least one import.
fn reached<'a>(from: &Path, edges: &Edges<'a>) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Path> = edges.get(from).into_iter().flat_map(|to| to.keys().copied()).collect();
    while let Some(file) = open.pop() {
        if let Some((&file, imports)) = edges.get_key_value(file)
            && found.insert(file)
        {
            open.extend(imports.keys().copied());
        }
    }
    found
}

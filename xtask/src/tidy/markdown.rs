//! The prose of a Markdown text: no code, no tables, no addresses.

/// Paragraphs and list items: the numbers of their lines, and what those say.
pub(crate) type Block = Vec<(usize, String)>;

/// All blocks of prose. Code in a line is replaced by one word, and a link by its text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = Block::new();
    let mut fence: Option<&str> = None;
    for (line, number) in text.lines().zip(1..) {
        let (quoted, content) = unquoted(line);
        if let Some(mark) = fence {
            fence = Some(mark).filter(|mark| !content.starts_with(mark));
            continue;
        }
        fence = ["```", "~~~"].into_iter().find(|mark| content.starts_with(mark));
        let (item, content) = unlisted(content);
        if item || !quoted && is_no_prose(content) {
            blocks.push(std::mem::take(&mut open));
        }
        if !is_no_prose(content) {
            open.push((number, plain(content)));
        }
    }
    blocks.push(open);
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn unquoted(line: &str) -> (bool, &str) {
    let line = line.trim();
    line.strip_prefix('>').map_or((false, line), |line| (true, line.trim_start()))
}

/// Whether a list's item begins here, and what stands behind its mark.
fn unlisted(line: &str) -> (bool, &str) {
    let numbered = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok()).map(|(_, rest)| rest);
    let rest = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)).or(numbered);
    rest.map_or((false, line), |rest| (true, rest.trim_start()))
}

fn is_no_prose(line: &str) -> bool {
    let definition = line.starts_with('[') && line.contains("]: ");
    line.is_empty()
        || line.starts_with(['#', '|', '<'])
        || ["```", "~~~", "---", "==="].iter().any(|it| line.starts_with(it))
        || definition
}

/// The line with `` `x` `` for each code in it, and without the addresses of links.
fn plain(line: &str) -> String {
    let mut text = String::new();
    for (at, part) in line.split('`').enumerate() {
        text.push_str(if at % 2 == 1 { "`x`" } else { part });
    }
    while let Some((before, address)) = text.split_once("](") {
        let Some((_, after)) = address.split_once(')') else { break };
        text = format!("{before}]{after}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<usize>> {
        blocks(text).into_iter().map(|block| block.into_iter().map(|(number, _)| number).collect()).collect()
    }

    #[test]
    fn code_tables_and_headings_are_no_prose() {
        let text = "# A. B\nprose\n\n```toml\na. B\n```\n| a. B | c |\n|---|---|\n<!-- x -->\n[a]: https://b.c\n";
        assert_eq!(lines(text), [[2]]);
    }

    #[test]
    fn each_item_of_a_list_is_a_block_with_the_lines_that_belong_to_it() {
        assert_eq!(
            lines("- one\n  more\n- two\n1. three\n\n> quoted\n> too\n"),
            [vec![1, 2], vec![3], vec![4], vec![6, 7]]
        );
    }

    #[test]
    fn code_and_addresses_are_taken_out_of_a_line() {
        assert_eq!(plain("See `a. B` in [the docs](docs/a.md). More"), "See `x` in [the docs]. More");
    }
}

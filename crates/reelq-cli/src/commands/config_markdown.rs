//! `reelq config-markdown`: the tables of configuration keys, each between the marks that it has in `docs/config.md`.

use reelq_console::{Exit, Out};

pub(crate) fn run(out: Out) -> Exit {
    let all = reelq_config::reference();
    let block = |name: &str, table: &str| format!("<!-- keys: {name} -->\n{table}<!-- end of keys -->");
    let blocks: Vec<_> = all.iter().map(|table| block(table.name, &table.markdown)).collect();
    out.data(&blocks.join("\n"));
    Exit::Done
}

//! What a template may say: a small part of Jinja in which no text, however hostile, takes much memory or time.
//!
//! Refused are what keeps a value (`set`, macros) and what repeats one (`*` of a text, filters that pad), because with them
//! a line of text grows without end inside the engine, where neither its steps nor its output show it.

use super::filters;

/// The tags that are taken.
const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// Says why the engine is not given a template, or an expression in the tags of one.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some((kind, inside)) = opened(rest) {
        rest = match kind {
            Tag::Comment => inside.split_once("#}").map_or("", |(_, after)| after),
            Tag::Value => check_code(inside, "}}")?,
            Tag::Statement => {
                check_tag(inside)?;
                check_code(inside, "%}")?
            }
        };
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Tag {
    Value,
    Statement,
    Comment,
}

/// The first tag of the text, and what follows its mark.
fn opened(text: &str) -> Option<(Tag, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('{')?;
        let kind = match text.as_bytes().get(at + 1) {
            Some(b'{') => Tag::Value,
            Some(b'%') => Tag::Statement,
            Some(b'#') => Tag::Comment,
            _ => {
                from = at + 1;
                continue;
            }
        };
        return Some((kind, &text[at + 2..]));
    }
}

fn check_tag(inside: &str) -> Result<(), String> {
    let name = word(inside.trim_start_matches(['-', '+']).trim_start());
    if TAGS.contains(&name) || name.is_empty() {
        return Ok(());
    }
    Err(format!("a template has no tag `{name}`: it has `if` and `for`"))
}

/// Reads code up to the end of its tag, and gives what follows.
fn check_code<'a>(code: &'a str, end: &str) -> Result<&'a str, String> {
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(end) {
            return Ok(after);
        }
        rest = match c {
            '"' | '\'' => after_literal(&rest[1..], c),
            '*' => after_stars(rest)?,
            '|' => check_filter(&rest[1..])?,
            c if c == '_' || c.is_alphanumeric() => after_word(rest)?,
            c => &rest[c.len_utf8()..],
        };
    }
    Ok("")
}

fn after_literal(text: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return &text[at + 1..];
        }
        escaped = c == '\\' && !escaped;
    }
    ""
}

fn after_stars(text: &str) -> Result<&str, String> {
    text.strip_prefix("**").ok_or_else(|| {
        "`*` is not taken, for it repeats texts: to multiply numbers write `number | times(2)`".to_owned()
    })
}

fn check_filter(after_bar: &str) -> Result<&str, String> {
    let name = word(after_bar.trim_start());
    if name.is_empty() || filters::NAMES.contains(&name) {
        return Ok(after_bar);
    }
    Err(format!("a template has no filter `{name}`: it has {}", filters::NAMES.join(", ")))
}

fn after_word(text: &str) -> Result<&str, String> {
    let name = word(text);
    if name == "recursive" {
        return Err("a template has no `recursive` loops".to_owned());
    }
    Ok(&text[name.len()..])
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_or_repeats_a_value_is_refused_wherever_it_stands() {
        for hostile in [
            "{% set a = 'x' %}",
            "{%- macro m() -%}{% endmacro %}",
            "a {%+ raw %}{{ \"{% endraw %}",
            "{{ 'a' * 10**9 }}",
            "{{ ('}}' ~ \"\\\"%}\") * 3 }}",
            "{# * #}{% if [1]*9 %}{% endif %}",
            "{{ 'a'|indent(9) }}",
            "{{ x |  pprint }}",
            "{% for a in b recursive %}{% endfor %}",
            "{ {{ a }} {% for i in x * 2 %}{% endfor %}",
            "{% filter upper %}a{% endfilter %}",
            "{% include 'a' %}",
        ] {
            assert!(check(hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn prose_and_literals_are_left_alone() {
        for harmless in [
            "3 * 4 | set {a}",
            "{{ a }} * {{ b | upper }}",
            "{# {% set %} * #}{{ '*' ~ \"| nothing\" }}",
            "{{ 2 ** 3 }}{% if a is defined and b %}*{% else %}|x{% endif %}",
            "{% for a in b %}{{ a | default('{% set %}') }}{% endfor %}",
            "{{ recursively }}",
        ] {
            assert_eq!(check(harmless), Ok(()), "{harmless}");
        }
    }
}

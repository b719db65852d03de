//! Finds a member by its place in a reply.

use serde_json::Value;

/// The value at `place`, a path such as `/error/code`, as [`Value::pointer`] finds it where no name needs an escape.
///
/// Every reply is looked at in some sixty places. Those that name an escape would cost two texts for each step.
pub(super) fn at<'a>(body: &'a Value, place: &str) -> Option<&'a Value> {
    place.split('/').skip(1).try_fold(body, |found, name| match found {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_found_as_a_pointer_finds_it() {
        let body = json!({"a": {"b": [1, {"c": null}], "": 2}, "0": "x"});
        for place in
            ["", "/", "/a", "/a/b", "/a/b/0", "/a/b/1/c", "/a/b/2", "/a/b/c", "/a/", "/0", "/0/x", "/nothing/a"]
        {
            assert_eq!(at(&body, place), body.pointer(place), "{place}");
        }
    }
}

//! INTERIM: which ticks of a schedule are over though they have no record any more.

use reelq_store::{TICK_SPANS_KEPT, TickSpan};

/// Adds a span: those that it touches become one with it.
pub(super) fn add(spans: &mut Vec<TickSpan>, mut span: TickSpan) {
    spans.retain(|other| {
        let apart = other.until < span.after || span.until < other.after;
        if !apart {
            span = joined(*other, span);
        }
        apart
    });
    spans.push(span);
    spans.sort_by_key(|span| span.after);
    if spans.len() > TICK_SPANS_KEPT {
        join_nearest(spans);
    }
}

fn join_nearest(spans: &mut Vec<TickSpan>) {
    let gap = |next: usize| spans[next].after.since(spans[next - 1].until);
    if let Some(next) = (1..spans.len()).min_by_key(|next| gap(*next)) {
        spans[next - 1] = joined(spans[next - 1], spans[next]);
        spans.remove(next);
    }
}

fn joined(one: TickSpan, other: TickSpan) -> TickSpan {
    TickSpan { after: one.after.min(other.after), until: one.until.max(other.until) }
}

//! The result manifest to be: each line with its job, then bought jobs whose line is gone.

use reelq_model::BatchName;

use super::{
    caller::Caller,
    listing::{Found, Quota, Walk},
};
use reelq_store::{JobFilter, Page, Result, ResultLine};

pub(super) async fn results(caller: &Caller, batch: &BatchName, page: Page) -> Result<Vec<ResultLine>> {
    let (mut quota, mut lines) = (Quota { skip: page.after, left: page.limit }, Vec::new());
    let filter = JobFilter::default();
    for listed in [true, false] {
        let walk = Walk { batch: Some(batch), alone: true, filter: &filter, bought: !listed, orphans: true };
        let mut found = Vec::new();
        walk.go(caller, listed, &mut quota, &mut found, false).await?;
        lines.extend(found.into_iter().map(|Found { view, orphans, .. }| {
            if listed { ResultLine { view, orphans, former: None } } else { ResultLine::of_gone(view, orphans) }
        }));
    }
    Ok(lines)
}

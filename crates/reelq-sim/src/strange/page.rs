//! Replies of something that stands before the vendor.

use hyper::header::LOCATION;

use crate::{chance::Chance, reply::Reply};

/// A gateway's own page under a 4xx: it says nothing of the request, and the vendor never saw it.
pub(crate) fn gateway_page(chance: Chance) -> Reply {
    let (status, title) =
        chance.pick("gateway_page", [(403, "Just a moment..."), (404, "404 Not Found"), (403, "Attention Required!")]);
    Reply::new(
        status,
        "text/html",
        format!("<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>"),
    )
}

/// A redirect to where people log in.
pub(crate) fn login_redirect() -> Reply {
    Reply::new(302, "text/html", "").with(LOCATION, "https://login.example.com/?next=%2F")
}

//! Whether a refusal is written in the vendor's own form. Gateways, firewalls and web frameworks in front of a vendor answer
//! in JSON, too: what they say is no verdict on a row or an account.

use serde_json::Value;

use super::{gone, place::at, says};
use crate::catalogue::Replies;

/// What a status is called: a message that says no more says nothing of the request.
const PHRASES: [&str; 13] = [
    "bad request",
    "unauthorized",
    "payment required",
    "forbidden",
    "access denied",
    "not found",
    "resource not found",
    "method not allowed",
    "not acceptable",
    "gone",
    "unprocessable entity",
    "unprocessable content",
    "invalid request",
];
/// Members that stand together only in the errors of a gateway or a framework.
const FOREIGN: [&[&str]; 6] = [
    // Cloudflare.
    &["/cloudflare_error"],
    // Google's gateways: the name of a status beside its number.
    &["/error/status", "/error/code"],
    // Spring.
    &["/timestamp", "/path"],
    // Hapi, Fastify, Nest.
    &["/statusCode"],
    // Problem details (RFC 9457), as frameworks write them by themselves.
    &["/title", "/status"],
    // Amazon's gateways.
    &["/__type"],
];
/// Numbers of gRPC, which its gateways put where vendors put a status of HTTP.
const GRPC: std::ops::RangeInclusive<u64> = 1..=16;
/// Where vendors put an error. An `error` that is a mere text is a framework's.
const ERRORS: [&str; 5] = ["/data/error", "/failCode", "/data/failCode", "/error_code", "/data/error_code"];
/// Whether the body of a refusal is the vendor's own: by a code that its catalogue lists, or by a complaint where vendors put
/// theirs. Of a 400 and a 422 anyone's words about the request are, for only the vendor knows what is wrong with it.
pub(super) fn is_vendors(body: &Value, http: u16, replies: &Replies) -> bool {
    if has_listed_code(body, replies) {
        return true;
    }
    let judges = matches!(http, 400 | 422) && says_more(body);
    judges || (!is_foreign(body) && has_complaint(body))
}

/// Whether a refusal with a status that may be the address's says nothing of the request: by its words it is about the
/// address, or it has none.
pub(super) fn is_about_the_address(body: &Value, status: u16, replies: &Replies) -> bool {
    matches!(status, 404 | 405 | 406 | 410)
        && !has_listed_code(body, replies)
        && (!says_more(body) || says::messages(body).any(|message| gone::is_about_an_address(&message)))
}

/// Whether a code, or a message that is nothing but one, stands in the vendor's own list.
fn has_listed_code(body: &Value, replies: &Replies) -> bool {
    says::codes(body).chain(says::messages(body).filter(|message| !is_phrase(message))).any(|code| replies.lists(&code))
}

fn is_foreign(body: &Value) -> bool {
    let grpc = || body.get("code").and_then(Value::as_u64).is_some_and(|code| GRPC.contains(&code));
    grpc() || FOREIGN.iter().any(|places| places.iter().all(|place| at(body, place).is_some()))
}

fn has_complaint(body: &Value) -> bool {
    let error = body.get("error").filter(|error| !error.is_string());
    let others = ERRORS.iter().filter_map(|place| at(body, place));
    error.into_iter().chain(others).any(says::says_error) || says::has_bad_code(body)
}

/// Whether a message says more than what its status is called.
fn says_more(body: &Value) -> bool {
    says::messages(body).any(|message| !is_phrase(&message))
}

fn is_phrase(message: &str) -> bool {
    let message = message.trim_end_matches(['.', '!']);
    PHRASES.iter().any(|phrase| phrase.eq_ignore_ascii_case(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Catalogue, apixo, poyo, wave};

    fn vendors() -> [Replies; 3] {
        [wave::MODELS, apixo::MODELS, poyo::MODELS].map(|text| Catalogue::parse(text, "own").unwrap().replies)
    }

    #[test]
    fn what_a_vendor_writes_is_its_own() {
        for (body, http) in [
            (json!({"error": {"code": "forbidden", "message": "no"}}), 403),
            (json!({"error": {"message": "no such model", "type": "x"}}), 404),
            (json!({"code": 401, "message": "no", "data": null}), 401),
            (json!({"code": 402, "message": "Insufficient credits"}), 402),
            (json!({"code": 404, "message": "no", "data": {"error": "Missing required field"}}), 404),
            (json!({"code": 403, "error": {"message": "no", "type": "permission_error"}}), 403),
            (json!({"detail": "input.prompt is required"}), 422),
            (json!({"statusCode": 400, "error": "Bad Request", "message": ["prompt should not be empty"]}), 400),
        ] {
            assert!(vendors().iter().all(|replies| is_vendors(&body, http, replies)), "{body}");
        }
        assert!(is_vendors(&json!({"error": "insufficient_user_quota"}), 403, &vendors()[0]), "by its code");
    }

    #[test]
    fn what_gateways_and_frameworks_write_is_nobodys() {
        for (body, http) in [
            (json!({"message": "Forbidden"}), 403),
            (json!({"message": "Bad Request"}), 400),
            (json!({"detail": "Not Found"}), 404),
            (json!({"success": false, "errors": [{"code": 1020}]}), 403),
            (json!({}), 400),
            (
                json!({"timestamp": "2026-04-04T06:06:00Z", "status": 404, "error": "Not Found", "path": "/v1/tasks"}),
                404,
            ),
            (json!({"timestamp": 1, "status": 400, "error": "Bad Request", "path": "/v1/tasks"}), 400),
            (json!({"status": 400, "error": "Bad Request"}), 400),
            (json!({"error": "Requested endpoint is forbidden"}), 403),
            (json!({"error": "Unauthorized"}), 401),
            (json!({"statusCode": 404, "error": "Not Found", "message": "Cannot POST /v1/tasks"}), 404),
            (json!({"statusCode": 401, "code": "FST_JWT_NO_AUTHORIZATION", "message": "x"}), 401),
            (json!({"cloudflare_error": true, "error_code": 1010, "error_name": "browser_signature_banned"}), 403),
            (json!({"error": {"code": 403, "message": "API key not valid", "status": "PERMISSION_DENIED"}}), 403),
            (json!({"type": "about:blank", "title": "Forbidden", "status": 403}), 403),
            (json!({"code": 5, "message": "Method does not exist.", "details": []}), 404),
            (json!({"error_msg": "404 Route Not Found"}), 404),
            (json!({"__type": "AccessDeniedException", "code": 403}), 403),
        ] {
            assert!(!vendors().iter().any(|replies| is_vendors(&body, http, replies)), "{body}");
        }
    }

    #[test]
    fn an_address_that_leads_nowhere_is_told_from_a_row() {
        let about = |body: &Value, status| vendors().iter().any(|replies| is_about_the_address(body, status, replies));
        for body in [
            json!({"code": 404, "message": "Not Found", "data": null}),
            json!({"code": 404, "message": "The current request is not defined by this API."}),
            json!({"error": {"message": "Invalid URL (POST /v1/tasks)"}}),
            json!({"code": "NOT_FOUND", "message": "route not found"}),
            json!({"error": {"code": 404}}),
        ] {
            assert!(about(&body, 404), "{body}");
            assert!(!about(&body, 400), "{body}");
        }
        for body in [json!({"error": {"message": "model not found"}}), json!({"error": {"code": "content_violation"}})]
        {
            assert!(!is_about_the_address(&body, 404, &vendors()[0]), "{body}");
        }
    }
}

//! Errors as `application/problem+json` (RFC 9457) with a stable `code`.

use std::time::Duration;

use axum::{
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{Code, frame::wait_ms, http, limits::MAX_FRAME_BYTES};
use tracing::error;

use crate::{auth::AuthError, commands::Refusal, store::StoreError};

/// A request that failed.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: Code,
    title: String,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A failure with the status of its code.
    pub(super) fn new(code: Code, title: impl Into<String>) -> Self {
        let status =
            StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            code,
            title: title.into(),
            retry_after: None,
        }
    }

    /// Nothing there.
    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address")
    }

    /// Something there, but not for this method.
    pub(super) fn wrong_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self {
            status,
            ..Self::new(Code::NotFound, "This address does not answer this method")
        }
    }

    /// A body that is read and has no meaning.
    pub(super) fn bad_frame(title: String) -> Self {
        Self::bad_request(StatusCode::BAD_REQUEST, title)
    }

    fn bad_request(status: StatusCode, title: String) -> Self {
        Self {
            status,
            ..Self::new(Code::BadFrame, title)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = http::Problem {
            title: self.title,
            status: self.status.as_u16(),
            code: self.code.name().to_owned(),
            retry_after_ms: self.retry_after.map(wait_ms),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(wait) = self.retry_after {
            headers.insert(
                header::RETRY_AFTER,
                wait.as_secs_f64()
                    .ceil()
                    .max(1.0)
                    .to_string()
                    .parse()
                    .unwrap_or(HeaderValue::from_static("1")),
            );
        }
        response
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        if let AuthError::Store(source) = &error {
            error!(%source, "signing in failed");
        }
        Self {
            retry_after: error.retry_after(),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if let Refusal::Unavailable(source) = &refusal {
            error!(%source, "a command failed");
        }
        Self {
            retry_after: refusal.retry_after(),
            ..Self::new(refusal.code(), refusal.to_string())
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let title = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            format!("The body is over {MAX_FRAME_BYTES} bytes: send less at once")
        } else {
            rejection.body_text()
        };
        Self::bad_request(rejection.status(), title)
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_request(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.status(), rejection.body_text())
    }
}

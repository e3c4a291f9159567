//! Signing up, in and out, and tickets for the socket.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use shared::{
    frame::{User, wait_ms},
    http::{Credentials, ServerInfo, SignedIn, Ticket},
    limits::TICKET_LIFE,
};

use super::{
    Shared, Site,
    address::ClientAddress,
    caller::{Caller, cookie, no_cookie, token_of},
    problem::Problem,
};
use crate::{auth::Token, store::World};

type Cookie = AppendHeaders<Option<(header::HeaderName, HeaderValue)>>;

/// `GET /server`
pub(super) async fn server(State(site): Shared, headers: HeaderMap) -> Json<ServerInfo> {
    let gateway = &site.gateway;
    let user = match token_of(&site, &headers) {
        Some(token) => gateway.auth.session(&gateway.store, token).await.ok(),
        None => None,
    };
    Json(ServerInfo {
        demo: gateway.auth.world() == World::Demo,
        build: gateway.build.to_owned(),
        incarnation: Some(gateway.store.incarnation().to_owned()),
        user: user.map(|session| session.user),
    })
}

/// `POST /accounts`
pub(super) async fn sign_up(
    State(site): Shared,
    ClientAddress(from): ClientAddress,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<impl IntoResponse, Problem> {
    let (Json(Credentials { name, password }), gateway) = (credentials?, &site.gateway);
    let signed = gateway
        .auth
        .sign_up(&gateway.store, from, &name, password)
        .await?;
    Ok(signed_in(&site, signed))
}

/// `POST /sessions`
pub(super) async fn sign_in(
    State(site): Shared,
    ClientAddress(from): ClientAddress,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<impl IntoResponse, Problem> {
    let (Json(Credentials { name, password }), gateway) = (credentials?, &site.gateway);
    let signed = gateway
        .auth
        .sign_in(&gateway.store, from, &name, password)
        .await?;
    Ok(signed_in(&site, signed))
}

/// `DELETE /sessions/current`
pub(super) async fn sign_out(
    State(site): Shared,
    Caller(session): Caller,
) -> Result<impl IntoResponse, Problem> {
    let gateway = &site.gateway;
    gateway.auth.sign_out(&gateway.store, &session).await?;
    gateway.hub.end_session(&session);
    Ok((StatusCode::NO_CONTENT, set_cookie(no_cookie(&site))))
}

/// `POST /tickets`
pub(super) async fn ticket(
    State(site): Shared,
    Caller(session): Caller,
) -> Result<(StatusCode, Json<Ticket>), Problem> {
    let ticket = site.gateway.auth.ticket(&session)?;
    Ok((
        StatusCode::CREATED,
        Json(Ticket {
            ticket,
            expires_in_ms: wait_ms(TICKET_LIFE),
        }),
    ))
}

fn signed_in(site: &Site, (user, token): (User, Token)) -> (StatusCode, Cookie, Json<SignedIn>) {
    let body = SignedIn {
        user,
        access_token: token.as_str().to_owned(),
    };
    (
        StatusCode::CREATED,
        set_cookie(cookie(site, &token)),
        Json(body),
    )
}

fn set_cookie(cookie: Option<HeaderValue>) -> Cookie {
    AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie)))
}

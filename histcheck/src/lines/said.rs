//! The lines as they are written: what [`super`] describes, and nothing else.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line {
    Place(SaidPlace),
    Client(SaidClient),
    Patience(SaidPatience),
    Healed(SaidMoment),
    Converged(SaidMoment),
    Entry(SaidEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidPlace {
    pub(super) id: String,
    pub(super) members: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidClient {
    pub(super) id: String,
    pub(super) person: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidPatience {
    pub(super) ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidMoment {
    pub(super) at: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidEntry {
    pub(super) at: f64,
    pub(super) client: String,
    pub(super) what: SaidWhat,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum SaidWhat {
    Invoked(SaidInvoked),
    Acked(SaidAcked),
    Refused(SaidMessage),
    Received(SaidInPlace),
    Head(SaidHead),
    Read(SaidRead),
    Marked(SaidMarks),
    Shown(SaidInPlace),
    Restarted(SaidWhere),
    Twin(SaidTwin),
    Held(SaidHeld),
    Waiting(SaidMessage),
    Restored(SaidNothing),
    Survived(SaidSurvived),
    Unsound(SaidWhy),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SaidInvoked {
    pub(super) place: String,
    pub(super) msg_id: String,
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SaidAcked {
    pub(super) place: String,
    pub(super) msg_id: String,
    pub(super) seq: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SaidMessage {
    pub(super) msg_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidInPlace {
    pub(super) place: String,
    pub(super) event: SaidEvent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidHead {
    pub(super) place: String,
    pub(super) seq: u64,
    pub(super) asked: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidRead {
    pub(super) place: String,
    pub(super) seq: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidMarks {
    pub(super) place: String,
    pub(super) person: u64,
    pub(super) delivered: Option<u64>,
    pub(super) read: u64,
    pub(super) asked: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidWhere {
    pub(super) place: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SaidTwin {
    pub(super) place: String,
    pub(super) msg_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidHeld {
    pub(super) place: String,
    #[serde(default = "the_first")]
    pub(super) from: u64,
    pub(super) events: Vec<SaidEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidNothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidSurvived {
    pub(super) place: String,
    pub(super) head: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaidWhy {
    pub(super) why: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SaidEvent {
    pub(super) seq: u64,
    pub(super) msg_id: String,
    pub(super) from: u64,
    pub(super) text: String,
}

fn the_first() -> u64 {
    1
}

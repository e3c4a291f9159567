//! The picker's answers: which people and rooms fit what was typed, the best first.
//!
//! Works on what the client holds, without a connection. `@` asks for people only, `#` for rooms
//! only. Read next: `components/picker.rs`, which shows them.

use std::cmp::Reverse;

use client::{Client, order};
use shared::{ConversationId, Timestamp, UserId, frame::Presence};

use crate::names::lowercase;

/// Somebody to write to, or a room to write in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Candidate {
    pub(crate) conversation: ConversationId,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) unread: u64,
    /// When something was last said there; 0 for a person nobody has written to yet.
    pub(crate) last_at: Timestamp,
}

/// What a [`Candidate`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A room.
    Room,
    /// A person, and whether they are here.
    Person(UserId, Presence),
}

/// How well a name fits; the better, the smaller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fit {
    Prefix,
    WordStart,
    Inside,
}

/// Every room and person the client knows. `room_name` names a room by its title.
pub(crate) fn candidates(
    client: &Client,
    room_name: impl Fn(Option<&str>) -> String,
) -> Vec<Candidate> {
    let me = client.me().id;
    let rooms = client
        .conversations()
        .filter(|one| matches!(one.id, ConversationId::Room(_)))
        .map(|room| Candidate {
            conversation: room.id,
            name: room_name(room.title.as_deref()),
            kind: Kind::Room,
            unread: room.unread(me),
            last_at: room.last_at,
        });
    let people = client.people().map(|person| {
        let id = ConversationId::direct(me, person.id);
        let known = client.conversation(id);
        Candidate {
            conversation: id,
            name: person.name.clone(),
            kind: Kind::Person(person.id, person.presence),
            unread: known.map_or(0, |direct| direct.unread(me)),
            last_at: known.map_or(Timestamp(0), |direct| direct.last_at),
        }
    });
    rooms.chain(people).collect()
}

/// The part of what was typed that is a name, and so worth asking the server for; none when only
/// rooms are wanted.
pub(crate) fn name_asked(query: &str) -> Option<&str> {
    let (wanted, name) = wanted(query);
    (wanted != Wanted::Rooms).then_some(name)
}

/// The best [`MOST_SHOWN`] for what was typed.
pub(crate) fn best(query: &str, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let (wanted, name) = wanted(query);
    let needle = lowercase(name);
    let found: Vec<(Option<Fit>, Candidate)> = candidates
        .into_iter()
        .filter(|candidate| match candidate.kind {
            Kind::Room => wanted != Wanted::People,
            Kind::Person(..) => wanted != Wanted::Rooms,
        })
        .filter_map(|candidate| {
            if needle.is_empty() {
                let is_shown = wanted != Wanted::Everything || is_near(&candidate);
                return is_shown.then_some((None, candidate));
            }
            fit(&lowercase(&candidate.name), &needle).map(|fit| (Some(fit), candidate))
        })
        .collect();
    let mut found = order::by_key(found, |(fit, candidate)| {
        let presence = match candidate.kind {
            Kind::Room => Presence::Online,
            Kind::Person(_, presence) => presence,
        };
        (
            *fit,
            candidate.unread == 0,
            Reverse(candidate.last_at),
            presence,
            lowercase(&candidate.name),
        )
    });
    found.truncate(MOST_SHOWN);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// What is offered before a letter is typed: where something was said, and who is here.
fn is_near(candidate: &Candidate) -> bool {
    candidate.unread > 0
        || candidate.last_at > Timestamp(0)
        || matches!(
            candidate.kind,
            Kind::Room | Kind::Person(_, Presence::Online)
        )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Everything,
    People,
    Rooms,
}

/// What the first character asks for; Chinese keyboards give the full-width ones.
fn wanted(query: &str) -> (Wanted, &str) {
    let query = query.trim();
    if let Some(name) = query.strip_prefix(['@', '＠']) {
        (Wanted::People, name.trim_start())
    } else if let Some(name) = query.strip_prefix(['#', '＃']) {
        (Wanted::Rooms, name.trim_start())
    } else {
        (Wanted::Everything, query)
    }
}

/// How `needle` fits `name`, both in lower case.
fn fit(name: &str, needle: &str) -> Option<Fit> {
    let mut best = None;
    for (at, _) in name.match_indices(needle) {
        let before = name.get(..at).and_then(|before| before.chars().next_back());
        match before {
            None => return Some(Fit::Prefix),
            Some(c) if !c.is_alphanumeric() => best = Some(Fit::WordStart),
            Some(_) => best = best.or(Some(Fit::Inside)),
        }
    }
    best
}

/// Most rows in the list. Source: more than anybody reads; typing on finds the rest.
pub(crate) const MOST_SHOWN: usize = 50;

#[cfg(test)]
mod tests {
    use client::Moment;
    use shared::{RequestId, ServerFrame, frame::People, frame::Person, frame::User};

    use super::*;

    fn person(id: u64, name: &str, presence: Presence) -> Candidate {
        Candidate {
            conversation: ConversationId::direct(UserId(1), UserId(id)),
            name: name.into(),
            kind: Kind::Person(UserId(id), presence),
            unread: 0,
            last_at: Timestamp(0),
        }
    }

    fn room(name: &str) -> Candidate {
        Candidate {
            conversation: ConversationId::EVERYONE,
            name: name.into(),
            kind: Kind::Room,
            unread: 0,
            last_at: Timestamp(0),
        }
    }

    fn names(found: &[Candidate]) -> Vec<&str> {
        found.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn a_prefix_comes_first_then_a_word_then_the_inside() {
        let all = vec![
            person(2, "Roxana", Presence::Online),
            person(3, "Li Ana", Presence::Online),
            person(4, "ANA", Presence::Offline),
            person(5, "Bo", Presence::Online),
            room("Analysis"),
        ];
        assert_eq!(
            names(&best("ana", all.clone())),
            ["Analysis", "ANA", "Li Ana", "Roxana"]
        );
        assert_eq!(
            names(&best("@ana", all.clone())),
            ["ANA", "Li Ana", "Roxana"]
        );
        assert_eq!(names(&best("＃ana", all.clone())), ["Analysis"]);
        assert!(best("zs", all).is_empty());
    }

    #[test]
    fn han_is_found_from_its_first_character() {
        let all = vec![
            person(2, "小番茄", Presence::Online),
            person(3, "番茄", Presence::Offline),
        ];
        assert_eq!(names(&best("番", all)), ["番茄", "小番茄"]);
    }

    #[test]
    fn nothing_typed_offers_unread_then_recent_then_who_is_here() {
        let mut unread = person(2, "Unread", Presence::Offline);
        (unread.unread, unread.last_at) = (1, Timestamp(5));
        let mut recent = person(3, "Recent", Presence::Offline);
        recent.last_at = Timestamp(9);
        let mut everyone = room("Everyone");
        everyone.last_at = Timestamp(7);
        let here = person(4, "Here", Presence::Online);
        let gone = person(5, "Gone", Presence::Offline);
        let all = vec![gone, here, everyone, recent, unread];
        assert_eq!(
            names(&best(" ", all.clone())),
            ["Unread", "Recent", "Everyone", "Here"]
        );
        assert_eq!(
            names(&best("@", all)),
            ["Unread", "Recent", "Here", "Gone"],
            "those who are asked for by kind are all listed"
        );
    }

    #[test]
    fn ten_thousand_people_are_searched_and_the_best_fifty_come_back() {
        let all: Vec<_> = (0..10_000)
            .map(|n| person(n + 2, &format!("User {n}"), Presence::Offline))
            .collect();
        let found = best("user 99", all.clone());
        assert_eq!(found.len(), MOST_SHOWN);
        assert_eq!(found[0].name, "User 99");
        assert_eq!(names(&best("9876", all)), ["User 9876"]);
    }

    #[test]
    fn a_person_without_a_conversation_is_a_candidate() {
        let me = User {
            id: UserId(1),
            name: "Me".into(),
        };
        let mut client = Client::new(me, None, 1);
        let zoe = Person {
            id: UserId(9),
            name: "Zoe".into(),
            presence: Presence::Away,
        };
        let found = ServerFrame::FindUsers(People {
            request_id: RequestId(1),
            people: vec![zoe],
        });
        client.received(Moment::ZERO, found);
        let all = candidates(&client, |_| "Everyone".into());
        let zoe = best("zo", all);
        assert_eq!(zoe[0].conversation.to_string(), "d1-9");
    }

    #[test]
    fn the_server_is_asked_for_names_alone() {
        assert_eq!(name_asked("@ zo"), Some("zo"));
        assert_eq!(name_asked(" zo "), Some("zo"));
        assert_eq!(name_asked("#zo"), None);
    }
}

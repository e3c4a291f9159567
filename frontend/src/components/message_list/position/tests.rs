//! Where the list stands while pages come in and people scroll, over a real client without a network.

use client::{Client, Moment};
use shared::{
    Event, MsgId, RequestId, ServerFrame,
    frame::{ConversationSummary, Heads, Page, Summary, User},
};

use super::*;
use crate::state::rows::tests::message;

const ME: UserId = UserId(1);
const ROOM: ConversationId = ConversationId::EVERYONE;
const VIEWPORT: f64 = 600.0;

/// A client that knows of `head` messages of others, all of them read.
fn client(head: u64) -> Client {
    reader(head, head)
}

/// The same, of which so many are read.
fn reader(head: u64, read: u64) -> Client {
    let mut client = Client::new(me(), None, 1);
    client.received(Moment::ZERO, summary(head, read));
    client
}

fn me() -> User {
    User {
        id: ME,
        name: "Ana".into(),
    }
}

fn summary(head: u64, read: u64) -> ServerFrame {
    let room = ConversationSummary {
        id: ROOM,
        title: None,
        head: Seq(head),
        read: Seq(read),
        unread: head - read,
        last_at: Timestamp(0),
        delivered: None,
        peer_delivered: None,
        peer_read: None,
    };
    ServerFrame::Summary(Summary {
        request_id: RequestId(1),
        me: me(),
        conversations: vec![room],
        people: Vec::new(),
    })
}

fn page(client: &mut Client, seqs: std::ops::RangeInclusive<u64>, head: u64) {
    let page = Page {
        request_id: RequestId(2),
        conversation: ROOM,
        // A minute apart, so that a page in front changes which rows start groups.
        events: seqs.map(|seq| message(seq, 2, seq.cast_signed())).collect(),
        head: Seq(head),
    };
    client.received(Moment::ZERO, ServerFrame::Pull(page));
}

/// A list that was just opened, with these of `head` messages held.
fn opened(seqs: std::ops::RangeInclusive<u64>, head: u64) -> (Client, Position) {
    let mut client = client(head);
    page(&mut client, seqs, head);
    let mut position = Position::new(ROOM, ME);
    follow(&mut position, &client);
    (client, position)
}

fn follow(position: &mut Position, client: &Client) {
    position.viewport = VIEWPORT;
    position.follow(client, None, true, |at| at.0.div_euclid(86_400_000));
    settle(position);
}

fn scroll(position: &mut Position, scroll_top: f64) {
    let to_the_end = position.layout.total() - VIEWPORT - scroll_top;
    position.scrolled(scroll_top, to_the_end);
    settle(position);
}

/// What the scroller does: mounts, and measures what was estimated, until the screen is covered.
fn settle(position: &mut Position) {
    let mut grows = false;
    while position.pieces(None, grows).is_some() {
        grows = true;
        let mounted = position.window.clone();
        for at in mounted.clone() {
            let row = position.rows.all().get(at).unwrap();
            // Unlike every estimate.
            position.layout.measure(at, row, row.estimate + 7.5);
        }
        position.settle();
    }
    position.scroll_top = position.target();
    assert!(position.is_covered());
}

fn unseen(position: &mut Position, client: &Client) -> u64 {
    position.unseen_below(client.conversation(ROOM).unwrap())
}

fn top_of(position: &Position, id: &str) -> f64 {
    let key = Key::Message(UserId(2), MsgId::parse(id).unwrap());
    let at = position.rows.position(&key).unwrap();
    position.layout.bottom(at) - position.scroll_top
}

#[test]
fn an_older_page_comes_in_above_and_what_is_read_stays() {
    let (mut client, mut position) = opened(151..=200, 200);
    assert!(position.is_stuck);
    scroll(&mut position, 30.0);
    let before = top_of(&position, "m151");
    for floor in [101, 51, 1] {
        page(&mut client, floor..=floor + 49, 200);
        follow(&mut position, &client);
        assert!((top_of(&position, "m151") - before).abs() < 0.001);
    }
}

#[test]
fn at_the_end_it_stays_at_the_end_and_elsewhere_what_comes_moves_nothing() {
    let (mut client, mut position) = opened(1..=50, 50);
    client.received(Moment::ZERO, said(51));
    follow(&mut position, &client);
    let end = position.layout.total() - VIEWPORT;
    assert!((position.scroll_top - end).abs() < 0.001);
    assert_eq!(unseen(&mut position, &client), 0);

    scroll(&mut position, end - 400.0);
    let before = top_of(&position, "m45");
    client.received(Moment::ZERO, said(52));
    follow(&mut position, &client);
    assert!((top_of(&position, "m45") - before).abs() < 0.001);
    assert_eq!(unseen(&mut position, &client), 1);
}

/// A list that was opened with ten read and 30 new, held from the first on, and its bar.
fn with_new() -> (Client, Position) {
    let mut client = reader(40, 10);
    page(&mut client, 1..=40, 40);
    let mut position = Position::new(ROOM, ME);
    follow(&mut position, &client);
    (client, position)
}

fn bar(position: &mut Position, client: &Client) -> Option<u64> {
    position.note_divider();
    let above = position.unread_above(client.conversation(ROOM).unwrap());
    above.map(|above| above.count)
}

#[test]
fn who_was_at_the_line_needs_no_bar() {
    let (client, mut position) = with_new();
    assert_eq!(bar(&mut position, &client), None, "it is on screen");
    let end = position.layout.total() - VIEWPORT;
    scroll(&mut position, end);
    assert_eq!(bar(&mut position, &client), None);
}

#[test]
fn the_bar_counts_what_came_before_the_person_looked() {
    let (mut client, mut position) = with_new();
    position.divider.look_away(Seq(40));
    let end = position.layout.total() - VIEWPORT;
    scroll(&mut position, end);
    client.received(Moment::ZERO, said(41));
    follow(&mut position, &client);
    position.divider.look_back();
    client.received(Moment::ZERO, said(42));
    follow(&mut position, &client);
    assert_eq!(bar(&mut position, &client), Some(31));
    position.go_to_divider();
    settle(&mut position);
    assert_eq!(bar(&mut position, &client), None);
    let end = position.layout.total() - VIEWPORT;
    scroll(&mut position, end);
    assert_eq!(bar(&mut position, &client), None, "it was seen");
}

fn said(seq: u64) -> ServerFrame {
    match message(seq, 2, seq.cast_signed()) {
        Event::MessageSent(message) => ServerFrame::Message(message),
        Event::Unknown(position) => ServerFrame::Unknown(position),
    }
}

#[test]
fn a_list_without_room_keeps_its_rows() {
    let (_, mut position) = opened(1..=50, 50);
    let mounted = position.window.clone();
    position.viewport = 0.0;
    assert!(position.is_covered() && !position.is_growing());
    position.viewport = VIEWPORT;
    position.scroll_top = position.target();
    assert!(position.is_covered());
    assert_eq!(position.window, mounted);
}

/// A list of 300 messages, of which 100 are read and the newest 50 are held.
fn opened_above_what_is_held() -> (Client, Position) {
    let mut client = reader(300, 100);
    page(&mut client, 251..=300, 300);
    let mut position = Position::new(ROOM, ME);
    position.viewport = VIEWPORT;
    // Older pages were waited for long enough.
    position.follow(&client, None, false, |at| at.0.div_euclid(86_400_000));
    settle(&mut position);
    assert!(position.is_open() && position.first_new().is_none());
    (client, position)
}

#[test]
fn the_way_to_the_new_line_goes_on_until_it_is_there() {
    let (mut client, mut position) = opened_above_what_is_held();
    position.go_to_divider();
    settle(&mut position);
    for first in [201, 151] {
        page(&mut client, first..=first + 49, 300);
        follow(&mut position, &client);
        assert!(position.is_seeking() && position.wants_older());
    }
    page(&mut client, 100..=150, 300);
    follow(&mut position, &client);
    assert!(!position.is_seeking() && !position.is_stuck);
    let at = position.rows.position(&Key::New).unwrap();
    assert!(position.layout.top(at) >= position.target());
    assert!(position.layout.bottom(at) <= position.target() + VIEWPORT);
}

#[test]
fn who_reads_all_moves_or_goes_to_the_end_looks_for_the_line_no_more() {
    let ends: [fn(&mut Position); 4] = [
        |position| position.divider.clear(),
        |position| position.reveal(3),
        |position| scroll(position, 40.0),
        Position::stick,
    ];
    for (at, end) in ends.into_iter().enumerate() {
        let (client, mut position) = opened_above_what_is_held();
        position.go_to_divider();
        end(&mut position);
        follow(&mut position, &client);
        assert!(!position.is_seeking(), "{at}");
    }
}

#[test]
fn a_list_that_was_opened_on_what_was_kept_goes_to_what_came_since() {
    let (mut client, mut position) = opened(251..=300, 300);
    assert!(position.is_stuck);
    // As in a page that has no connection yet.
    position.is_caught_up = false;
    position.divider.look_away(Seq(300));
    for seq in 301..=340 {
        let Event::MessageSent(message) = message(seq, 2, seq.cast_signed()) else {
            panic!("a message");
        };
        client.received(Moment::ZERO, ServerFrame::Message(message));
    }
    follow(&mut position, &client);
    let at = position.rows.position(&Key::New).unwrap();
    assert!(!position.is_stuck && position.layout.top(at) >= position.target());
    let room = client.conversation(ROOM).unwrap();
    assert!(position.unread_above(room).is_none(), "it is on screen");
}

#[test]
fn what_was_missed_by_the_page_on_a_connection_that_lives_is_new() {
    for head in [300, 900] {
        let (mut client, mut position) = opened(151..=200, 200);
        let heads = Heads {
            heads: vec![shared::event::Position::new(ROOM, Seq(head))],
        };
        client.open(Moment::ZERO, ROOM);
        client.received(Moment::ZERO, ServerFrame::Heads(heads));
        follow(&mut position, &client);
        assert!(!position.divider.is_watched());
        // A small hole is filled, a large one is left.
        let from = if head == 300 { 201 } else { head - 49 };
        page(&mut client, from..=head, head);
        client.received(Moment::ZERO, summary(head, 200));
        follow(&mut position, &client);
        position.divider.look_back();
        let conversation = client.conversation(ROOM).unwrap();
        let above = position.unread_above(conversation).unwrap();
        assert_eq!(above.count, head - 200);
    }
}

#[test]
fn who_wrote_under_what_they_missed_has_read_it() {
    let (mut client, mut position) = opened(151..=200, 200);
    position.divider.look_away(Seq(200));
    for seq in 201..=245 {
        client.received(Moment::ZERO, said(seq));
    }
    follow(&mut position, &client);
    position.divider.look_back();
    assert_eq!(bar(&mut position, &client), Some(45));
    // The connection is gone once more.
    position.divider.look_away(Seq(245));
    let msg_id = MsgId::parse("mine").unwrap();
    client.write(Timestamp(9), ROOM, msg_id, "under it".into());
    client.mark_all_read(ROOM);
    follow(&mut position, &client);
    position.divider.look_back();
    assert_eq!(bar(&mut position, &client), None);
    assert_eq!(client.conversation(ROOM).unwrap().unread(ME), 0);
}

#[test]
fn what_comes_in_one_answer_of_a_poll_is_new() {
    let (mut client, mut position) = opened(151..=200, 200);
    for seq in 201..=260 {
        client.received(Moment::ZERO, said(seq));
    }
    follow(&mut position, &client);
    position.divider.look_back();
    assert_eq!(bar(&mut position, &client), Some(60));
}

#[test]
fn what_comes_one_by_one_or_in_a_small_hole_is_seen() {
    let (mut client, mut position) = opened(151..=200, 200);
    client.received(Moment::ZERO, said(203));
    follow(&mut position, &client);
    page(&mut client, 201..=202, 203);
    follow(&mut position, &client);
    assert!(position.divider.is_watched());
    assert_eq!(position.divider.after(), None);
}

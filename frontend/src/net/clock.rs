//! Two clocks: one that never goes back, for the engine, and the wall's, for people.

use std::cell::Cell;

use client::Moment;
use shared::Timestamp;

/// The time since the page was loaded. It never goes back and it counts the machine's sleep, which
/// `performance.now()` alone leaves out on some systems and the wall clock alone does not promise.
pub fn now() -> Moment {
    let monotone = leptos::prelude::window()
        .performance()
        .map_or(0.0, |clock| clock.now());
    let wall = js_sys::Date::now();
    READING.with(|reading| {
        let last = reading.get().unwrap_or(Reading {
            monotone,
            wall,
            elapsed: 0.0,
        });
        let step = (monotone - last.monotone).max(wall - last.wall).max(0.0);
        let elapsed = last.elapsed + step;
        reading.set(Some(Reading {
            monotone,
            wall,
            elapsed,
        }));
        // Never 0: the engine takes a first tick at 0 for no tick.
        Moment::from_micros(1) + Moment::from_secs_f64(elapsed / 1000.0)
    })
}

/// The wall clock of this machine: close to the server's, and only for people to read.
pub fn wall() -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit for 285,000 years"
    )]
    Timestamp(js_sys::Date::now() as i64)
}

#[derive(Clone, Copy)]
struct Reading {
    monotone: f64,
    wall: f64,
    elapsed: f64,
}

thread_local! {
    static READING: Cell<Option<Reading>> = const { Cell::new(None) };
}

//! Dates and times as people of a language write them, by the browser's `Intl`.
//!
//! Owns the choice of words (today, a weekday, a date); the browser owns the words and the time zone.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use shared::Timestamp;
use wasm_bindgen::JsValue;

use super::{Language, language, t};
use crate::{beacon::Beacon, net::clock};

/// `14:05`. Tracks the language.
pub fn time(at: Timestamp) -> String {
    write(language(), Style::Time, at)
}

/// `Saturday, 21 November 2026 at 14:05`. Tracks the language.
pub fn full(at: Timestamp) -> String {
    write(language(), Style::Full, at)
}

/// The line between two days: `Today`, `Yesterday`, `Friday`, `Saturday 21 November`. Tracks the
/// language and midnight.
pub fn day_line(at: Timestamp) -> String {
    MIDNIGHT.with(Beacon::track);
    let today = TODAY.get();
    let style = match nearness(today, local_day(at), is_same_year(today, at)) {
        Nearness::Today => return t().today.to_owned(),
        Nearness::Yesterday => return t().yesterday.to_owned(),
        Nearness::ThisWeek => Style::Weekday,
        Nearness::ThisYear => Style::Day,
        Nearness::Far => Style::DayOfYear,
    };
    write(language(), style, at)
}

/// The day of a time in this browser's time zone, as days since 1970-01-01.
pub fn local_day(at: Timestamp) -> i64 {
    let date = date(at);
    #[expect(
        clippy::cast_precision_loss,
        reason = "offsets are minutes and times stay below 2^53"
    )]
    let local = at.0 as f64 - date.get_timezone_offset() * 60_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "days of a date fit")]
    let day = (local / DAY_MS).floor() as i64;
    day
}

/// `2026-11-21T14:05Z`, for `<time datetime>`: to the minute, like the words.
pub fn machine(at: Timestamp) -> String {
    // `toISOString` throws on what is no date.
    if at.0.unsigned_abs() > MOST_MS {
        return String::new();
    }
    let mut text: String = date(at).to_iso_string().into();
    text.truncate(text.len().saturating_sub(":00.000Z".len()));
    text.push('Z');
    text
}

/// Looks whether it became another day; to be called now and then.
pub fn note_today() {
    let day = local_day(clock::wall());
    if TODAY.replace(day) != day {
        MIDNIGHT.with(Beacon::notify);
    }
}

/// How a day is called, seen from today.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nearness {
    Today,
    Yesterday,
    ThisWeek,
    ThisYear,
    Far,
}

fn nearness(today: i64, day: i64, is_same_year: bool) -> Nearness {
    match today - day {
        // A server's clock may run a little ahead, over midnight.
        ..=0 => Nearness::Today,
        1 => Nearness::Yesterday,
        // Seven days ago has the same name as today.
        2..=6 => Nearness::ThisWeek,
        _ if is_same_year => Nearness::ThisYear,
        _ => Nearness::Far,
    }
}

fn is_same_year(today: i64, at: Timestamp) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "days of a date fit")]
    let today = Date::new(&JsValue::from_f64(today as f64 * DAY_MS));
    today.get_utc_full_year() == date(at).get_full_year()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Time,
    Full,
    Weekday,
    Day,
    DayOfYear,
}

impl Style {
    /// Options of `Intl.DateTimeFormat`.
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Time => &[
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("hourCycle", "h23"),
            ],
            Self::Full => &[
                ("dateStyle", "full"),
                ("timeStyle", "short"),
                ("hourCycle", "h23"),
            ],
            Self::Weekday => &[("weekday", "long")],
            Self::Day => &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
            Self::DayOfYear => &[("year", "numeric"), ("day", "numeric"), ("month", "long")],
        }
    }
}

/// The locale whose manner of dates goes with a language. Source: design/mock.html writes
/// “Saturday 21 November”.
fn locale(language: Language) -> &'static str {
    match language {
        Language::English => "en-GB",
        Language::Chinese => "zh-CN",
    }
}

fn write(language: Language, style: Style, at: Timestamp) -> String {
    let written = FORMATS.with_borrow_mut(|formats| {
        let known = formats
            .iter()
            .find(|format| format.language == language && format.style == style);
        let function = if let Some(format) = known {
            format.function.clone()
        } else {
            let function = format_function(language, style);
            formats.push(Format {
                language,
                style,
                function: function.clone(),
            });
            function
        };
        function.call1(&JsValue::UNDEFINED, &date(at))
    });
    written
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn format_function(language: Language, style: Style) -> Function {
    let options = Object::new();
    for (name, value) in style.options() {
        _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    let locales = Array::of1(&locale(language).into());
    Intl::DateTimeFormat::new(&locales, &options).format()
}

fn date(at: Timestamp) -> Date {
    #[expect(
        clippy::cast_precision_loss,
        reason = "times of a date stay below 2^53"
    )]
    let millis = at.0 as f64;
    Date::new(&JsValue::from_f64(millis))
}

const DAY_MS: f64 = 86_400_000.0;
/// The last time a `Date` can hold. Source: ECMA-262, 21.4.1.1.
const MOST_MS: u64 = 8_640_000_000_000_000;

/// Making a format costs a hundred times its use.
struct Format {
    language: Language,
    style: Style,
    function: Function,
}

thread_local! {
    static FORMATS: RefCell<Vec<Format>> = const { RefCell::new(Vec::new()) };
    static TODAY: Cell<i64> = Cell::new(local_day(clock::wall()));
    static MIDNIGHT: Beacon = Beacon::default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_by_how_near_it_is() {
        let today = 20_000;
        for (ago, name) in [
            (-1, Nearness::Today),
            (0, Nearness::Today),
            (1, Nearness::Yesterday),
            (2, Nearness::ThisWeek),
            (6, Nearness::ThisWeek),
            (7, Nearness::ThisYear),
        ] {
            assert_eq!(nearness(today, today - ago, true), name, "{ago} days ago");
        }
        assert_eq!(nearness(today, today - 7, false), Nearness::Far);
        assert_eq!(nearness(today, today - 3, false), Nearness::ThisWeek);
    }
}

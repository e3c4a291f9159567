//! In which order the functions of the app's code stand.
//!
//! Compression knows again what stood anywhere before, and says so the more briefly the nearer it was.
//! The compiler puts functions where it likes; with each beside those that are like it, the compressed
//! code is a twentieth smaller.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

/// The numbers of the bodies: from one with most in it on, the next is the one most like the last few.
///
/// More than [`MOST`] stay as they are: that is no app for use, and the work grows with their square.
pub(crate) fn by_likeness(bodies: &[&[u8]]) -> Vec<usize> {
    if bodies.len() > MOST {
        return (0..bodies.len()).collect();
    }
    let mut bodies: Vec<_> = bodies.iter().map(|code| Body::new(code)).collect();
    let mut holders = BTreeMap::<_, Vec<usize>>::new();
    for (number, body) in bodies.iter().enumerate() {
        for piece in &body.pieces {
            holders.entry(*piece).or_default().push(number);
        }
    }
    let mut order = Vec::with_capacity(bodies.len());
    let mut next = best(&bodies, |body| body.pieces.len());
    while let Some(number) = next {
        order.push(number);
        let mut pieces = BTreeSet::new();
        if let Some(body) = bodies.get_mut(number) {
            body.is_placed = true;
            pieces = mem::take(&mut body.pieces);
        }
        for body in &mut bodies {
            body.shared /= 2;
        }
        for holder in pieces
            .iter()
            .filter_map(|piece| holders.get(piece))
            .flatten()
        {
            if let Some(body) = bodies.get_mut(*holder) {
                body.shared += ONE;
            }
        }
        next = best(&bodies, Body::likeness);
    }
    order
}

/// The number of the body without a place that has most of something.
fn best(bodies: &[Body], measure: impl Fn(&Body) -> usize) -> Option<usize> {
    let left = bodies
        .iter()
        .enumerate()
        .filter(|(_, body)| !body.is_placed);
    left.max_by_key(|(_, body)| measure(body))
        .map(|(number, _)| number)
}

struct Body {
    /// All that stands in it, four bytes at a time.
    pieces: BTreeSet<[u8; 4]>,
    /// How many of them the last bodies have, each half as much as the one after it; of [`ONE`].
    shared: usize,
    is_placed: bool,
}

impl Body {
    fn new(code: &[u8]) -> Self {
        let pieces = code.windows(4).filter_map(|piece| piece.try_into().ok());
        Self {
            pieces: pieces.collect(),
            shared: 0,
            is_placed: false,
        }
    }

    /// Which part of it is shared. A few pieces are nearly always shared, so short bodies get less.
    fn likeness(&self) -> usize {
        self.shared / (self.pieces.len() + 50)
    }
}

/// Three times as many as the app has when it was built for use.
const MOST: usize = 10_000;

/// One piece, so that its half and the half of that are more than nothing.
const ONE: usize = 1 << 16;

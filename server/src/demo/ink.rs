//! Demo ink: the strokes of a signature that nobody wrote, for `phone sign --ink`.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sync_core::statement::Stroke;

/// Canvas in pixels.
const WIDTH: i64 = 1000;
/// As [`WIDTH`].
const HEIGHT: i64 = 400;

/// Most characters that get strokes of their own.
const MAX_CHARS: usize = 12;

/// Points of a stroke.
const POINTS: i64 = 12;

/// Time between two points, in milliseconds: what a touch screen reports.
const STEP_MS: i64 = 16;

/// Time in the air between two strokes, in milliseconds.
const PAUSE_MS: i64 = 140;

/// Strokes on a canvas, as `phone sign` reads them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoInk {
    /// Width of the canvas.
    pub width: i64,
    /// Height of the canvas.
    pub height: i64,
    /// Strokes of points `[x, y, t_ms]`.
    pub strokes: Vec<Stroke>,
}

/// Draws the signature of a name: three strokes for each character, the same for the same name.
#[must_use]
pub fn demo_ink(name: &str) -> DemoInk {
    let chars: Vec<char> = name.chars().filter(|c| !c.is_whitespace()).take(MAX_CHARS).collect();
    // A nameless signer still makes a mark.
    let count = i64::try_from(chars.len()).unwrap_or(1).max(1);
    let cell = (WIDTH - 2 * MARGIN) / count;
    let mut strokes = Vec::new();
    let mut now_ms = 0;
    for index in 0..count {
        let left = MARGIN + index * cell;
        let digest: [u8; 32] = Sha256::new().chain_update(name).chain_update(index.to_be_bytes()).finalize().into();
        let (controls, _) = digest.as_chunks::<6>();
        for control in controls.iter().take(3) {
            strokes.push(stroke(control, left, cell, now_ms));
            now_ms += POINTS * STEP_MS + PAUSE_MS;
        }
    }
    DemoInk { width: WIDTH, height: HEIGHT, strokes }
}

/// Empty border of the canvas, in pixels.
const MARGIN: i64 = 60;

/// A quadratic curve through the cell of a character; three points of two bytes control it.
fn stroke(control: &[u8; 6], left: i64, cell: i64, start_ms: i64) -> Stroke {
    let [x0, y0, x1, y1, x2, y2] = control.map(i64::from);
    let x = |byte: i64| left + byte * cell / 255;
    let y = |byte: i64| MARGIN + byte * (HEIGHT - 2 * MARGIN) / 255;
    let last = POINTS - 1;
    let curve = |a: i64, b: i64, c: i64, step: i64| {
        let rest = last - step;
        (a * rest * rest + 2 * b * rest * step + c * step * step) / (last * last)
    };
    (0..POINTS)
        .map(|step| [curve(x(x0), x(x1), x(x2), step), curve(y(y0), y(y1), y(y2), step), start_ms + step * STEP_MS])
        .collect()
}

#[cfg(test)]
mod tests {
    use sync_core::statement::Ink;

    use super::*;

    #[test]
    fn every_name_signs_within_the_canvas_and_in_the_order_of_time() {
        for name in ["王海", "Li Ming", "", "晨光总包工程公司第一项目经理部负责人"] {
            let ink = demo_ink(name);
            let points: Vec<[i64; 3]> = ink.strokes.concat();
            assert!(points.iter().all(|[x, y, _]| (0..=WIDTH).contains(x) && (0..=HEIGHT).contains(y)), "{name}");
            assert!(points.windows(2).all(|pair| pair[0][2] < pair[1][2]), "{name}");
            assert!(Ink::new(String::new(), ink.width, ink.height, ink.strokes).is_ok(), "{name}");
        }
        assert_eq!(demo_ink("王海"), demo_ink("王海"));
        assert_ne!(demo_ink("王海"), demo_ink("李明"));
    }
}

//! The picture of a signature: what its strokes look like, drawn of the ink blob alone (GEN-13).

use std::fmt::Write as _;

use super::ink::{Ink, Stroke};

/// The canvas is so many times as wide as the pen.
const PENS: i64 = 125;

impl Ink {
    /// The signature as an SVG picture: black on transparent, of the canvas' proportions. The same ink gives the same bytes.
    ///
    /// Nothing but numbers of the ink gets into it, so it holds no script whoever made the ink.
    // Rule: GEN-13
    #[must_use]
    pub fn drawing(&self) -> String {
        let (width, height) = (self.width, self.height);
        let pen = (width / PENS).max(1);
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><path fill="none" stroke="black" stroke-width="{pen}" stroke-linecap="round" stroke-linejoin="round" d=""#
        );
        self.strokes.iter().for_each(|stroke| draw(&mut svg, stroke));
        svg.push_str("\"/></svg>\n");
        svg
    }
}

/// One stroke as path data; a touch that did not move is a dot.
fn draw(path: &mut String, stroke: &Stroke) {
    let mut points = stroke.iter();
    let Some([x, y, _]) = points.next() else { return };
    // Writing to a string does not fail.
    let _ = write!(path, "M{x} {y}");
    if stroke.len() == 1 {
        path.push_str("h0");
    }
    for [x, y, _] in points {
        let _ = write!(path, "L{x} {y}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(strokes: Vec<Stroke>) -> Ink {
        Ink { v: 1, challenge: String::new(), width: 600, height: 200, strokes }
    }

    // Rule: GEN-13
    #[test]
    fn strokes_are_drawn_in_their_order_and_dots_are_seen() {
        let drawn = ink(vec![vec![[10, 20, 0], [30, 40, 16], [50, 20, 33]], vec![[5, -3, 100]], vec![]]).drawing();
        assert!(drawn.contains(r#"d="M10 20L30 40L50 20M5 -3h0""#), "{drawn}");
        assert!(drawn.starts_with("<svg ") && drawn.contains(r#"viewBox="0 0 600 200""#), "{drawn}");
        assert!(drawn.contains(r#"stroke-width="4""#), "{drawn}");
    }
}

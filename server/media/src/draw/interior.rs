//! Interiors: pictures that differ from each other as much as photos of different homes do.
//!
//! Owns what such a picture shows; every choice follows from the seed. The demo's scenes share three compositions, which
//! is too alike to try out how photos are told apart.

use super::DrawError;
use super::canvas::{Canvas, Colour};
use super::dice::Dice;

/// Draws an interior and returns it as JPEG: walls, floor, furniture, devices and cables, under a light, with the texture
/// and the grain of a phone's camera.
///
/// # Errors
/// [`DrawError`] as for a demo photo.
///
/// # Examples
/// ```
/// use doorstep_media::draw::interior;
///
/// let photo = interior(7, 640, 480)?;
/// assert_eq!(doorstep_media::sniff(&photo).dimensions, Some((640, 480)));
/// assert_eq!(interior(7, 640, 480)?, photo, "equal input gives equal bytes");
/// # Ok::<(), doorstep_media::draw::DrawError>(())
/// ```
pub fn interior(seed: u64, width: u32, height: u32) -> Result<Vec<u8>, DrawError> {
    let mut canvas = Canvas::of_size(width, height)?;
    // Seeds next to each other begin far from each other.
    let mut dice = Dice(Dice(seed).next());
    backdrop(&mut canvas, &mut dice);
    for _ in 0..4 + dice.below(5) {
        furniture(&mut canvas, &mut dice);
    }
    for _ in 0..2 + dice.below(4) {
        device(&mut canvas, &mut dice);
    }
    for _ in 0..1 + dice.below(4) {
        cable(&mut canvas, &mut dice);
    }
    lit(&mut canvas, &mut dice);
    canvas.jpeg()
}

/// A colour of a home: muted, of any brightness.
fn colour(dice: &mut Dice) -> Colour {
    let grey = 50 + dice.below(160);
    let channel = |dice: &mut Dice| u8::try_from((grey + dice.around(34)).clamp(16, 240)).unwrap_or(128);
    Colour::new(channel(dice), channel(dice), channel(dice))
}

/// A place within the picture, or a little outside.
fn place(canvas: &Canvas, dice: &mut Dice) -> (i32, i32) {
    (canvas.width() * (dice.below(1200) - 100) / 1000, canvas.height() * (dice.below(1200) - 100) / 1000)
}

/// Two walls that meet at a corner, and a floor whose edge is not level.
fn backdrop(canvas: &mut Canvas, dice: &mut Dice) {
    let (left, floor) = (colour(dice), colour(dice));
    let right = left.lighter(dice.around(50));
    let (width, height) = (canvas.width(), canvas.height());
    let corner = width * (dice.below(1400) - 200) / 1000;
    let (edge, slope) = (height * (350 + dice.below(700)) / 1000, dice.around(30));
    let (step, depth) = (height / (6 + dice.below(30)), dice.around(14));
    canvas.map(|x, y, _| {
        let edge = edge + (x - corner).abs() * slope / 100;
        if y > edge {
            floor.lighter(if (y - edge) / step.max(1) % 2 == 0 { depth } else { 0 })
        } else if x < corner {
            left
        } else {
            right
        }
    });
}

/// A cupboard, a frame or a window: a slab with panels.
fn furniture(canvas: &mut Canvas, dice: &mut Dice) {
    let (x, y) = place(canvas, dice);
    let (width, height) = (canvas.width() * (8 + dice.below(40)) / 100, canvas.height() * (8 + dice.below(45)) / 100);
    let (left, top) = (x - width / 2, y - height / 2);
    let body = colour(dice);
    canvas.shade(left + width / 30, top + height / 30, width, height, 200);
    canvas.rounded(left, top, width, height, height / (8 + dice.below(40)), body);
    let (columns, rows) = (1 + dice.below(3), 1 + dice.below(3));
    let panel = body.lighter(dice.around(60));
    let (panel_width, panel_height) = (width / columns, height / rows);
    for cell in 0..columns * rows {
        let (at_x, at_y) = (left + cell % columns * panel_width, top + cell / columns * panel_height);
        let inset = panel_width.min(panel_height) / 10 + 1;
        canvas.rectangle(at_x + inset, at_y + inset, panel_width - 2 * inset, panel_height - 2 * inset, panel);
    }
}

/// A box on the wall: lights, sockets, a label.
fn device(canvas: &mut Canvas, dice: &mut Dice) {
    let (x, y) = place(canvas, dice);
    let (width, height) = (canvas.width() * (10 + dice.below(26)) / 100, canvas.height() * (6 + dice.below(24)) / 100);
    let (left, top) = (x - width / 2, y - height / 2);
    let shell = if dice.below(2) == 0 { Colour::new(232, 234, 236) } else { colour(dice) };
    canvas.shade(left + height / 12, top + height / 8, width, height, 150);
    canvas.rounded(left, top, width, height, height / 8, shell);
    let lamps = 2 + dice.below(6);
    for lamp in 0..lamps {
        let at = (left + width * (10 + lamp * 10) / 100, top + height * (30 + dice.below(40)) / 100);
        let light = Colour::new(90, 226, 120).mix(Colour::new(244, 120, 62), dice.below(257));
        canvas.disc(at, height / 16 + 1, light);
    }
    if dice.below(2) == 0 {
        canvas.rectangle(left + width * 66 / 100, top + height / 5, width / 4, height / 2, Colour::new(240, 240, 232));
    }
}

fn cable(canvas: &mut Canvas, dice: &mut Dice) {
    let (from, pull, to) = (place(canvas, dice), place(canvas, dice), place(canvas, dice));
    let thick = canvas.height() / (60 + dice.below(100)) + 1;
    let wire = colour(dice);
    canvas.curve((from.0 + thick, from.1 + thick), pull, to, thick, wire.lighter(-60));
    canvas.curve(from, pull, to, thick, wire);
}

/// What light and camera add: a lamp and its fall, stains, the weave of the surfaces, and grain.
fn lit(canvas: &mut Canvas, dice: &mut Dice) {
    let lamp = place(canvas, dice);
    let (width, height) = (i64::from(canvas.width()), i64::from(canvas.height()));
    let reach = (width * width + height * height).max(1);
    let (power, warm) = (i64::from(40 + dice.below(120)), dice.around(12));
    let (stains, weave) = (Noise::new(dice, canvas.height() / 5), Noise::new(dice, canvas.height() / 90));
    let (stain, rough, grain) = (10 + dice.below(24), 4 + dice.below(10), dice.below(4));
    let mut film = Dice(dice.next());
    canvas.map(|x, y, colour| {
        let (dx, dy) = (i64::from(x - lamp.0), i64::from(y - lamp.1));
        let fall = i32::try_from((dx * dx + dy * dy) * power / reach).unwrap_or(0);
        let surface = stains.at(x, y) * stain / 128 + weave.at(x, y) * rough / 128;
        let seen =
            colour.lighter(24 - fall.min(110) + surface + film.around(3) + film.around(2 + grain.unsigned_abs()));
        Colour { red: seen.lighter(warm).red, green: seen.green, blue: seen.lighter(-warm).blue }
    });
}

/// Smooth noise: random values on a grid, and straight lines between them.
struct Noise {
    seed: u64,
    step: i32,
}

impl Noise {
    fn new(dice: &mut Dice, step: i32) -> Self {
        Self { seed: dice.next(), step: step.max(2) }
    }

    /// A value from -128 to 128.
    fn at(&self, x: i32, y: i32) -> i32 {
        let (column, row) = (x.div_euclid(self.step), y.div_euclid(self.step));
        let (across, down) = (x.rem_euclid(self.step), y.rem_euclid(self.step));
        let between = |from: i32, to: i32, part: i32| from + (to - from) * part / self.step;
        let upper = between(self.corner(column, row), self.corner(column + 1, row), across);
        let lower = between(self.corner(column, row + 1), self.corner(column + 1, row + 1), across);
        between(upper, lower, down)
    }

    fn corner(&self, column: i32, row: i32) -> i32 {
        let [a, b, c, d] = column.to_be_bytes();
        let [e, f, g, h] = row.to_be_bytes();
        Dice(self.seed ^ u64::from_be_bytes([a, b, c, d, e, f, g, h])).around(128)
    }
}

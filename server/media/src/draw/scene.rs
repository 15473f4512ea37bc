//! The scenes behind the captions: a wall with the light of a lamp, and a device that a rep might have installed.
//!
//! Owns what a demo photo looks like; every choice follows from the seed.

use super::canvas::{Canvas, Colour};
use super::dice::Dice;

/// Paints the whole picture for a seed.
pub(super) fn paint(canvas: &mut Canvas, seed: u64) {
    let mut dice = Dice(seed);
    room(canvas, &mut dice);
    match dice.below(3) {
        0 => router(canvas, &mut dice),
        1 => wall_socket(canvas, &mut dice),
        _ => meter(canvas, &mut dice),
    }
    light(canvas, &mut dice);
}

const WALLS: [Colour; 5] = [
    Colour::new(196, 186, 168),
    Colour::new(172, 186, 194),
    Colour::new(188, 198, 176),
    Colour::new(204, 190, 182),
    Colour::new(178, 176, 190),
];

const FLOORS: [Colour; 3] = [Colour::new(120, 92, 66), Colour::new(98, 96, 98), Colour::new(146, 116, 84)];

fn pick(colours: &[Colour], dice: &mut Dice) -> Colour {
    let count = u32::try_from(colours.len()).unwrap_or(1);
    let index = usize::try_from(dice.below(count)).unwrap_or(0);
    colours.get(index).copied().unwrap_or(Colour::new(128, 128, 128))
}

/// Wall, skirting board and floor.
fn room(canvas: &mut Canvas, dice: &mut Dice) {
    let wall = pick(&WALLS, dice).lighter(dice.around(10));
    let floor = pick(&FLOORS, dice).lighter(dice.around(8));
    let (width, height) = (canvas.width(), canvas.height());
    let edge = height * 70 / 100 + dice.around(40) * height / 1000;
    let board = height / 28;
    canvas.rectangle(0, 0, width, edge, wall);
    canvas.rectangle(0, edge, width, board, wall.lighter(34));
    canvas.rectangle(0, edge + board, width, height / 240 + 1, wall.lighter(-70));
    canvas.rectangle(0, edge + board + height / 240, width, height - edge, floor);
    let plank = (height / 14).max(4);
    for (index, y) in (0..).zip((edge + board + plank..height).step_by(usize::try_from(plank).unwrap_or(4))) {
        canvas.rectangle(0, y, width, height / 480 + 1, floor.lighter(-26));
        let seam = (index * 37 + dice.below(60)) % 100 * width / 100;
        canvas.rectangle(seam, y - plank, height / 480 + 1, plank, floor.lighter(-20));
    }
}

/// A body with a soft shadow; returns its left, top, width and height.
fn body(canvas: &mut Canvas, dice: &mut Dice, size: (i32, i32), colour: Colour) -> (i32, i32, i32, i32) {
    let (width, height) = (canvas.width() * size.0 / 100, canvas.height() * size.1 / 100);
    let x = (canvas.width() - width) / 2 + dice.around(60) * canvas.width() / 1000;
    let y = canvas.height() * 34 / 100 - height / 2 + dice.around(30) * canvas.height() / 1000;
    let soft = canvas.height() / 60 + 1;
    for step in 0..4 {
        let grow = soft * (4 - step) / 4;
        canvas.shade(x - grow / 2, y + grow / 2, width + grow, height + grow, 236);
    }
    let radius = height / 14;
    canvas.rounded(x, y, width, height, radius, colour.lighter(-24));
    canvas.rounded(x, y, width, height - soft / 2, radius, colour);
    canvas.rounded(x + 2, y + 2, width - 4, height / 24 + 2, radius.min(height / 48 + 1), colour.lighter(14));
    (x, y, width, height)
}

const GREEN: Colour = Colour::new(92, 226, 120);
const AMBER: Colour = Colour::new(244, 178, 62);
const PAPER: Colour = Colour::new(236, 236, 228);
const INK: Colour = Colour::new(44, 46, 52);

/// A router: two antennas, five lights, a label with bars, a cable to the floor.
fn router(canvas: &mut Canvas, dice: &mut Dice) {
    let shell = if dice.below(2) == 0 { Colour::new(232, 234, 236) } else { Colour::new(52, 56, 64) };
    let lean = canvas.width() * (3 + dice.below(4)) / 100;
    let thick = canvas.width() / 110 + 1;
    let (middle, top) = (canvas.width() / 2, canvas.height() * 12 / 100);
    for side in [-1, 1] {
        let foot = middle + side * canvas.width() * 14 / 100;
        let tip = foot + side * lean;
        canvas.curve((foot, canvas.height() * 30 / 100), (foot, top), (tip, top), thick, shell.lighter(-18));
    }
    let (x, y, width, height) = body(canvas, dice, (52, 24), shell);
    cable(canvas, (x + width * 82 / 100, y + height), dice);
    let light = height / 16 + 1;
    for lamp in 0..5 {
        let colour = if dice.below(5) == 0 { AMBER } else { GREEN };
        let at = (x + width * (14 + lamp * 9) / 100, y + height * 64 / 100);
        canvas.disc(at, light + light / 2, shell.mix(colour, 70));
        canvas.disc(at, light, colour);
    }
    label(canvas, (x + width * 64 / 100, y + height * 26 / 100), (width * 28 / 100, height * 46 / 100), dice);
}

/// A wall box with two sockets, one of them with a plug and its cable.
fn wall_socket(canvas: &mut Canvas, dice: &mut Dice) {
    let (x, y, width, height) = body(canvas, dice, (40, 34), Colour::new(228, 226, 220));
    for socket in 0..2 {
        let left = x + width * (12 + socket * 42) / 100;
        let (hole_width, hole_height) = (width * 34 / 100, height * 46 / 100);
        let top = y + height * 20 / 100;
        canvas.rounded(left, top, hole_width, hole_height, height / 30, Colour::new(176, 176, 172));
        canvas.rounded(left + 3, top + 3, hole_width - 6, hole_height - 6, height / 34, INK);
        for pin in 0..8 {
            let at = left + hole_width * (16 + pin * 9) / 100;
            canvas.rectangle(at, top + hole_height * 12 / 100, hole_width / 32 + 1, hole_height / 4, AMBER);
        }
    }
    let plug = (x + width * 29 / 100, y + height * 52 / 100);
    let half = width * 11 / 100;
    canvas.rounded(plug.0 - half, plug.1 - half, half * 2, height * 40 / 100, half / 4, Colour::new(64, 96, 150));
    cable(canvas, (plug.0, plug.1 + height * 24 / 100), dice);
    label(canvas, (x + width * 58 / 100, y + height * 74 / 100), (width * 34 / 100, height * 16 / 100), dice);
}

/// An optical power meter: a display with bars, a keypad and a fibre.
fn meter(canvas: &mut Canvas, dice: &mut Dice) {
    let shell = if dice.below(2) == 0 { Colour::new(226, 176, 58) } else { Colour::new(66, 108, 92) };
    let (x, y, width, height) = body(canvas, dice, (26, 52), shell);
    canvas.rounded(x + width / 10, y + height / 12, width * 8 / 10, height * 30 / 100, height / 40, INK);
    let screen = Colour::new(168, 196, 150);
    let (left, top) = (x + width * 15 / 100, y + height * 12 / 100);
    canvas.rectangle(left, top, width * 7 / 10, height * 22 / 100, screen);
    for bar in 0..7 {
        let tall = height * (4 + dice.below(14)) / 100;
        let foot = top + height * 20 / 100;
        canvas.rectangle(left + width * (4 + bar * 9) / 100, foot - tall, width * 6 / 100, tall, screen.lighter(-110));
    }
    for key in 0..9 {
        let at = (x + width * (24 + key % 3 * 26) / 100, y + height * (54 + key / 3 * 15) / 100);
        canvas.disc(at, width * 8 / 100, shell.lighter(-46));
        canvas.disc((at.0, at.1 - 2), width * 7 / 100, shell.lighter(30));
    }
    cable(canvas, (x + width / 2, y + height), dice);
}

/// A cable that hangs from a point to the floor and leaves the picture.
fn cable(canvas: &mut Canvas, from: (i32, i32), dice: &mut Dice) {
    let colour = pick(&[Colour::new(238, 200, 48), Colour::new(58, 60, 66), Colour::new(206, 210, 214)], dice);
    let (width, height) = (canvas.width(), canvas.height());
    let pull = (from.0 + dice.around(120) * width / 1000, height * (92 + dice.below(14)) / 100);
    let to = (if dice.below(2) == 0 { -20 } else { width + 20 }, height * (66 + dice.below(8)) / 100);
    let thick = height / 130 + 1;
    canvas.curve((from.0 + thick, from.1), (pull.0, pull.1 + thick), (to.0, to.1 + thick), thick, colour.lighter(-70));
    canvas.curve(from, pull, to, thick, colour);
    canvas.curve((from.0 - thick / 2, from.1), pull, to, thick / 4, colour.lighter(24));
}

/// A white sticker with a bar code.
fn label(canvas: &mut Canvas, (x, y): (i32, i32), (width, height): (i32, i32), dice: &mut Dice) {
    canvas.rectangle(x, y, width, height, PAPER);
    let mut at = x + width / 12;
    while at < x + width - width / 8 {
        let bar = 1 + dice.below(3) * width / 100;
        canvas.rectangle(at, y + height / 6, bar, height * 2 / 3, INK);
        at += bar + 1 + (1 + dice.below(3)) * width / 100;
    }
}

/// What a camera adds: a bright side, dark corners, uneven brightness and grain.
fn light(canvas: &mut Canvas, dice: &mut Dice) {
    let (width, height) = (canvas.width(), canvas.height());
    let lamp = (width * (20 + dice.below(60)) / 100, height * (10 + dice.below(20)) / 100);
    let warm = dice.around(8);
    let reach = i64::from(width) * i64::from(width) + i64::from(height) * i64::from(height);
    let mut grain = Dice(dice.next());
    canvas.map(|x, y, colour| {
        let (dx, dy) = (i64::from(x - lamp.0), i64::from(y - lamp.1));
        let fall = i32::try_from((dx * dx + dy * dy) * 150 / reach.max(1)).unwrap_or(0);
        let noise = grain.around(5) + grain.around(4);
        let lit = colour.lighter(26 - fall + noise);
        Colour { red: lit.lighter(warm).red, green: lit.green, blue: lit.lighter(-warm).blue }
    });
}

//! Draws one demo photo: `cargo run -p doorstep-media --example draw -- FILE SEED TITLE [LINE...]`.

use std::error::Error;

use doorstep_media::draw::{DemoPhoto, draw};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: draw FILE SEED TITLE [LINE...]";
    let file = arguments.next().ok_or(usage)?;
    let seed = arguments.next().ok_or(usage)?.parse()?;
    let title = arguments.next().ok_or(usage)?;
    let lines: Vec<String> = arguments.collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    std::fs::write(file, draw(&DemoPhoto { seed, width: 1600, height: 1200, title: &title, lines: &lines })?)?;
    Ok(())
}

//! Draws one interior: `cargo run -p doorstep-media --example interior -- FILE SEED`.

use std::error::Error;

use doorstep_media::draw::interior;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: interior FILE SEED";
    let file = arguments.next().ok_or(usage)?;
    let seed = arguments.next().ok_or(usage)?.parse()?;
    std::fs::write(file, interior(seed, 1600, 1200)?)?;
    Ok(())
}

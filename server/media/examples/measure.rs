//! Measures what one photo costs: `cargo run --release -p doorstep-media --example measure -- WORK ROUNDS [FILE...]`.
//!
//! WORK is `full` (decoding at full size by the `image` crate), `scaled` (decoding a JPEG at half its size by the decoder of
//! the build, and nothing else) or `ingest`; without files a photo of
//! 12 megapixels is drawn. Build it with `--features turbo` to measure libjpeg-turbo. Linux only: it reads `/proc`.

use std::error::Error;
use std::fs;
use std::hint::black_box;

use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::{Deadline, Limits, Workspace};

/// How the kernel counts CPU time for `/proc`.
///
/// # Units
/// Ticks a second.
const TICKS: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: measure full|scaled|ingest ROUNDS [FILE...]";
    let work = arguments.next().ok_or(usage)?;
    let rounds: u32 = arguments.next().ok_or(usage)?.parse()?;
    let mut photos = arguments.map(fs::read).collect::<Result<Vec<_>, _>>()?;
    if photos.is_empty() {
        photos.push(draw(&DemoPhoto {
            seed: 1,
            width: 4032,
            height: 3024,
            title: "Router",
            lines: &["Order 209-0012"],
        })?);
    }
    // The peak so far is that of drawing.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = cpu_ticks()?;
    let mut workspace = Workspace::default();
    for photo in (0..rounds).flat_map(|_| &photos) {
        match work.as_str() {
            "full" => drop(black_box(image::load_from_memory(photo)?.into_rgb8())),
            "scaled" => drop(black_box(scaled(photo)?)),
            "ingest" => drop(black_box(workspace.ingest(photo, &Limits::default(), &Deadline::default())?)),
            _ => return Err(usage.into()),
        }
    }
    let count = f64::from(rounds) * f64::from(u32::try_from(photos.len())?);
    let seconds = (cpu_ticks()? - before) / TICKS / count;
    let decoder = if cfg!(feature = "turbo") { "libjpeg-turbo" } else { "Rust" };
    println!("{work} by {decoder}: {seconds:.4} CPU s a photo, peak {} KiB, {count} photos", peak_kib()?);
    Ok(())
}

/// The dots of a JPEG at half its size.
#[cfg(feature = "turbo")]
fn scaled(photo: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let half = turbojpeg::ScalingFactor::new(1, 2);
    let mut decoder = turbojpeg::Decompressor::new()?;
    let size = decoder.read_header(photo)?.scaled(half);
    decoder.set_scaling_factor(half)?;
    let (width, height, pitch) = (size.width, size.height, size.width * 3);
    let mut pixels = vec![0; pitch * height];
    let format = turbojpeg::PixelFormat::RGB;
    decoder.decompress(photo, turbojpeg::Image { pixels: &mut pixels[..], width, pitch, height, format })?;
    Ok(pixels)
}

/// The dots of a JPEG at half its size.
#[cfg(not(feature = "turbo"))]
fn scaled(photo: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut decoder = jpeg_decoder::Decoder::new(photo);
    decoder.read_info()?;
    let size = decoder.info().ok_or("no frame")?;
    decoder.scale(size.width.div_ceil(2), size.height.div_ceil(2))?;
    Ok(decoder.decode()?)
}

/// User and system time of this process.
fn cpu_ticks() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(')').next().ok_or("no stat")?;
    let ticks: Result<Vec<u32>, _> = behind_name.split_whitespace().skip(11).take(2).map(str::parse).collect();
    Ok(f64::from(ticks?.iter().sum::<u32>()))
}

fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

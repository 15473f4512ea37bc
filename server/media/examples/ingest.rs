//! Ingests photos one after the other, as the server does it with one of them: read and hashed, all that is worked out,
//! both copies written, in memory that serves for one after the other: `cargo run --release -p doorstep-media --example ingest -- DIRECTORY FILE...`.
//!
//! For benchmarks, which measure the process from outside. Fails at the first photo that is not ingested as a whole.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use doorstep_media::{Deadline, Limits, Workspace};
use sync_core::bytes::Hash;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let directory = arguments.next().ok_or("usage: ingest DIRECTORY FILE...")?;
    let mut workspace = Workspace::default();
    for file in arguments {
        one(&file, &directory, &mut workspace).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn one(file: &Path, directory: &Path, workspace: &mut Workspace) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(file)?;
    black_box(Hash::of(&bytes));
    let ingested = workspace.ingest(&bytes, &Limits::default(), &Deadline::default())?;
    if ingested.facts.position.is_none() || ingested.prints.windows.first().is_none_or(Option::is_none) {
        return Err("no position or no print: it is not a photo to measure with".into());
    }
    black_box(&ingested.quality);
    let stem = file.file_stem().ok_or("no name")?.to_string_lossy();
    fs::write(directory.join(format!("{stem}-1600.jpg")), ingested.previews.preview_1600)?;
    fs::write(directory.join(format!("{stem}-320.jpg")), ingested.previews.thumbnail_320)?;
    Ok(())
}

//! The pictures of a week: drawn, or those of a folder that a person names.

use std::path::PathBuf;
use std::{env, fs};

use doorstep_media::draw::interior;
use doorstep_media::{Deadline, Limits, ingest};

/// The variable that names a folder of JPEG, PNG or WebP files, each of something else.
pub const VARIABLE: &str = "DOORSTEP_TEST_PICTURES";

/// The size of a drawn picture in pixels: enough for everything that is found in it.
const SIZE: (u32, u32) = (800, 600);

/// Pictures of different things.
#[derive(Debug)]
pub struct Album {
    files: Option<Vec<PathBuf>>,
}

impl Album {
    /// The pictures of the folder that the environment names, in order of their names; else drawn ones.
    ///
    /// # Panics
    /// If the folder cannot be read or holds no picture: a run must never look at less than it says.
    #[must_use]
    pub fn of_env() -> Self {
        let folder = env::var_os(VARIABLE);
        let files = folder.map(|folder| {
            let entries = fs::read_dir(&folder).expect("the folder of pictures can be read");
            let paths = entries.map(|entry| entry.expect("an entry of the folder").path());
            let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file() && is_picture(path)).collect();
            files.sort();
            assert!(!files.is_empty(), "{VARIABLE} names a folder without pictures");
            files
        });
        Self { files }
    }

    /// How many pictures there are, if they are not drawn.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.files.as_ref().map(|files| files.len().try_into().expect("fewer than 2^64 files"))
    }

    /// One picture; equal numbers give equal pictures.
    ///
    /// # Panics
    /// If a file cannot be read, or there is none of this number.
    #[must_use]
    pub fn picture(&self, number: u64) -> Vec<u8> {
        match &self.files {
            None => interior(number, SIZE.0, SIZE.1).expect("drawn"),
            Some(files) => {
                let file = &files[usize::try_from(number).expect("a place in memory")];
                fs::read(file).expect("a picture of the folder can be read")
            }
        }
    }
}

/// Whether the product can show it: others have no copies, so nothing is to be found in them.
fn is_picture(path: &PathBuf) -> bool {
    let bytes = fs::read(path).expect("a file of the folder can be read");
    ingest(&bytes, &Limits::default(), &Deadline::default()).is_ok()
}

//! What commands print. A reader that has seen enough (`head`) is no failure: the command itself goes on, or is done.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Prints a line for whoever asked.
macro_rules! out_line {
    ($($text:tt)*) => { $crate::commands::print::to_out(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a text as it is.
macro_rules! out_text {
    ($($text:tt)*) => { $crate::commands::print::to_out(format_args!($($text)*)) };
}

/// Prints a line beside the answer.
macro_rules! err_line {
    ($($text:tt)*) => { $crate::commands::print::to_err(format_args!($($text)*)) };
}

pub(super) use {err_line, out_line, out_text};

/// Writes to the standard output; what cannot be printed for another reason than that nobody reads ends the command with
/// a failure.
pub(super) fn to_out(text: Arguments<'_>) {
    if let Err(error) = write_all(&mut io::stdout().lock(), text) {
        to_err(format_args!("doorstep: the answer cannot be printed: {error}"));
        std::process::exit(1);
    }
}

/// Writes a line to the standard error; there is no other place to tell of a failure.
pub(super) fn to_err(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn write_all(out: &mut impl Write, text: Arguments<'_>) -> io::Result<()> {
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

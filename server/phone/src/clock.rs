//! The phone's clock: the machine's, or a file shared with the server in dated scenarios.
//!
//! The only place of this crate where time enters.

use std::path::PathBuf;

use sync_core::time::{Stamp, UnixMillis};

use crate::error::{PhoneError, PhoneResult};
use crate::keys;
use crate::store::Tx;
use crate::store::model::{Boot, ClockLink, ClockOffset};

/// Where the phone reads the time.
#[derive(Debug, Clone)]
pub struct PhoneClock {
    file: Option<PathBuf>,
    boot: Boot,
}

/// Monotonic milliseconds of the machine with the random identity of its boot, where the system tells both.
fn machine_boot() -> Option<(String, i64)> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = uptime.split_whitespace().next()?.split_once('.')?;
    let ms = seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(hundredths.parse::<i64>().ok()? * 10)?;
    Some((boot.trim().to_owned(), ms))
}

impl PhoneClock {
    /// Reads the time from `file` at each use; without a file, from the machine.
    ///
    /// # Errors
    /// [`PhoneError::Store`] without randomness.
    pub fn new(file: Option<PathBuf>) -> PhoneResult<Self> {
        Ok(Self {
            file,
            boot: Boot { id: keys::base32_id()?, machine: machine_boot().map(|(id, _)| id), origin_ms: 0 },
        })
    }

    /// The wall clock now.
    ///
    /// # Errors
    /// [`PhoneError::Usage`] if the clock file holds no instant.
    pub fn now(&self) -> PhoneResult<UnixMillis> {
        let Some(path) = &self.file else {
            #[expect(clippy::disallowed_methods, reason = "this is where the clock enters the phone")]
            let now = jiff::Timestamp::now();
            return Ok(UnixMillis(now.as_millisecond()));
        };
        let text = std::fs::read_to_string(path).map_err(PhoneError::file(path))?;
        UnixMillis::from_rfc3339(text.trim())
            .map_err(|error| PhoneError::Usage(format!("clock file {}: {error}", path.display())))
    }

    /// The stamp of a record made now.
    ///
    /// With a clock file one boot lasts as long as the store. Else a boot is the machine's where the system names
    /// it, and this process otherwise; a new boot is linked to the one before.
    ///
    /// # Errors
    /// As [`Self::now`], and of the store.
    pub(crate) fn stamp(&self, tx: &Tx) -> PhoneResult<Stamp> {
        let wall = self.now()?;
        let known: Option<Boot> = tx.meta("boot")?;
        let last: Option<Stamp> = tx.meta("last_stamp")?;
        let machine = machine_boot();
        let boot = match known {
            Some(known) if self.file.is_some() || (known.machine.is_some() && known.machine == self.boot.machine) => {
                known
            }
            _ => self.boot.clone(),
        };
        let mono_ms = match (&self.file, &machine) {
            (None, Some((_, uptime))) => *uptime,
            _ => wall.0.saturating_sub(boot.origin_ms).max(0),
        };
        let offset: Option<ClockOffset> = tx.meta("clock_offset")?;
        let stamp = Stamp {
            wall_ms: wall.0,
            mono_ms,
            boot_id: boot.id.clone(),
            off_ms: offset.map(|offset| offset.off_ms),
            err_ms: offset.map(|offset| offset.err_ms),
        };
        if let Some(last) = last.filter(|last| last.boot_id != stamp.boot_id) {
            tx.add_clock_link(&ClockLink {
                prev_boot: last.boot_id,
                prev_wall: last.wall_ms,
                prev_mono: last.mono_ms,
                wall: stamp.wall_ms,
                mono: stamp.mono_ms,
            })?;
        }
        tx.set_meta("boot", &boot)?;
        tx.set_meta("last_stamp", &stamp)?;
        Ok(stamp)
    }
}

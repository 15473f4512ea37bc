//! The phone's clock: the machine's, or a file shared with the server in dated scenarios.
//!
//! The only place of this crate where time enters.

use std::path::PathBuf;

use sync_core::clock::Contact;
use sync_core::time::{Stamp, UnixMillis};

use crate::error::{PhoneError, PhoneResult};
use crate::keys;
use crate::store::Tx;
use crate::store::model::{Boot, ClockLink};

/// How coarsely the system tells its uptime, in milliseconds.
const TICK_MS: i64 = 10;

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

    /// A clock for durations that nobody sets: the machine's where the system tells it.
    ///
    /// # Errors
    /// As [`Self::now`].
    pub(crate) fn ticks(&self) -> PhoneResult<i64> {
        match (&self.file, machine_boot()) {
            (None, Some((_, uptime))) => Ok(uptime),
            _ => Ok(self.now()?.0),
        }
    }

    /// Notes the server's clock, as the answer to a request sent at `sent` ticks tells it.
    ///
    /// # Errors
    /// As [`Self::stamp`].
    pub(crate) fn heard(&self, tx: &Tx, sent: i64, server_time: UnixMillis) -> PhoneResult<()> {
        let received = self.stamp(tx)?;
        let mut contact = Contact::heard(self.ticks()?.saturating_sub(sent), &received, server_time);
        if self.file.is_none() {
            contact.err_ms = contact.err_ms.saturating_add(TICK_MS);
        }
        tx.set_meta("contact", &contact)
    }

    /// The stamp of a record made now, and the heartbeat of this boot.
    ///
    /// A boot is the machine's where the system names it, and this process otherwise; with a clock file it lasts as
    /// long as the machine's. A new boot is linked to the last heartbeat of the one before.
    ///
    /// # Errors
    /// As [`Self::now`], and of the store.
    pub(crate) fn stamp(&self, tx: &Tx) -> PhoneResult<Stamp> {
        let wall = self.now()?;
        let known: Option<Boot> = tx.meta("boot")?;
        let last: Option<Stamp> = tx.meta("last_stamp")?;
        let machine = machine_boot();
        let boot = match known {
            Some(known) if known.machine == self.boot.machine && (self.file.is_some() || known.machine.is_some()) => {
                known
            }
            _ if self.file.is_some() => Boot { origin_ms: wall.0, ..self.boot.clone() },
            _ => self.boot.clone(),
        };
        let mono_ms = match (&self.file, &machine) {
            (None, Some((_, uptime))) => *uptime,
            _ => wall.0.saturating_sub(boot.origin_ms).max(0),
        };
        let contact: Option<Contact> = tx.meta("contact")?;
        // The system counts its uptime through sleep.
        let claim = contact.map(|contact| contact.offset(wall.0, mono_ms, &boot.id, false));
        let stamp = Stamp {
            wall_ms: wall.0,
            mono_ms,
            boot_id: boot.id.clone(),
            off_ms: claim.map(|(off, _)| off),
            err_ms: claim.and_then(|(_, err)| err),
        };
        if let Some(last) = last.filter(|last| last.boot_id != stamp.boot_id) {
            tx.add_clock_link(&ClockLink {
                prev_boot: last.boot_id,
                prev_wall: last.wall_ms,
                prev_mono: last.mono_ms,
                wall: stamp.wall_ms,
                mono: stamp.mono_ms,
                at: Some(stamp.clone()),
            })?;
        }
        tx.set_meta("boot", &boot)?;
        tx.set_meta("last_stamp", &stamp)?;
        Ok(stamp)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::commands::Phone;
    use crate::testing::server::Server;
    use crate::testing::{NUMBER, TestPhone, VISIT};

    /// The phone as it is found after the machine started again.
    fn restarted(phone: &TestPhone) -> Phone {
        let mut phone = phone.phone();
        phone
            .store
            .write(|tx| {
                let before: Option<Boot> = tx.meta("boot")?;
                let before = before.unwrap();
                tx.set_meta("boot", &Boot { machine: Some("the machine before".to_owned()), ..before })
            })
            .unwrap();
        phone.clock.boot.id = keys::base32_id().unwrap();
        phone
    }

    fn stamp(phone: &Phone) -> Stamp {
        phone.store.write(|tx| phone.clock.stamp(tx)).unwrap()
    }

    #[test]
    fn the_offset_is_a_memory_without_error_after_a_restart() {
        let phone = TestPhone::new();
        assert_eq!((stamp(&phone.phone()).off_ms, stamp(&phone.phone()).err_ms), (None, None));
        phone.sync(&mut Server::new(&phone)).unwrap();
        let known = stamp(&phone.phone());
        assert!(known.off_ms.is_some() && known.err_ms.is_some_and(|err| err < 1_000), "{known:?}");
        let later = stamp(&restarted(&phone));
        assert_eq!((later.off_ms, later.err_ms), (known.off_ms, None));
        assert_ne!(later.boot_id, known.boot_id);
    }

    #[test]
    fn the_first_record_after_restarts_links_the_boots_since_the_last() {
        let phone = TestPhone::new();
        phone.run(&["start", NUMBER]);
        let first = stamp(&phone.phone());
        phone.time("2025-03-04T09:10:00+08:00");
        let second = stamp(&restarted(&phone));
        phone.time("2025-03-04T09:20:00+08:00");
        let third = stamp(&restarted(&phone));
        phone.run(&["note", NUMBER, "back"]);
        phone.run(&["note", NUMBER, "and again"]);

        let view = sync_core::merge::view(&phone.phone().store.read(|tx| tx.doc(VISIT)).unwrap().unwrap());
        let mut links: Vec<&Value> = view.more.values().map(|entry| &entry.value).collect();
        links.sort_by_key(|link| link["wall"].as_i64());
        let joins: Vec<_> = links.iter().map(|link| (&link["prev_boot"], &link["at"]["boot_id"])).collect();
        let ids = [first.boot_id, second.boot_id, third.boot_id].map(Value::from);
        assert_eq!(joins, [(&ids[0], &ids[1]), (&ids[1], &ids[2])], "each link once, though two records followed");
        assert_eq!(links[1]["prev_wall"], second.wall_ms, "the last heartbeat of the boot before");
    }
}

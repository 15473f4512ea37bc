//! Checks of a phone: it captures offline and syncs over a link that cuts, replays and lies, while an observer on
//! another device of the same rep looks at what the server holds.

mod adapter;
mod link;

use std::process::Child;

use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrderId, VisitId};
use sync_core::jws;
use sync_core::merge;
use sync_core::order::WipeOrder;
use sync_core::time::UnixMillis;

use self::adapter::Adapter;
use self::link::{Fate, Link};
use crate::cli::{ClientArgs, ServerArgs};
use crate::device::{Device, new_id, now_ms, random};
use crate::report::Report;
use crate::wire::Call;
use crate::{Broken, Verdict, expect};

/// 1990 and 2090: wrong, and yet a phone may show them.
const WRONG_CLOCKS_MS: [i64; 2] = [631_152_000_000, 3_786_912_000_000];

/// The phone, its link, and what it has captured.
struct Drive {
    adapter: Adapter,
    link: Link,
    observer: Device,
    visit: VisitId,
    rounds: u32,
    random: Random,
    /// Texts captured and not yet seen at the server.
    texts: Vec<String>,
    /// Photos taken.
    photos: Vec<Hash>,
}

/// One check: its name, what it says of the contract, and the check itself.
type Check = (&'static str, &'static str, fn(&mut Drive) -> Verdict);

const CHECKS: &[Check] = &[
    ("clean_sync", "what was captured offline arrives once", clean_sync),
    ("cut_requests", "requests cut anywhere lose nothing and double nothing", cut_requests),
    ("cut_answers", "answers cut anywhere lose nothing and double nothing", cut_answers),
    ("replayed", "requests that reach the server twice have one effect", replayed),
    ("killed", "a phone killed in the middle of a sync goes on where it was", killed),
    ("no_receipt", "without receipt nothing counts as safe", no_receipt),
    ("clock_jumps", "clock jumps of decades lose nothing", clock_jumps),
    ("photos", "photos arrive with the bytes that were taken", photos),
    ("forged_order", "an order to wipe that the server did not sign is not obeyed", forged_order),
    ("at_rest", "in the end nothing is outstanding and both sides hold the same heads", at_rest),
];

/// Enrols phone and observer and runs every check.
pub(crate) fn run(args: &ClientArgs, report: &mut Report) -> Result<(), String> {
    let mut observer = Device::enrol(&args.server)?;
    let (_, answers) = observer.pull(None)?;
    observer.learn_norms(&answers)?;
    let (adapter, link) = (Adapter::new(args)?, Link::before(&args.server.server)?);
    adapter.clock(UnixMillis(now_ms()))?;
    let code = observer.enrolment_code()?;
    adapter.enrol(&ServerArgs { code, ..args.server.clone() }, link.url())?;
    let mut drive = Drive {
        adapter,
        link,
        observer,
        visit: VisitId::from_bytes([0; 16]),
        rounds: args.rounds,
        random: Random(args.seed),
        texts: Vec::new(),
        photos: Vec::new(),
    };
    drive.sync_until_done()?;
    drive.visit = drive.adapter.new_visit(&drive.observer.norms()?.template)?;
    for (name, says, check) in CHECKS {
        if args.server.asks_for(name) {
            report.add(name, says, &check(&mut drive))?;
        }
    }
    Ok(())
}

impl Drive {
    /// Captures a text that nobody wrote before.
    fn capture(&mut self) -> Verdict {
        let text = format!("conformance-{}", Hash::of(&random::<16>()?));
        self.adapter.capture(self.visit, &text)?;
        self.texts.push(text);
        Ok(())
    }

    fn take_photo(&mut self) -> Verdict {
        let bytes = [b"\xff\xd8\xff\xe0".as_slice(), &random::<2048>()?].concat();
        let file = std::env::temp_dir().join(format!("conformance-{}.jpg", Hash::of(&bytes)));
        std::fs::write(&file, &bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        let slot = self.observer.norms()?.slot.clone();
        let taken = self.adapter.photo(self.visit, &slot, &file);
        let removed = std::fs::remove_file(&file).map_err(|error| error.to_string());
        self.photos.push(Hash::of(&bytes));
        taken.and(removed)
    }

    /// One try to sync, however it ends.
    fn try_sync(&self) -> Verdict {
        let output = self.adapter.start_sync()?.wait_with_output();
        output.map(|_ended| ()).map_err(|error| format!("the sync cannot be waited for: {error}"))
    }

    /// Syncs over a good link until nothing is outstanding.
    fn sync_until_done(&self) -> Verdict {
        const TRIES: usize = 20;
        self.link.next(Fate::Deliver);
        for _ in 0..TRIES {
            self.try_sync()?;
            if self.adapter.outstanding()? == 0 {
                return Ok(());
            }
        }
        Err(format!("{} items outstanding after {TRIES} syncs over a good link", self.adapter.outstanding()?))
    }

    /// Fails unless the server holds each captured text exactly once.
    fn arrived(&self) -> Verdict {
        let text = self.at_server()?.1;
        for captured in &self.texts {
            let times = text.matches(captured.as_str()).count();
            expect(times == 1, || format!("{captured} is {times} times at the server, expected once"))?;
        }
        Ok(())
    }

    /// Heads and content of the visit, as the observer fetches them.
    fn at_server(&self) -> Result<(Vec<String>, String), Broken> {
        let (_, answers) = self.observer.pull(None)?;
        let update = answers.iter().flat_map(|answer| &answer.docs).rfind(|doc| doc.id == self.visit);
        let update = update.ok_or("the server sends the observer no such document")?;
        let doc = sync_core::doc::VisitDoc::load(self.visit, &update.bytes.0).map_err(|error| error.to_string())?;
        let text = serde_json::to_string(&merge::view(&doc)).map_err(|error| error.to_string())?;
        Ok((doc.heads().iter().map(ToString::to_string).collect(), text))
    }

    /// Captures and syncs over a bad link, then over a good one.
    fn rounds(&mut self, bad: impl Fn(&mut Random) -> Fate) -> Verdict {
        for round in 0..self.rounds {
            self.capture()?;
            if round % 3 == 0 {
                self.take_photo()?;
            }
            let before = self.adapter.outstanding()?;
            expect(before > 0, || "a fresh record is not counted as outstanding".to_owned())?;
            self.link.next(bad(&mut self.random));
            self.try_sync()?;
        }
        self.sync_until_done()?;
        self.arrived()
    }
}

fn clean_sync(drive: &mut Drive) -> Verdict {
    drive.capture()?;
    drive.sync_until_done()?;
    drive.arrived()
}

fn cut_requests(drive: &mut Drive) -> Verdict {
    drive.rounds(|random| Fate::CutRequest(random.below(3000)))
}

fn cut_answers(drive: &mut Drive) -> Verdict {
    drive.rounds(|random| Fate::CutAnswer(random.below(2000)))
}

fn replayed(drive: &mut Drive) -> Verdict {
    drive.rounds(|_random| Fate::Replay)
}

fn killed(drive: &mut Drive) -> Verdict {
    for _ in 0..drive.rounds {
        drive.capture()?;
        let answers = drive.link.withhold();
        let mut child = drive.adapter.start_sync()?;
        // The server has given its answer, the phone has not heard it.
        let gate = answers.recv().map_err(|_closed| "the phone sent nothing".to_owned())?;
        kill(&mut child)?;
        drop(gate);
    }
    drive.sync_until_done()?;
    drive.arrived()
}

fn kill(child: &mut Child) -> Verdict {
    child.kill().and_then(|()| child.wait()).map(|_status| ()).map_err(|error| format!("the phone's process: {error}"))
}

fn no_receipt(drive: &mut Drive) -> Verdict {
    drive.capture()?;
    drive.link.next(Fate::WithoutReceipts);
    drive.try_sync()?;
    let outstanding = drive.adapter.outstanding()?;
    expect(outstanding > 0, || "an ack alone was taken for proof: nothing is outstanding".to_owned())?;
    drive.sync_until_done()?;
    drive.arrived()
}

fn clock_jumps(drive: &mut Drive) -> Verdict {
    for wrong in WRONG_CLOCKS_MS {
        drive.adapter.clock(UnixMillis(wrong))?;
        drive.capture()?;
        drive.sync_until_done()?;
    }
    drive.adapter.clock(UnixMillis(now_ms()))?;
    drive.capture()?;
    drive.sync_until_done()?;
    drive.arrived()
}

/// The order names a key of the server and this very phone; only the signature tells that somebody else made it.
fn forged_order(drive: &mut Drive) -> Verdict {
    drive.capture()?;
    let devices = Call::new("GET", "/v1/devices?page_size=200").bearer(&drive.observer.token);
    let list = drive.observer.wire.send(&devices)?.json();
    let own = drive.observer.id.to_string();
    let items = list.get("items").and_then(Value::as_array).ok_or("the server lists no devices")?;
    let ids = items.iter().filter_map(|device| device.get("id").and_then(Value::as_str));
    let ids: Vec<DeviceId> = ids.filter(|id| *id != own).filter_map(|id| id.parse().ok()).collect();
    expect(!ids.is_empty(), || "the phone is not among the devices of its rep".to_owned())?;
    let keys = drive.observer.evidence_keys();
    let kid = keys.first().ok_or("the server has no evidence key")?.thumbprint();
    for device in ids {
        let at = UnixMillis(now_ms());
        let order = WipeOrder::new(OrderId(new_id()?), drive.observer.org, device, true, at);
        let input = order.prepare(&kid).map_err(|error| error.to_string())?;
        drive.link.next(Fate::WithOrder(jws::finish(&input, &random::<64>()?)));
        drive.try_sync()?;
    }
    drive.sync_until_done()?;
    drive.arrived()
}

fn photos(drive: &mut Drive) -> Verdict {
    drive.take_photo()?;
    drive.sync_until_done()?;
    for name in &drive.photos {
        let call = Call::new("GET", format!("/v1/blobs/{name}")).bearer(&drive.observer.token);
        let answer = drive.observer.wire.send(&call)?;
        expect(Hash::of(&answer.body) == *name, || format!("photo {name}: {}", answer.summary()))?;
    }
    Ok(())
}

fn at_rest(drive: &mut Drive) -> Verdict {
    drive.sync_until_done()?;
    drive.arrived()?;
    let (phone, server) = (drive.adapter.heads(drive.visit)?, drive.at_server()?.0);
    expect(phone == server, || format!("phone {phone:?}, server {server:?}"))
}

/// Numbers that a seed repeats (xorshift64*, Vigna 2014); not for secrets.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        const MULTIPLIER: u64 = 0x2545_f491_4f6c_dd1d;
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = usize::try_from(self.0.wrapping_mul(MULTIPLIER) >> 33).unwrap_or_default();
        drawn.checked_rem(limit).unwrap_or_default()
    }
}

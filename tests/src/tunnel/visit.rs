//! What a rep does at one customer's door, as lines of `doorstep phone`.

use doorstep_media::draw::{DemoPhoto, draw};

use crate::faults::Seed;

/// The slots of a broadband installation, in the order in which they are taken.
pub(super) const SLOTS: [&str; 4] = ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"];

/// An installation to the signature; the verbs stand without the visit, `photo SLOT` and `sign` without files.
pub(super) const DEEDS: &str = "
    start
    step kit_check
    contact --channel app_call --result reached --duration 48
    answer contact_result confirmed
    event confirm_call
    step confirm_call
    event depart
    event arrive --reason 同楼层
    step arrive
    answer safe_to_work true
    step safety
    step enter
    event enter
    step talk
    answer location_agreed 客厅电视柜
    answer route_note 沿踢脚线
    step location
    answer cable_kind bow_drop
    answer cable_entry duct
    answer indoor_method existing_duct
    photo outdoor_route
    step cabling
    step splice
    answer splitter_box FG-0217
    answer splitter_port 1/2/7
    answer label_customer_end true
    answer label_splitter_end true
    photo splitter_label
    step label
    answer ont_serial ONT-7F21-0001
    step activate
    answer resource_ok true
    answer aaa_sync_ok true
    measure optical_power -18.30 --instrument PM-100-0042
    measure down_rate 512.4
    step line_test
    photo ont_stb
    step demo
    step cleanup
    event finish_steps
    answer satisfied true
    answer rating 9
    step acceptance
    sign
    photo acceptance_form
    finish";

/// Most bytes of a segment of a JPEG, without its marker and length.
const SEGMENT: usize = 65_533;

/// A photo of about so many bytes that no other is equal to: a drawn one with noise in comments, so that drawing a
/// day's photos takes no longer than the day.
#[must_use]
pub fn photo(seed: &mut Seed, bytes: u64) -> Vec<u8> {
    let photo = DemoPhoto { seed: seed.next(), width: 160, height: 120, title: "tunnel", lines: &[] };
    let drawn = draw(&photo).expect("a drawn photo");
    let mut noise = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX).saturating_sub(drawn.len())];
    seed.fill(&mut noise);
    let (start, rest) = drawn.split_at(2);
    let mut jpeg = start.to_vec();
    for comment in noise.chunks(SEGMENT) {
        let length = u16::try_from(comment.len() + 2).expect("a segment is that short");
        jpeg.extend_from_slice(&[0xff, 0xfe]);
        jpeg.extend_from_slice(&length.to_be_bytes());
        jpeg.extend_from_slice(comment);
    }
    jpeg.extend_from_slice(rest);
    jpeg
}

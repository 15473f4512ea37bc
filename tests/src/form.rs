//! A form that a customer signs on a phone, whichever way the phone speaks with its server.

use p256::ecdsa::Signature;
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::merge::View;
use sync_core::protocol::PushStatement;
use sync_core::statement::seal::{Canvas, Signer, sign_ink};
use sync_core::statement::{ComposeInput, Language, SealPayload, compose};
use sync_core::template::Template;
use sync_core::time::Stamp;

use crate::actors::DeviceKey;

/// A sealed form and the blobs it names.
#[derive(Debug, Clone)]
pub struct Form {
    /// What travels in a sync request.
    pub statement: PushStatement,
    /// Openings and inks, to be uploaded.
    pub blobs: Vec<Vec<u8>>,
}

/// What a form is made of.
pub(crate) struct Signing<'a> {
    pub(crate) org: OrgId,
    pub(crate) device: DeviceId,
    pub(crate) rep: UserId,
    pub(crate) key: &'a DeviceKey,
    pub(crate) template: &'a Template,
    pub(crate) policy_version: i64,
    pub(crate) number: Option<&'a str>,
    pub(crate) view: &'a View,
    pub(crate) at: Stamp,
}

impl Signing<'_> {
    /// Has the customer sign.
    pub(crate) fn sign(&self, random: &mut dyn FnMut() -> [u8; 32]) -> Form {
        let template_json = sync_core::plain_json::to_string(self.template).expect("plain JSON");
        let input = ComposeInput {
            kind: "construction_confirmation",
            org: self.org,
            org_name: "示范宽带",
            time_zone: "Asia/Shanghai",
            template: self.template,
            template_sha256: Hash::of(template_json.as_bytes()),
            policy_version: self.policy_version,
            view: self.view,
            number: self.number,
            work_order: None,
            customer: None,
            site: None,
            language: Language::ZhCn,
            device: self.device,
            rep: self.rep,
            rep_name: "李强",
            at: self.at.clone(),
            position: None,
            beacon: None,
            previous: None,
            amends: None,
            verdicts: Vec::new(),
        };
        let draft = compose(&input, random).expect("the form can be composed");
        let canvas = Canvas { width: 600, height: 200, strokes: vec![vec![[1, 2, 0], [3, 4, 16]]] };
        let signer = Signer { slot: "customer_confirmation", role: "customer", name: "陈梅", at: self.at.clone() };
        let signature = sign_ink(&draft.body_bytes, signer, canvas, random).expect("the customer signs");
        let blobs = draft.openings.iter().map(|opening| opening.bytes().to_vec());
        let blobs = blobs.chain([signature.ink_bytes, signature.name.bytes().to_vec()]).collect();
        let payload = SealPayload::new(draft.body_sha256, vec![signature.entry]);
        let unsigned = payload.prepare(&self.key.public().thumbprint()).expect("plain JSON");
        let signed: Signature = self.key.signature(unsigned.input());
        let seal = unsigned.finish(&signed.to_bytes().into()).jws;
        Form { statement: PushStatement { body: Blob(draft.body_bytes), seal }, blobs }
    }
}

//! The actors that the office writes with where it takes over what a phone could not bring.
//!
//! They belong to no phone, so after a restore none would offer what they wrote. They can be told from others: then the
//! phones of the rep in whose name they wrote do.

use crate::bytes::{Actor, Hash};
use crate::ids::VisitId;

/// Bytes of an actor that are drawn; the others follow from them.
pub const OFFICE_NONCE: usize = 8;

/// The actor of one act of the office in a visit: eight drawn bytes, then the first eight of the SHA-256 of a label, the
/// visit and those.
#[must_use]
pub fn office_actor(visit: VisitId, nonce: [u8; OFFICE_NONCE]) -> Actor {
    let named = [b"doorstep-office-actor-1".as_slice(), visit.as_bytes(), &nonce].concat();
    let mut actor = Actor([0; 16]);
    let bytes = nonce.into_iter().chain(Hash::of(&named).0);
    actor.0.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    actor
}

/// Whether an actor is one of the office's in a visit.
#[must_use]
pub fn is_office_actor(visit: VisitId, actor: &Actor) -> bool {
    actor.0.first_chunk().is_some_and(|nonce| office_actor(visit, *nonce) == *actor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_of_the_office_are_told_from_all_others_and_from_those_of_another_visit() {
        let (visit, other) = (VisitId::from_bytes([7; 16]), VisitId::from_bytes([8; 16]));
        let actor = office_actor(visit, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(is_office_actor(visit, &actor) && !is_office_actor(other, &actor));
        for byte in 0..16 {
            let mut changed = actor;
            changed.0[byte] ^= 1;
            assert!(!is_office_actor(visit, &changed), "byte {byte}");
        }
        assert_ne!(office_actor(visit, [9; 8]), actor);
    }
}

//! The genesis change is the same bytes everywhere (design section 13).

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjType, ROOT};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::doc::genesis::genesis;
use sync_core::ids::VisitId;

const VISIT: &str = "01955f2c-3000-7000-8000-000000000001";
const HASH: &str = "5f6224fdd6cec28e617b86daa18daea7fe690e0e48724efe6c1f72b845af272c";

fn by_automerge(visit: VisitId) -> (Vec<u8>, Hash) {
    let mut doc = Automerge::new().with_actor(ActorId::from(&visit.as_bytes()[..]));
    let mut transaction = doc.transaction();
    for map in Map::ALL {
        transaction.put_object(ROOT, map.key(), ObjType::Map).unwrap();
    }
    transaction.put_object(ROOT, "notes", ObjType::Text).unwrap();
    transaction.commit_with(CommitOptions::default().with_time(0));
    let change = doc.get_changes(&[]).remove(0);
    (change.raw_bytes().to_vec(), Hash(change.hash().0))
}

#[test]
fn genesis_is_the_published_vector() {
    let genesis = genesis(VISIT.parse().unwrap());
    assert_eq!(genesis.bytes.len(), 193);
    assert_eq!(genesis.hash.to_string(), HASH);
}

#[test]
fn genesis_is_what_automerge_writes() {
    for fill in [0, 1, 0x7f, 0x80, 0xff] {
        let visit = VisitId::from_bytes([fill; 16]);
        let genesis = genesis(visit);
        assert_eq!((genesis.bytes, genesis.hash), by_automerge(visit));
    }
}

//! What happens between judging and writing: each is stopped there by hand, and the world changes meanwhile.

use std::sync::Arc;

use doorstep_store::assignments::end_assignment;
use doorstep_store::devices::{find_device, revoke_device};
use doorstep_store::documents::find_document_version;
use doorstep_store::visits::{find_visit, update_plan};
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::{AssignmentId, BatchId, EpochId};
use sync_core::protocol::{Audience, Cursor, Outcome, PushDoc};

use super::judge::Judged;
use super::part::Part;
use super::*;
use crate::app::reviews::fixture::{ORG, Office, PHONE, VISIT, office};
use crate::app::visits::reproject;

/// A round of the rep's phone that pushes what the server lacks of a document.
async fn round_of(office: &Office, doc: &VisitDoc, known: Option<&[Hash]>) -> Arc<Round> {
    let chunks = match known {
        None => vec![doc.save()],
        Some(heads) => doc.changes_since(heads).expect("known heads"),
    };
    let chunks = chunks.into_iter().map(Blob).collect();
    let pushed = PushDoc { heads: doc.heads(), chunks, ..PushDoc::asking(VISIT) };
    let request = SyncRequest {
        protocol: 1,
        device_id: PHONE,
        batch_id: BatchId(office.state.id()),
        cursor: None,
        max_bytes: 1 << 20,
        docs: vec![pushed],
        intents: Vec::new(),
        statements: Vec::new(),
        blobs: Vec::new(),
        arrived: Vec::new(),
        receipts: Vec::new(),
        device_state: None,
        seal: None,
    };
    let device = office.write(|conn| Ok(find_device(conn, ORG, PHONE)?)).await.expect("the rep's phone");
    Arc::new(Round {
        ctx: office.rep(),
        device,
        request,
        sealed: None,
        is_from_office: false,
        is_carried: false,
        driven: None,
    })
}

async fn judge(office: &Office, round: &Arc<Round>) -> Judged {
    let (part, cache) = (Part::whole(round), Arc::clone(&office.state.documents));
    office.state.store.read(move |conn| judge::judge(conn, &part, &cache)).await.expect("judged")
}

async fn write(office: &Office, round: &Arc<Round>, judged: Judged) -> AppResult<Pushed> {
    let (round, state) = (Arc::clone(round), office.state.clone());
    office.state.store.write(move |conn| apply::apply(conn, &state, &round, &judged)).await
}

async fn stored_version(office: &Office) -> i64 {
    office.write(|conn| Ok(find_document_version(conn, ORG, VISIT)?)).await
}

/// The visit goes to somebody else.
async fn reassign(office: &Office) {
    let now = office.state.clock.now().0;
    office.write(move |conn| Ok(end_assignment(conn, ORG, AssignmentId(VISIT.0), now)?)).await;
}

#[tokio::test]
async fn a_visit_reassigned_after_judging_is_judged_again_and_its_news_is_late() {
    let office = office().await;
    let mut doc = office.handed_in();
    let first = round_of(&office, &doc, None).await;
    let judged = judge(&office, &first).await;
    let stored = write(&office, &first, judged).await.expect("stored");
    assert_eq!(stored.docs[0].outcome, Outcome::Stored);

    let known = doc.heads();
    office.event(&mut doc, "depart");
    let round = round_of(&office, &doc, Some(&known)).await;
    let judged = judge(&office, &round).await;
    reassign(&office).await;
    let refused = write(&office, &round, judged).await.expect_err("judged by rights that are gone");
    assert!(matches!(refused, AppError::Store(StoreError::Stale)), "{refused:?}");
    assert_eq!(stored_version(&office).await, 1, "nothing was written");

    let pushed = push::push(&office.state, &round, &mut Turn::default()).await.expect("judged again");
    let ack = &pushed.docs[0];
    assert_eq!((ack.outcome, ack.reason.as_deref()), (Outcome::Late, Some("reassigned")));
    assert_eq!((stored_version(&office).await, ack.heads.clone()), (2, doc.heads()), "kept all the same");
}

#[tokio::test]
async fn the_first_push_of_a_document_counts_as_late_too() {
    let office = office().await;
    let doc = office.handed_in();
    // Whose work was taken from him is told so, whatever became of the visit since.
    for late in ["cancelled", "reassigned"] {
        let round = round_of(&office, &doc, None).await;
        let judged = judge(&office, &round).await;
        if late == "reassigned" {
            reassign(&office).await;
        } else {
            let now = office.state.clock.now();
            let cancel = move |conn: &mut doorstep_store::Conn| {
                let mut row = find_visit(conn, ORG, VISIT)?.expect("the visit");
                (row.cancelled_at_ms, row.version) = (Some(now.0), row.version + 1);
                update_plan(conn, &row)?;
                reproject(conn, ORG, VISIT, now).map(drop)
            };
            office.write(cancel).await;
        }
        let refused = write(&office, &round, judged).await.expect_err("judged by rights that are gone");
        assert!(matches!(refused, AppError::Store(StoreError::Stale)), "{refused:?}");
        assert_eq!(stored_version(&office).await, 0);
    }
    let round = round_of(&office, &doc, None).await;
    let pushed = push::push(&office.state, &round, &mut Turn::default()).await.expect("judged again");
    let ack = &pushed.docs[0];
    assert_eq!((ack.outcome, ack.reason.as_deref()), (Outcome::Late, Some("reassigned")));
}

#[tokio::test]
async fn a_phone_revoked_after_judging_writes_nothing_and_asks_again() {
    let office = office().await;
    let doc = office.handed_in();
    let round = round_of(&office, &doc, None).await;
    let judged = judge(&office, &round).await;
    let now = office.state.clock.now().0;
    office.write(move |conn| Ok(revoke_device(conn, ORG, PHONE, now)?)).await;
    assert_eq!(write(&office, &round, judged).await.expect_err("revoked").code(), ErrorCode::Busy);
    assert_eq!(
        push::push(&office.state, &round, &mut Turn::default()).await.expect_err("of another round").code(),
        ErrorCode::Busy
    );
    assert_eq!(stored_version(&office).await, 0);

    let again = round_of(&office, &doc, None).await;
    let pushed = push::push(&office.state, &again, &mut Turn::default()).await.expect("kept apart");
    assert_eq!(pushed.docs[0].code.as_deref(), Some("device_revoked"));
    assert_eq!(stored_version(&office).await, 0);
}

#[tokio::test]
async fn whoever_gets_much_takes_a_turn_also_with_a_cursor_of_other_data() {
    let office = office().await;
    let mut round = Round::clone(&*round_of(&office, &office.handed_in(), None).await);
    let state = &office.state;
    let own = Audience::User(round.ctx.actor.user);
    let at = |epoch, audiences: &[Audience], position| {
        let positions = audiences.iter().map(|audience| (*audience, position)).collect();
        Some(Cursor { positions, ..Cursor::start(epoch) })
    };
    let head = 300;
    let takes = [
        None,
        at(EpochId(state.id()), &[Audience::Org, own], head),
        at(state.epoch, &[], 0),
        at(state.epoch, &[Audience::Org], head),
        // In the middle of a first sync, and one that pretends to be.
        at(state.epoch, &[Audience::Org, own], 199),
        at(state.epoch, &[Audience::Org, own], 0),
        at(state.epoch, &[Audience::Org, own], 200),
        at(state.epoch, &[Audience::Org, own], head),
    ]
    .map(|cursor| {
        round.request.cursor = cursor.map(|cursor| cursor.encode().expect("a cursor"));
        [TokenKind::Full, TokenKind::Upload].map(|token| {
            round.ctx.actor.token = token;
            turn::is_much(&round.ctx, turn::has_read(state, &round), head)
        })
    });
    assert_eq!(takes.map(|[full, _]| full), [true, true, true, true, true, true, false, false]);
    assert_eq!(takes.map(|[_, upload]| upload), [false; 8]);
}

#[tokio::test]
async fn a_round_is_divided_in_the_order_of_writing_until_each_part_holds_one_item() {
    let office = office().await;
    let doc = office.handed_in();
    let mut round = Arc::into_inner(round_of(&office, &doc, None).await).expect("nobody else has it");
    let intents = [Blob(vec![1]), Blob(vec![2, 2])];
    round.request.intents = intents.to_vec();
    // Asked for, not pushed.
    let other = VisitId::from_bytes([9; 16]);
    round.request.docs.push(PushDoc::asking(other));
    let whole = Part::whole(&Arc::new(round));
    assert_eq!(whole.size(), 3 + doc.save().len());

    let (mut open, mut single) = (vec![whole], Vec::new());
    while let Some(part) = open.pop() {
        let Some([first, second]) = part.halves() else {
            let docs: Vec<VisitId> = part.docs().map(|doc| doc.id).collect();
            single.push((part.intents().to_vec(), docs));
            continue;
        };
        assert_eq!(first.size() + second.size(), part.size());
        open.extend([second, first]);
    }
    let [one, two] = intents.map(|intent| (vec![intent], Vec::new()));
    assert_eq!(single, [one, two, (Vec::new(), vec![VISIT]), (Vec::new(), Vec::new())]);
}

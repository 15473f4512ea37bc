//! What a phone has of audiences that it had once and has no more.

use doorstep_store::feed::{self, FeedOp};
use sync_core::protocol::Audience;

use super::{READ_AT_ONCE, Reader};
use crate::app::AppResult;

/// From here on a number in the cursor is no position: it marks how far the audience has been taken back. Positions
/// count what was told and never come near; a message takes integers up to 2^53.
const DROPPED: i64 = 1 << 52;

/// Whether a number in the cursor is such a mark: what the phone still has of the audience, no position would tell.
pub(super) const fn is_mark(number: i64) -> bool {
    number >= DROPPED
}

impl Reader<'_> {
    /// An audience the phone had and has no more: its items are gone unless another one holds them.
    ///
    /// That it had it is the cursor's word alone: nobody ever had the audience of another person.
    pub(super) fn drop_lost_audiences(&mut self) -> AppResult<()> {
        let lost: Vec<Audience> =
            self.cursor.positions.keys().filter(|audience| !self.granted.contains(audience)).copied().collect();
        for audience in lost {
            if matches!(audience, Audience::User(_)) || self.drop_audience(audience)? {
                self.cursor.positions.remove(&audience);
            }
        }
        Ok(())
    }

    /// Takes back what the phone may have of an audience, in the order of the feed: so what moves meanwhile comes again.
    /// Tells whether nothing is left.
    ///
    /// An item that entered after the phone's position may be one that had left and came back, so it is named too; the
    /// feed does not tell it from one that the phone never had. What was gone by that position is not, as long as the
    /// position is known: in the first answer, which most often is the only one.
    fn drop_audience(&mut self, audience: Audience) -> AppResult<bool> {
        let (org, name) = (self.round.ctx.actor.org, audience.to_string());
        let position = self.cursor.position(&audience);
        let (mut after, told_until) = if is_mark(position) { (position - DROPPED, 0) } else { (0, position) };
        loop {
            let rows = feed::list_feed(self.conn, org, &name, after, READ_AT_ONCE)?;
            let is_last = rows.len() < READ_AT_ONCE;
            for row in rows {
                if self.used >= self.budget {
                    self.out.more = true;
                    return Ok(false);
                }
                if row.op.0 == FeedOp::Put || row.pos > told_until {
                    self.send_gone(row.kind.0, &row.item)?;
                }
                after = row.pos;
                self.cursor.positions.insert(audience, DROPPED + after);
                self.has_moved = true;
            }
            if is_last {
                return Ok(true);
            }
        }
    }
}

//! The order of a document's operations when one writer wrote them all: there is only one.

/// Follows the operations of a document from row to row.
#[derive(Debug, Default)]
pub(super) struct Order<'a> {
    /// Object, key and operation of the last row of a map; the root is object 0.
    last: Option<(u64, &'a str, u64)>,
    notes: Notes,
}

/// The list of the notes as a tree: each element hangs at the one it was inserted after, later insertions first.
#[derive(Debug, Default)]
struct Notes {
    /// From the head to the element of the last row.
    path: Vec<Element>,
    /// The last child of the head.
    last_child: Option<u64>,
    /// The last update of the element of the last row.
    last_update: Option<u64>,
    is_begun: bool,
}

#[derive(Debug, Clone, Copy)]
struct Element {
    counter: u64,
    last_child: Option<u64>,
}

impl<'a> Order<'a> {
    /// The next row is a record: maps in the order they were made, keys in the order of their bytes, and under one key the
    /// older operation first. False if it belongs elsewhere.
    pub(super) fn record(&mut self, object: u64, key: &'a str, counter: u64) -> bool {
        let row = (object, key, counter);
        let follows = self.last.is_none_or(|last| last < row);
        self.last = Some(row);
        // The text is the last object that genesis makes.
        follows && !self.notes.is_begun
    }

    /// The next row inserts an element into the notes after another, or at their head.
    pub(super) fn insert(&mut self, after: Option<u64>, counter: u64) -> bool {
        let notes = &mut self.notes;
        notes.is_begun = true;
        notes.last_update = None;
        if let Some(after) = after {
            while notes.path.last().is_some_and(|element| element.counter != after) {
                notes.path.pop();
            }
            if notes.path.is_empty() {
                return false;
            }
        } else {
            notes.path.clear();
        }
        let last_child = notes.path.last_mut().map_or(&mut notes.last_child, |element| &mut element.last_child);
        let is_earlier = last_child.replace(counter).is_none_or(|later| counter < later);
        notes.path.push(Element { counter, last_child: None });
        is_earlier && after.is_none_or(|after| after < counter)
    }

    /// The next row overwrites an element of the notes: it stands behind it, the older operation first.
    pub(super) fn update(&mut self, element: u64, counter: u64) -> bool {
        let notes = &mut self.notes;
        let before = notes.last_update.replace(counter).unwrap_or(element);
        notes.path.last().is_some_and(|last| last.counter == element) && before < counter
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn records_rise_by_object_key_and_operation() {
        let order = |rows: &[(u64, &'static str, u64)]| {
            let mut order = Order::default();
            rows.iter().all(|(object, key, counter)| order.record(*object, key, *counter))
        };
        assert!(order(&[(0, "a", 1), (0, "b", 2), (1, "a", 20), (1, "a", 30), (1, "b", 25), (2, "a", 17)]));
        assert!(!order(&[(0, "b", 2), (0, "a", 1)]), "keys");
        assert!(!order(&[(2, "a", 17), (1, "a", 20)]), "objects");
        assert!(!order(&[(1, "a", 30), (1, "a", 20)]), "operations");
        assert!(!order(&[(1, "a", 30), (1, "a", 30)]), "once");
    }

    #[test]
    fn notes_stand_in_the_order_of_their_tree() {
        // (after, counter); an update is (element, counter) with `false`.
        let order = |rows: &[(Option<u64>, u64, bool)]| {
            let mut order = Order::default();
            rows.iter().all(|(at, counter, inserts)| match (at, inserts) {
                (at, true) => order.insert(*at, *counter),
                (Some(at), false) => order.update(*at, *counter),
                (None, false) => false,
            })
        };
        let typed = [(None, 20, true), (Some(20), 21, true), (Some(21), 22, true)];
        assert!(order(&typed));
        assert!(order(&[(None, 30, true), (None, 20, true), (Some(20), 21, true)]), "a later insertion at the head");
        assert!(order(&[(None, 20, true), (Some(20), 30, true), (Some(20), 21, true)]), "one in the middle");
        assert!(order(&[(None, 20, true), (Some(20), 25, false), (Some(20), 26, false), (Some(20), 21, true)]));
        assert!(!order(&[(None, 20, true), (None, 30, true)]), "an earlier sibling first");
        assert!(!order(&[(Some(20), 21, true), (None, 20, true)]), "a child before its parent");
        assert!(
            !order(&[(None, 20, true), (Some(20), 21, true), (None, 19, true), (Some(20), 22, true)]),
            "not together"
        );
        assert!(!order(&[(None, 20, true), (Some(20), 19, true)]), "after something later");
        assert!(!order(&[(None, 20, true), (Some(20), 21, true), (Some(20), 25, false)]), "an update elsewhere");
        assert!(!order(&[(None, 20, true), (Some(20), 26, false), (Some(20), 25, false)]), "updates in turn");
        let mut mixed = Order::default();
        assert!(mixed.insert(None, 20) && !mixed.record(1, "a", 21), "notes come last");
    }
}

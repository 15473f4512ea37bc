//! What holds of every row of the permission table.

use super::*;

#[test]
fn ids_and_routes_are_unique() {
    let mut ids: Vec<_> = Operation::ALL.iter().map(|op| op.row().id).collect();
    let mut routes: Vec<_> =
        Operation::ALL.iter().map(|op| (op.row().path, format!("{:?}", op.row().method))).collect();
    let count = Operation::ALL.len();
    ids.sort_unstable();
    ids.dedup();
    routes.sort_unstable();
    routes.dedup();
    assert_eq!((ids.len(), routes.len()), (count, count));
}

/// Reach relies on it: who sees only some states of visits sees those of everybody.
#[test]
fn who_judges_judges_for_the_whole_organisation() {
    for op in Operation::ALL {
        for (role, scope) in op.grants(&[Role::Reviewer, Role::Auditor]) {
            assert_eq!(scope, Scope::Organisation, "{op:?} for {role}");
        }
    }
}

#[test]
fn an_upload_token_opens_only_device_operations() {
    for op in Operation::ALL {
        let scope = op.scope(&Role::ALL, TokenKind::Upload, true);
        let expected = matches!(op.row().access, Access::Public | Access::Device);
        assert_eq!(scope.is_some(), expected, "{op:?}");
    }
}

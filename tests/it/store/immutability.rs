//! Signed and published bytes: the database itself refuses to change them.

use diesel::prelude::*;
use diesel::sql_query;
use doorstep_store::norms::{
    PolicyVersionRow, TemplateRow, find_policy, find_template, insert_policy, insert_template,
};
use doorstep_store::schema::statements;
use doorstep_store::{Conn, Txt, per_backend};
use integration_tests::app::COMPANIES;
use integration_tests::company::YUNZE;
use integration_tests::db::{TestDb, with_conn};
use sync_core::bytes::Hash;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn template() -> TemplateRow {
    let body = "{}".to_owned();
    let sha256 = Txt(Hash::of(body.as_bytes()));
    TemplateRow { org_id: Txt(YUNZE.org), code: "t".to_owned(), version: 1, body, sha256, published_at_ms: 1 }
}

fn policy() -> PolicyVersionRow {
    PolicyVersionRow { org_id: Txt(YUNZE.org), version: 1, body: "{}".to_owned(), effective_from_ms: 1 }
}

fn insert_statement(conn: &mut Conn) {
    let inserted = per_backend!(conn, c => diesel::insert_into(statements::table)
        .values((
            statements::org_id.eq(YUNZE.org.to_string()),
            statements::digest.eq(DIGEST),
            statements::visit_id.eq("01955f2c-3000-7000-8000-000000000001"),
            statements::kind.eq("acceptance"),
            statements::body.eq(b"body".to_vec()),
            statements::seal.eq("seal"),
            statements::device_id.eq("01955f2c-3000-7000-8000-000000000002"),
            statements::received_at_ms.eq(1i64),
        ))
        .execute(c));
    assert_eq!(inserted.expect("a statement is stored"), 1);
}

#[test]
fn statements_templates_and_policies_are_neither_changed_nor_removed() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        insert_statement(conn);
        insert_template(conn, &template()).expect("a template");
        insert_policy(conn, &policy()).expect("a policy");
        for (table, change) in [
            ("statements", "UPDATE statements SET seal = 'other'"),
            ("statements", "UPDATE statements SET received_at_ms = 2"),
            ("statements", "UPDATE statements SET seal = seal"),
            ("statements", "DELETE FROM statements"),
            ("templates", "UPDATE templates SET body = '{\"a\": 1}'"),
            ("templates", "DELETE FROM templates"),
            ("policies", "UPDATE policies SET effective_from_ms = 0"),
            ("policies", "DELETE FROM policies"),
        ] {
            let refused = per_backend!(conn, c => sql_query(change).execute(c)).expect_err(change).to_string();
            assert!(refused.contains(&format!("immutable: {table}")), "{change}: {refused}");
        }
        let seals: Vec<String> =
            per_backend!(conn, c => statements::table.select(statements::seal).load(c)).expect("rows");
        assert_eq!(seals, ["seal"]);
        assert_eq!(find_template(conn, YUNZE.org, "t", 1).expect("read"), Some(template()));
        assert_eq!(find_policy(conn, YUNZE.org, 1).expect("read"), Some(policy()));
    });
}

//! Searching by parts of names and addresses, which an index finds.

use std::collections::BTreeSet;

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

/// Imports an order for each name and address.
async fn orders(dispatcher: &Client<'_>, households: &[(String, String)]) -> Vec<Value> {
    let row = |(name, address): &(String, String)| {
        json!({"customer": {"kind": "individual", "name": name, "phones": ["000-0000-0017"], "address": address},
            "site": {"address": address, "scene": "rural"}, "order": {"type": "repair", "channel": "web"}})
    };
    let rows: Vec<Value> = households.iter().map(row).collect();
    let kept = dispatcher.post("/v1/work-orders/import", json!({ "rows": rows })).await.expect(200);
    kept["rows"].as_array().expect("rows").iter().map(|row| row["work_order_id"].clone()).collect()
}

fn household(name: &str, address: &str) -> (String, String) {
    (name.to_owned(), address.to_owned())
}

/// The orders found; ids of one millisecond are in no order.
async fn found(client: &Client<'_>, terms: Value) -> BTreeSet<String> {
    let found = client.post("/v1/search", terms).await.expect(200);
    found["work_orders"].as_array().expect("orders").iter().map(|order| id_of(&order["id"])).collect()
}

fn id_of(id: &Value) -> String {
    id.as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn parts_of_names_and_addresses_find_what_has_them() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let households = [
        household("欧阳海洋", "云泽市虚构区示例路 18 号 3 栋 502"),
        household("海洋科技（云泽）有限公司研发中心", "云泽市虚构区示例路 18 号 3 栋 503"),
        household("王海", "青岚县虚构镇柳影村 27 号"),
    ];
    let ids = orders(&dispatcher, &households).await;
    let every = |which: &[usize]| which.iter().map(|at| id_of(&ids[*at])).collect::<BTreeSet<_>>();
    for (terms, which) in [
        (json!({"name": "海洋"}), [0, 1].as_slice()),
        (json!({"name": "阳海洋"}), &[0]),
        (json!({"name": "研发中心"}), &[]),
        (json!({"name": "海洋科技（云泽）有限公司研发中心"}), &[1]),
        (json!({"name": "海洋科技（云泽）有限公司研发部"}), &[]),
        (json!({"name": "海_"}), &[]),
        (json!({"address": "示例路18号"}), &[0, 1]),
        (json!({"address": "虚构区示例路１８号３栋 502"}), &[0]),
        (json!({"address": "柳影村"}), &[2]),
        (json!({"address": "3栋503"}), &[1]),
        (json!({"name": "海洋", "address": "3栋503"}), &[1]),
        (json!({"name": "海", "phone": "0017", "address": "27号"}), &[2]),
        (json!({"address": "云泽", "name": "王"}), &[]),
    ] {
        assert_eq!(found(&dispatcher, terms.clone()).await, every(which), "{terms}");
    }
    let all = dispatcher.post("/v1/search", json!({"name": "海"})).await.expect(200);
    assert_eq!((&all["is_cut"], all["customers"].as_array().map(Vec::len)), (&json!(false), Some(3)));
}

#[actix_web::test]
async fn a_rep_finds_his_orders_among_all() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let ids = orders(&dispatcher, &[household("王海", "示例路 18 号"), household("王洋", "示例路 18 号")]).await;
    let plan = json!({"work_order_id": ids[1], "template": "broadband_install", "crew": [YUNZE.rep().id]});
    dispatcher.post("/v1/visits", plan).await.expect(201);
    let rep = app.signed_in(YUNZE.rep()).await;
    for terms in [json!({"name": "王"}), json!({"address": "18号"}), json!({"phone": "0017"})] {
        assert_eq!(found(&rep, terms.clone()).await, BTreeSet::from([id_of(&ids[1])]), "{terms}");
    }
}

/// Everything found is reached page by page, each once and in the order of ids; each page is recorded.
#[actix_web::test]
async fn what_is_found_is_listed_page_by_page() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let household = |at: usize| household(&format!("王{at}"), &format!("示例路 {at} 号"));
    let ids = orders(&dispatcher, &(0..53).map(household).collect::<Vec<_>>()).await;
    for order in &ids[..3] {
        let plan = json!({"work_order_id": order, "template": "broadband_repair"});
        dispatcher.post("/v1/visits", plan).await.expect(201);
    }
    let ids_of = |page: &Value, what: &str| -> Vec<String> {
        page[what].as_array().expect("a list").iter().map(|one| id_of(&one["id"])).collect()
    };
    for (terms, customers) in [(json!({"name": "王"}), 53), (json!({"address": "示例路"}), 53)] {
        let (mut found, mut token) = ([Vec::new(), Vec::new(), Vec::new()], String::new());
        for pages in 1.. {
            let path = format!("/v1/search?page_size=25{token}");
            let page = dispatcher.post(path, terms.clone()).await.expect(200);
            for (all, what) in found.iter_mut().zip(["customers", "work_orders", "visits"]) {
                all.extend(ids_of(&page, what));
            }
            let Some(next) = page["next_page_token"].as_str() else {
                assert_eq!((pages, &page["is_cut"]), (3, &json!(false)));
                break;
            };
            token = format!("&page_token={next}");
        }
        assert_eq!(found.each_ref().map(Vec::len), [customers, 53, 3], "{terms}");
        for all in &found[..2] {
            assert!(all.is_sorted() && BTreeSet::from_iter(all).len() == all.len(), "{all:?}");
        }
    }
    let admin = YUNZE.member(Role::Dispatcher).id.to_string();
    let events = app.read(move |conn| doorstep_store::audit::list_audit_events(conn, YUNZE.org, &admin, 100)).await;
    assert_eq!(events.iter().filter(|event| event.kind == "search.done").count(), 6, "each page shows other people");
    for faulty in ["eA", "MDE5NTVmMmM"] {
        let path = format!("/v1/search?page_token={faulty}");
        let refused = dispatcher.post(path, json!({"name": "王"})).await;
        assert_eq!(refused.outcome(), (422, "page_token_invalid".to_owned()));
    }
}

//! Importing work orders: sheets as people keep them say the same as JSON, and what is wrong with them is told where it is.

use doorstep::domain::Role;
use encoding_rs::GB18030;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use integration_tests::together::all;
use integration_tests::workbook::{Typed, packed, workbook};
use serde_json::{Value, json};

const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const HEADER: [&str; 9] =
    ["外部单号", "工单类型", "渠道", "客户类型", "客户姓名", "联系电话", "客户地址", "施工地址", "场景"];

/// Four orders: good, of an unknown type, known from an earlier row, with a phone number too short.
const ROWS: [[&str; 9]; 4] = [
    ["A-1", "装机", "热线", "个人", "陈静", "0532-8888 0001；13800138000", "样本街 6 号", "样本街 6 号", "城市小区"],
    ["A-2", "nonsense", "web", "individual", "周明", "13800138001", "样本街 7 号", "样本街 7 号", "rural"],
    ["A-1", "install", "store", "institution", "云泽一中", "", "样本街 8 号", "样本街 8 号", "business"],
    ["A-3", "repair", "integrator", "individual", "王海", "12", "样本街 9 号", "样本街 9 号", "urban_residential"],
];

fn json_rows() -> Value {
    let row = |reference: &str, kind: &str, channel: &str, customer: Value, address: &str, scene: &str| {
        let mut customer = customer;
        customer["address"] = json!(address);
        json!({"customer": customer, "site": {"address": address, "scene": scene},
            "order": {"external_ref": reference, "type": kind, "channel": channel}})
    };
    let person = |name: &str, phones: Value| json!({"kind": "individual", "name": name, "phones": phones});
    let school = json!({"kind": "institution", "name": "云泽一中", "phones": []});
    let chen = person("陈静", json!(["0532-8888 0001", "13800138000"]));
    json!([
        row("A-1", "install", "hotline", chen, "样本街 6 号", "urban_residential"),
        row("A-2", "nonsense", "web", person("周明", json!(["13800138001"])), "样本街 7 号", "rural"),
        row("A-1", "install", "store", school, "样本街 8 号", "business"),
        row("A-3", "repair", "integrator", person("王海", json!(["12"])), "样本街 9 号", "urban_residential"),
    ])
}

fn csv(rows: &[[&str; 9]], separator: &str) -> String {
    let lines = [HEADER].iter().chain(rows).map(|row| row.join(separator)).collect::<Vec<_>>();
    lines.join("\r\n") + "\r\n"
}

fn book(rows: &[[&str; 9]]) -> Vec<u8> {
    let rows: Vec<Vec<Typed>> = [HEADER].iter().chain(rows).map(|row| row.map(Typed::from).to_vec()).collect();
    workbook(&rows)
}

fn call(query: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Call {
    Call::post(format!("/v1/work-orders/import{query}")).bytes(content_type, body)
}

async fn office() -> TestApp {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    app
}

/// What JSON can say, too.
fn without_cells(mut report: Value) -> Value {
    report.as_object_mut().expect("an object").remove("sheet");
    for row in report["rows"].as_array_mut().expect("rows") {
        row.as_object_mut().expect("a row").remove("sheet_row");
        for fault in row.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            let fault = fault.as_object_mut().expect("a fault");
            assert!(fault.remove("cell").is_some() && fault.remove("column").is_some(), "{fault:?}");
        }
    }
    report
}

#[actix_web::test]
async fn a_sheet_is_told_the_same_as_its_rows_in_json() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let body = json!({"dry_run": true, "mode": "good_rows", "rows": json_rows()});
    let by_json = dispatcher.post("/v1/work-orders/import", body).await.expect(200);
    assert_eq!((&by_json["duplicates"], &by_json["faulty"]), (&json!(1), &json!(2)), "{by_json}");
    let text = csv(&ROWS, ",");
    let forms: [(&str, &str, Vec<u8>); 5] = [
        ("UTF-8", CSV, text.clone().into()),
        ("UTF-8 with a mark", "text/csv; charset=utf-8", format!("\u{feff}{text}").into()),
        ("as in China", CSV, GB18030.encode(&text).0.into_owned()),
        ("semicolons", "Text/CSV", csv(&ROWS, ";").into()),
        ("a workbook", XLSX, book(&ROWS)),
    ];
    for (form, content_type, bytes) in forms {
        let report = dispatcher.send(call("?dry_run=true&mode=good_rows", content_type, bytes)).await.expect(200);
        assert_eq!(report.get("sheet").is_some(), content_type == XLSX, "{form}");
        assert_eq!(without_cells(report), by_json, "{form}");
    }
}

#[actix_web::test]
async fn a_fault_of_a_sheet_says_row_cell_and_column_in_both_languages() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    // A blank row and a line break within a cell: the numbers are those that people see.
    let text = csv(&ROWS, ",").replacen("陈静", "\"陈\n静\"", 1).replacen("A-2", "\r\nA-2", 1);
    let report = dispatcher.send(call("", CSV, text)).await.expect(200);
    assert_eq!((&report["is_kept"], &report["created"]), (&json!(false), &json!(0)), "all or nothing unless said");
    let rows: Vec<&Value> = report["rows"].as_array().expect("rows").iter().map(|row| &row["sheet_row"]).collect();
    assert_eq!(rows, [2, 4, 5, 6]);
    let faults = [&report["rows"][1]["fields"][0], &report["rows"][3]["fields"][0]];
    let told = |fault: &Value| [fault["path"].clone(), fault["cell"].clone(), fault["column"].clone()];
    assert_eq!(told(faults[0]), [json!("rows[1].order.type"), json!("B4"), json!("工单类型")]);
    assert_eq!(told(faults[1]), [json!("rows[3].customer.phones[0]"), json!("F6"), json!("联系电话")]);
    for fault in faults {
        let is_said = |name: &str| fault[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(is_said("expected") && is_said("expected_zh"), "{fault}");
    }
}

#[actix_web::test]
async fn columns_that_are_unknown_double_or_missing_are_named() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let refused = dispatcher.send(call("", CSV, "type,备注,类型 13800138000,工单类型,scene\ninstall,,,,\n")).await;
    assert_eq!(refused.outcome(), (422, "invalid".to_owned()), "{}", refused.text());
    assert!(!refused.text().contains("13800138000"), "what was sent is not repeated: it may be anybody's");
    let fields = refused.json()["fields"].clone();
    let paths: Vec<&str> =
        fields.as_array().expect("fields").iter().filter_map(|field| field["path"].as_str()).collect();
    let missing = ["channel", "customer_kind", "customer_name", "customer_address", "site_address"];
    assert_eq!(paths, ["B1", "C1", "D1"].into_iter().chain(missing).collect::<Vec<_>>());
    // Who names known customers and sites needs no columns for new ones.
    let known = dispatcher.send(call("?dry_run=true", CSV, "type,channel,customer_id,site_id\nrepair,web,x,\n")).await;
    let report = known.expect(200);
    let cells: Vec<&Value> =
        report["rows"][0]["fields"].as_array().expect("fields").iter().map(|one| &one["cell"]).collect();
    assert_eq!(cells, ["C2", "D2"], "{report}");
}

#[actix_web::test]
async fn what_a_spreadsheet_program_made_of_a_text_is_told() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let header = [
        "external_ref",
        "number_209",
        "type",
        "channel",
        "customer_kind",
        "customer_name",
        "phones",
        "customer_address",
        "site_address",
        "scene",
        "contracted_mbps",
        "fields.wanted_on",
    ];
    let row = |reference, number_209, phone, address| -> Vec<Typed> {
        let [kind, channel, customer, name, scene] = ["install", "web", "individual", "陈静", "rural"].map(Typed::from);
        let known: Typed = "样本街".into();
        vec![
            reference,
            number_209,
            kind,
            channel,
            customer,
            name,
            phone,
            known,
            address,
            scene,
            Typed::Number("500"),
            Typed::Day(45_721),
        ]
    };
    let text = Typed::from;
    let rows = [
        header.map(Typed::from).to_vec(),
        row(Typed::Number("88001"), Typed::Number("20900088001"), Typed::Number("13800138000"), text("样本街 6 号")),
        row(text("0088002"), text("2.09E+10"), Typed::Number("53288880001"), text("样本街 7 号")),
        row(text("0088003"), Typed::Number("900088003"), text("1.38E+10"), Typed::Day(45_717)),
        row(Typed::Number("1234567890123456789"), text("0209"), text("0532 8888 0001"), text("样本街 8 号")),
    ];
    let report = dispatcher.send(call("?mode=good_rows", XLSX, workbook(&rows))).await.expect(200);
    let cells = |row: usize, of: &str| -> Vec<String> {
        let listed = report["rows"][row][of].as_array().into_iter().flatten();
        listed.filter_map(|fault| fault["cell"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!((&report["created"], &report["sheet"]), (&json!(1), &json!("工单")), "{report}");
    assert_eq!([cells(0, "fields"), cells(0, "notes")], [vec![], vec!["A2".to_owned()]]);
    assert_eq!(cells(1, "fields"), ["G3", "B3"]);
    assert_eq!(cells(2, "fields"), ["G4", "I4", "B4"]);
    assert_eq!(cells(3, "fields"), ["A5"]);
    let id = report["rows"][0]["work_order_id"].as_str().expect("an id");
    let order = dispatcher.get(format!("/v1/work-orders/{id}")).await.expect(200);
    assert_eq!([&order["external_ref"], &order["number_209"]], [&json!("88001"), &json!("20900088001")]);
    assert_eq!(order["fields"], json!({"contracted_mbps": "500", "wanted_on": "2025-03-05"}));
}

#[actix_web::test]
async fn a_kept_sheet_makes_customers_sites_and_orders() {
    let app = office().await;
    let integrator = app.role(YUNZE, Role::Integrator).await;
    let template = integrator.get("/v1/work-orders/import-template?language=en").await;
    let mut text = template.text();
    assert!(text.starts_with("\u{feff}external_ref,") && template.header("content-disposition").is_some(), "{text}");
    let values = [
        ("type", "repair"),
        ("channel", "integrator"),
        ("customer_kind", "individual"),
        ("customer_name", "陈静"),
        ("phones", "\"0532-8888 0001\n+86 138 0013 8000\""),
        ("customer_address", "样本街 6 号"),
        ("site_address", "样本街 6 号"),
        ("scene", "rural"),
        ("access_note", "敲门"),
        ("lat", "30.659462"),
        ("lon", "104.065735"),
        ("accuracy_m", "10"),
        ("datum", "bd09"),
        ("priority", "7"),
        ("contracted_mbps", "500"),
    ];
    let names: Vec<String> = text.trim_start_matches('\u{feff}').trim().split(',').map(str::to_owned).collect();
    let value = |name: &String| values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    text.push_str(&names.iter().map(value).collect::<Vec<_>>().join(","));
    let report = integrator.send(call("", CSV, text)).await.expect(200);
    assert_eq!((&report["is_kept"], &report["created"]), (&json!(true), &json!(1)), "{report}");
    let row = &report["rows"][0];
    let get = async |path: &str, id: &Value| {
        integrator.get(format!("{path}/{}", id.as_str().expect("an id"))).await.expect(200)
    };
    let order = get("/v1/work-orders", &row["work_order_id"]).await;
    assert_eq!((&order["channel"], &order["priority"]), (&json!("integrator"), &json!(7)));
    assert_eq!((&order["number"], &order["customer_id"]), (&row["number"], &row["customer"]["id"]));
    let customer = get("/v1/customers", &order["customer_id"]).await;
    assert_eq!(customer["phones"], json!(["0532-8888 0001", "+86 138 0013 8000"]));
    let site = get("/v1/sites", &order["site_id"]).await;
    let geo = json!({"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 10, "datum": "bd09"});
    assert_eq!((&site["geo"], &site["access_note"]), (&geo, &json!("敲门")), "the position as it was given");
    let chinese = integrator.get("/v1/work-orders/import-template").await.text();
    assert!(chinese.starts_with("\u{feff}外部单号,") && chinese.ends_with("地点编号\r\n"), "{chinese}");
}

/// What is sent as what content type, and the status and code of the refusal.
type Refused = (&'static str, &'static str, Vec<u8>, (u16, &'static str));

#[actix_web::test]
async fn a_zero_that_text_has_lost_already_is_told() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let text = csv(&ROWS[..1], ",").replace("0532-8888 0001", "53288880001");
    let report = dispatcher.send(call("?dry_run=true", CSV, text)).await.expect(200);
    let row = &report["rows"][0];
    assert_eq!((&row["status"], &row["notes"][0]["cell"]), (&json!("good"), &json!("F2")), "{report}");
}

#[actix_web::test]
async fn a_cell_beyond_the_header_is_told_and_not_dropped() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let good = csv(&ROWS[..1], ",");
    let moved = format!("{good}{},备用电话\r\n", ROWS[3].join(",").replace(",12,", ",13800138000,"));
    let rows: Vec<Vec<Typed>> = moved.lines().map(|line| line.split(',').map(Typed::from).collect()).collect();
    for (content_type, bytes) in [(CSV, moved.clone().into_bytes()), (XLSX, workbook(&rows))] {
        let report = dispatcher.send(call("?dry_run=true&mode=good_rows", content_type, bytes)).await.expect(200);
        assert_eq!((&report["faulty"], &report["rows"][0]["status"]), (&json!(1), &json!("good")), "{report}");
        let fault = &report["rows"][1]["fields"][0];
        assert_eq!((&fault["path"], &fault["cell"]), (&json!("rows[1]"), &json!("J3")), "{report}");
        assert!(fault["expected"].is_string() && fault["expected_zh"].is_string(), "{fault}");
        assert!(!fault.to_string().contains("备用电话"), "what was sent is not repeated");
    }
}

/// A workbook of a few kilobytes that unpacks to more than the server takes.
fn bomb() -> Vec<u8> {
    packed(&" ".repeat(40 << 20))
}

#[actix_web::test]
async fn what_is_no_sheet_or_too_large_is_refused() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let wide = vec!["type"; 65].join(",");
    let far = r#"<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"#;
    let cases: [Refused; 10] = [
        ("no workbook", XLSX, b"PK\x03\x04 no".to_vec(), (400, "body_invalid")),
        (
            "closed or old",
            XLSX,
            [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600]].concat(),
            (400, "body_invalid"),
        ),
        ("a bomb", XLSX, bomb(), (413, "body_too_large")),
        ("a far cell", XLSX, packed(far), (413, "body_too_large")),
        ("no text", CSV, vec![0xff, 0xff, 0], (400, "body_invalid")),
        ("an open quotation mark", CSV, b"type\n\"install".to_vec(), (400, "body_invalid")),
        ("too wide", CSV, wide.into(), (413, "body_too_large")),
        ("nothing", CSV, Vec::new(), (422, "invalid")),
        ("a header alone", CSV, "type,channel,customer_id,site_id\n".into(), (422, "invalid")),
        ("pictures", "image/png", vec![1], (415, "media_type_unsupported")),
    ];
    for (what, content_type, bytes, (status, code)) in cases {
        let refused = dispatcher.send(call("", content_type, bytes)).await;
        assert_eq!(refused.outcome(), (status, code.to_owned()), "{what}: {}", refused.text());
    }
    let many = format!("{}{}", csv(&[], ","), format!("{}\r\n", ROWS[0].join(",")).repeat(10_001));
    let refused = dispatcher.send(call("", CSV, many)).await;
    assert_eq!((refused.outcome(), &refused.json()["limit"]), ((413, "body_too_large".to_owned()), &json!(10_001)));
    let refused = dispatcher.send(call("?mode=good_rows", "application/json", json!({"rows": []}).to_string())).await;
    assert_eq!(refused.outcome(), (422, "parameter_invalid".to_owned()), "JSON says it in its body");
    let unknown = dispatcher.send(call("?mode=some", CSV, csv(&ROWS, ","))).await;
    assert_eq!(unknown.outcome(), (422, "parameter_invalid".to_owned()));
}

#[actix_web::test]
async fn a_sheet_with_a_key_is_imported_once_and_the_query_counts() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let keyed = |query: &str| call(query, XLSX, book(&ROWS[..1])).header("idempotency-key", "sheet-1");
    let first = dispatcher.send(keyed("?mode=good_rows")).await.expect(200);
    assert_eq!(first["created"], 1);
    assert_eq!(dispatcher.send(keyed("?mode=good_rows")).await.expect(200), first);
    let other: Answer = dispatcher.send(keyed("?mode=all_or_nothing")).await;
    assert_eq!(other.outcome(), (422, "idempotency_mismatch".to_owned()));
}

#[actix_web::test]
async fn imports_of_the_same_orders_at_once_make_each_order_once_and_refuse_nobody() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    // They are judged side by side, before either of them is kept.
    let sent = all((0..6).map(|_| dispatcher.send(call("?mode=good_rows", CSV, csv(&ROWS, ","))))).await;
    let created: Vec<Value> = sent.into_iter().map(|answer| answer.expect(200)["created"].clone()).collect();
    let makers = created.iter().filter(|created| **created == 1).count();
    assert_eq!((makers, created.iter().filter(|created| **created == 0).count()), (1, 5), "{created:?}");
    assert_eq!(parties(&dispatcher).await, (1, 1));
}

/// How many customers and sites orders are for.
async fn parties(client: &Client<'_>) -> (usize, usize) {
    let orders = client.get("/v1/work-orders?page_size=200").await.expect(200);
    let distinct = |name: &str| {
        let ids = orders["items"].as_array().expect("items").iter().filter_map(|order| order[name].as_str());
        ids.collect::<std::collections::BTreeSet<_>>().len()
    };
    (distinct("customer_id"), distinct("site_id"))
}

#[actix_web::test]
async fn known_customers_and_sites_are_told_and_reused_only_where_asked() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let one = |reference, name, phone, address| {
        [reference, "repair", "web", "individual", name, phone, address, address, "rural"]
    };
    let known = [one("B-1", "陈静", "13800138000", "样本街 6 号")];
    let kept = dispatcher.send(call("", CSV, csv(&known, ","))).await.expect(200);
    let (customer, site) = (&kept["rows"][0]["customer"]["id"], &kept["rows"][0]["site"]["id"]);
    let rows = [
        one("B-2", "陈 静", "+86 138-0013-8000", "样本街６号"),
        one("B-3", "陈大", "13800138000", "样本街 8 号"),
        one("B-4", "周明", "13800138004", "样本街 9 号"),
        one("B-5", "周明", "13800138004", "样本街 9 号"),
    ];
    let preview = async |reuse: &str| {
        let query = format!("?dry_run=true&reuse={reuse}");
        dispatcher.send(call(&query, CSV, csv(&rows, ","))).await.expect(200)
    };
    let told = preview("named").await;
    let all = json!([
        {"what": "customer", "customer_id": customer, "why": ["phone", "name", "address"]},
        {"what": "site", "customer_id": customer, "site_id": site, "why": ["address"]},
    ]);
    assert_eq!((&told["rows"][0]["likely"], &told["rows"][0]["customer"]), (&all, &json!({"from": "added"})), "{told}");
    let at_phone = &told["rows"][1]["likely"][0];
    assert_eq!((&at_phone["customer_id"], &at_phone["why"]), (customer, &json!(["phone"])), "{told}");
    assert_eq!(told["rows"][2].get("likely"), None);
    let earlier = json!([
        {"what": "customer", "index": 2, "why": ["phone", "name", "address"]},
        {"what": "site", "index": 2, "why": ["address"]},
    ]);
    assert_eq!(told["rows"][3]["likely"], earlier);

    let exact = preview("exact").await;
    let from = |row: usize, what: &str| exact["rows"][row][what].clone();
    assert_eq!(
        [from(0, "customer"), from(0, "site")],
        [json!({"from": "known", "id": customer}), json!({"from": "known", "id": site})]
    );
    assert_eq!(from(1, "customer"), json!({"from": "added"}), "somebody else at the same telephone");
    assert_eq!(
        [from(3, "customer"), from(3, "site")],
        [json!({"from": "earlier_row", "index": 2}), json!({"from": "earlier_row", "index": 2})]
    );
    assert_eq!(parties(&dispatcher).await, (1, 1), "previews keep nothing");

    let kept = dispatcher.send(call("?reuse=exact", CSV, csv(&rows, ","))).await.expect(200);
    assert_eq!((&kept["created"], &kept["rows"][0]["customer"]["id"]), (&json!(4), customer));
    assert_eq!(kept["rows"][2]["customer"]["id"], kept["rows"][3]["customer"]["id"]);
    assert_eq!(parties(&dispatcher).await, (3, 3));
}

#[actix_web::test]
async fn a_row_may_name_a_known_customer_and_site() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let kept = dispatcher.send(call("?mode=good_rows", CSV, csv(&ROWS[..1], ","))).await.expect(200);
    let (customer, site) = (kept["rows"][0]["customer"]["id"].clone(), kept["rows"][0]["site"]["id"].clone());
    let order = json!({"type": "repair", "channel": "hotline"});
    let new_site = json!({"address": "新址 1 号", "scene": "rural"});
    let rows = json!([
        {"customer_id": customer, "site_id": site, "order": order},
        {"customer_id": customer, "site": new_site, "order": order},
        {"customer_id": site, "site_id": site, "order": order},
        {"customer_id": customer, "site_id": customer, "order": order},
        {"site_id": site, "order": order},
        {"customer_id": customer, "order": order},
        {"customer_id": customer, "site_id": site, "site": new_site, "order": order},
    ]);
    let body = json!({"mode": "good_rows", "rows": rows});
    let report = dispatcher.post("/v1/work-orders/import", body).await.expect(200);
    let paths = |row: usize| -> Vec<String> {
        let fields = report["rows"][row]["fields"].as_array().into_iter().flatten();
        fields.filter_map(|field| field["path"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!((&report["created"], &report["faulty"]), (&json!(2), &json!(5)), "{report}");
    assert_eq!(paths(2), ["rows[2].customer_id", "rows[2].site_id"]);
    assert_eq!(paths(3), ["rows[3].site_id"]);
    assert_eq!(paths(4), ["rows[4].customer", "rows[4].site_id"]);
    assert_eq!([paths(5), paths(6)], [["rows[5].site"], ["rows[6].site"]]);
    assert_eq!(parties(&dispatcher).await, (1, 2));
    // In a sheet a grid has a name.
    let text = |grid: &str| {
        format!(
            "type,channel,customer_id,site_address,scene,grid\nrepair,web,{},某地,rural,{grid}\n",
            customer.as_str().expect("an id")
        )
    };
    let named = dispatcher.send(call("", CSV, text("没有的网格"))).await.expect(200);
    assert_eq!(named["rows"][0]["fields"][0]["cell"], "F2", "{named}");
}

/// Orders without a number of their own: what makes a customer known is the customer.
#[actix_web::test]
async fn imports_at_once_that_reuse_who_is_known_add_nobody_twice() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let header = "type,channel,customer_kind,customer_name,phones,customer_address,site_address,scene\n";
    let text = format!("{header}repair,web,individual,王海,13800138000,样本街 9 号,样本街 9 号,rural\n");
    let sent = all((0..6).map(|_| dispatcher.send(call("?reuse=exact", CSV, text.clone())))).await;
    let reports: Vec<Value> = sent.into_iter().map(|answer| answer.expect(200)).collect();
    assert!(reports.iter().all(|report| report["created"] == 1), "{reports:?}");
    let items = async |path: &str| dispatcher.get(path.to_owned()).await.expect(200)["items"].clone();
    let (customers, orders) = (items("/v1/customers").await, items("/v1/work-orders").await);
    assert_eq!((customers.as_array().map(Vec::len), orders.as_array().map(Vec::len)), (Some(1), Some(6)));
    assert!(orders.as_array().expect("orders").iter().all(|order| order["site_id"] == orders[0]["site_id"]));
}

//! Searching among many customers and orders, and importing them: what an agent waits for with a customer on the line.

use std::collections::BTreeMap;

use doorstep::app::customers::NewCustomer;
use doorstep::app::sites::NewSite;
use doorstep::app::work_orders::{ImportRow, OrderData, RowResult};
use doorstep::boot;
use serde_json::{Value, json};

use super::{Options, Report};
use crate::company::{Company, IMPORT_ROWS};
use crate::database::Database;
use crate::job::Done;
use crate::report::Phase;
use crate::seed::open;
use crate::server::Server;
use crate::wire::{self, Connection};

const SURNAMES: &str =
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈";

const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力健世广志义兴良海山仁波宁贵福生龙元全胜学祥";

const DISTRICTS: [&str; 8] = ["虚构区", "样本区", "示例区", "云水区", "柳影区", "青岚县", "松石县", "白杨县"];

const ROADS: [&str; 10] =
    ["示例路", "人民路", "样本街", "和平路", "建设大道", "柳影巷", "东风路", "云泽街", "学府路", "滨河路"];

/// Searches of each kind.
const SEARCHES: usize = 100;

fn letter(of: &str, at: usize) -> char {
    of.chars().nth(at % of.chars().count()).expect("a letter")
}

fn name(at: usize) -> String {
    [letter(SURNAMES, at), letter(GIVEN, at / 50), letter(GIVEN, at / 2_500)].iter().collect()
}

fn address(at: usize) -> String {
    let (district, road) = (DISTRICTS[at % DISTRICTS.len()], ROADS[at / 8 % ROADS.len()]);
    format!("云泽市{district}{road}{}号{}栋{}室", at / 80 % 400 + 1, at / 32_000 % 9 + 1, at / 288_000 % 30 + 101)
}

fn row(at: usize) -> ImportRow {
    let customer = NewCustomer {
        kind: "individual".to_owned(),
        name: name(at),
        phones: vec![format!("138{at:08}")],
        address: address(at),
    };
    let site = NewSite {
        grid: None,
        address: address(at),
        geo: None,
        scene: "urban_residential".to_owned(),
        access_note: None,
    };
    let order = OrderData {
        external_ref: Some(format!("CRM-{at:08}")),
        number_209: Some(format!("209{at:08}")),
        kind: "install".to_owned(),
        channel: "hotline".to_owned(),
        fields: BTreeMap::new(),
        priority: 0,
    };
    ImportRow::adding(customer, site, order)
}

/// What is asked for of the order at a position; `series` is what its number begins with.
fn terms(series: &str, at: usize) -> [(&'static str, Value); 9] {
    [
        ("whole phone number", json!({"phone": format!("138{at:08}")})),
        ("last four digits", json!({"phone": format!("{:04}", at % 10_000)})),
        ("order number", json!({"number": format!("{series}{:06}", at + 1)})),
        ("209 number", json!({"number_209": format!("209{at:08}")})),
        ("external reference", json!({"external_ref": format!("CRM-{at:08}")})),
        ("name", json!({"name": name(at)})),
        ("surname and last four digits", json!({"name": letter(SURNAMES, at), "phone": format!("{:04}", at % 10_000)})),
        ("part of a name", json!({"name": name(at).chars().skip(1).collect::<String>()})),
        ("road and house", json!({"address": address(at).split_once(['区', '县']).map(|(_, road)| road.to_owned())})),
    ]
}

/// For each size: imports orders up to it, and searches.
pub fn search(options: &Options, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let (company, token, issuer) = boot::block_on(async {
        let state = open(&database).await;
        let company = Company::new(state.clock.now());
        let (founding, desk) = (company.clone(), company.phone(&state, "desk", "only"));
        let token = desk.phone.token.clone();
        let found = move |conn: &mut _| {
            founding.found(conn)?;
            founding.hire_desk(conn, "desk", &desk)
        };
        state.store.write(found).await.expect("a company with a desk");
        (company, token, state.config.issuer())
    });
    let (mut stored, mut series) = (0, String::new());
    for size in &options.sizes {
        boot::block_on(async {
            let state = open(&database).await;
            while stored < *size {
                let last = (*size).min(stored + IMPORT_ROWS);
                let started = wire::start();
                let reports = company.import(&state, "desk", (stored..last).map(row).collect()).await;
                if let Some(RowResult::Created(_, Some(number))) = reports.first().map(|row| row.result.clone()) {
                    series = number.trim_end_matches(|digit: char| digit.is_ascii_digit()).to_owned();
                }
                if stored == 0 || last == *size {
                    eprintln!("{} orders beside {stored} in {:.0} ms", last - stored, wire::since(started));
                }
                stored = last;
            }
        });
        let server = Server::start(&database.url, &database.directory, &issuer);
        server.settle();
        for kind in 0..terms(&series, 0).len() {
            let mut client = Connection::to(&server.address, &token);
            let (before, started) = (server.usage(), wire::start());
            let mut found = 0;
            for at in 0..SEARCHES {
                // Spread over all that is stored.
                let (_, body) = terms(&series, at * (stored / SEARCHES))[kind].clone();
                let answer = client.post("/v1/search", "application/json", body.to_string().as_bytes());
                let answer: Value = serde_json::from_slice(&answer).expect("JSON");
                found += usize::from(answer["work_orders"].as_array().is_some_and(|orders| !orders.is_empty()));
            }
            let what = terms(&series, 0)[kind].0;
            assert_eq!(found, SEARCHES, "every search by {what} finds an order");
            let done = Done {
                wall_ms: wire::since(started),
                latencies_ms: client.latencies_ms,
                up: client.up,
                authorization: client.authorization_bytes,
                down: client.down,
                bodies: client.bodies,
                most_bodies: client.most_bodies,
                ..Done::default()
            };
            report.add(run, Phase::new(format!("{what}, {stored} orders"), &done, before, server.usage()));
        }
    }
}

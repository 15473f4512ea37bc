//! PostgreSQL goes away and comes back, and the node stays.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::Cluster;
use integration_tests::live::LiveReader;
use integration_tests::patience::until;
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, send};
use serde_json::json;
use sync_core::protocol::Outcome;

use super::Pair;

/// Runs a statement beside the database under test.
fn beside(statement: &str) {
    let cluster = Cluster::of_this_process().expect("the cluster runs");
    let mut conn = PgConnection::establish(&cluster.url("postgres")).expect("it listens");
    conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
}

#[test]
fn a_node_without_its_database_is_not_ready_acknowledges_nothing_and_recovers_by_itself() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut live = LiveReader::open(server.url(), phone.access());
    let push = |text: &str| {
        let call = phone.sync_call(&phone.pushing(Vec::new(), vec![phone.day_note(text)]));
        send(server.url(), &call).expect("an answer")
    };
    assert_eq!(push("before").status, 200);
    live.until_moved("u:");

    let name = server.database_url().rsplit('/').next().expect("a database");
    // One database cannot be stopped: nobody gets in any more, and who is in is thrown out.
    beside(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    beside(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    let unready = server.send(&Call::get("/readyz"));
    assert_eq!(unready.outcome(), (503, "not_ready".to_owned()));
    server.send(&Call::get("/healthz")).expect(200);
    let refused = push("meanwhile");
    assert_eq!(refused.outcome(), (503, "busy".to_owned()));

    beside(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    until("the node is ready again", || server.send(&Call::get("/readyz")).status == 200);
    // The first try of an item that was refused before is stored: it was not, and it is not in quarantine.
    let request = phone.pushing(Vec::new(), vec![phone.day_note("meanwhile")]);
    let answer = phone.sync(&server, &request).expect("an answer");
    assert_eq!(answer.acks[0].outcome, Outcome::Stored);
    live.until_moved("u:");
}

#[test]
fn a_node_whose_connections_were_cut_hears_again_what_is_pushed_at_another() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut live = LiveReader::try_open(there, phone.access()).expect("a stream");
    let ready = live.next().expect("the first event");
    let audiences = ready.data["audiences"].as_array().expect("audiences").len();
    assert!(audiences > 1, "his own and others: {ready:?}");

    let name = pair.server.database_url().rsplit('/').next().expect("a database");
    beside(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    // Once it listens again, a node tells each of its readers of everything he has, once.
    for _ in 0..audiences {
        assert_eq!(live.next().expect("the stream goes on").name, "moved");
    }
    for url in [here, there] {
        until("each node is ready again", || send(url, &Call::get("/readyz")).expect("an answer").status == 200);
    }
    // From here on only what the other node tells is told: his own audience, and no other beside it.
    for text in ["one", "two", "three"] {
        let call = phone.sync_call(&phone.pushing(Vec::new(), vec![phone.day_note(text)]));
        // A connection that was cut may be noticed only now.
        until("a push is taken again", || send(here, &call).expect("an answer").status == 200);
        let event = live.next().expect("a hint");
        let data = json!({"audience": format!("u:{}", phone.user())});
        assert_eq!((event.name.as_str(), event.data), ("moved", data), "{text}");
    }
}

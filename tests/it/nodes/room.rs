//! The quota of an organisation, while another transaction takes what is left of it.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use tokio::time::timeout;

use super::PATIENCE;
use super::requests::waiting;
use crate::uploads::{append, creation, location, tus};

/// Makes the commit of whoever says that 12 bytes will come wait for a lock.
const PAUSE: &str = "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; \
     CREATE CONSTRAINT TRIGGER pause AFTER INSERT OR UPDATE ON uploads DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
     WHEN (NEW.length_bytes = 12) EXECUTE FUNCTION pause()";

/// Outcomes of a request that is paused before its commit, and of one that comes meanwhile.
async fn meeting(app: &TestApp, device: &Device<'_>, first: Call, second: Call) -> [(u16, String); 2] {
    let client = device.client();
    let mut holder = PgConnection::establish(&app.state.config.database_url).expect("it listens");
    holder.batch_execute("SELECT pg_advisory_lock(42)").expect("the lock");
    let beside = async {
        while waiting(&mut holder) < 1 {
            tokio::task::yield_now().await;
        }
        let mut second = std::pin::pin!(client.send(second));
        let answered = loop {
            tokio::select! {
                biased;
                // It saw nothing of the first one.
                answer = &mut second => break Some(answer),
                () = tokio::task::yield_now() => {}
            }
            if waiting(&mut holder) > 1 {
                break None;
            }
        };
        holder.batch_execute("SELECT pg_advisory_unlock(42)").expect("the lock is given back");
        match answered {
            Some(answer) => answer,
            None => second.await,
        }
    };
    let both = async { tokio::join!(client.send(first), beside) };
    let (first, second) = timeout(PATIENCE, both).await.expect("neither waits for ever");
    [first.outcome(), second.outcome()]
}

#[actix_web::test]
async fn what_another_transaction_is_just_announcing_counts_for_the_quota() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let device = app.device_of(YUNZE.rep()).await;
    let open_ended = || tus("POST", "/v1/uploads").header("upload-defer-length", "1");
    let [one, two] = [device.client().send(open_ended()).await, device.client().send(open_ended()).await];
    let [one, two] = [location(&one), location(&two)];
    let mut preparing = PgConnection::establish(&app.state.config.database_url).expect("it listens");
    preparing.batch_execute(PAUSE).expect("the pause is prepared");
    let refused = (507, "storage_quota".to_owned());

    let outcomes = meeting(&app, &device, creation(12), creation(11)).await;
    assert_eq!(outcomes, [(201, String::new()), refused.clone()], "one room for two that begin");
    preparing.batch_execute("DELETE FROM uploads WHERE length_bytes IS NOT NULL").expect("room again");
    let says = |path: &str, length: &str| append(path, 0, b"").header("upload-length", length);
    let outcomes = meeting(&app, &device, says(&one, "12"), says(&two, "11")).await;
    assert_eq!(outcomes, [(204, String::new()), refused], "one room for two that say their size");
}

//! How long the server took, as its own time limit counts it: from the request on, whatever we waited for before.

use std::time::Duration;

use roundsman_simulators::{At, Damage, Fault, Shape, Stall};
use serde_json::json;

use super::stage::*;

/// It begins to answer after five minutes and ends after ten, and nothing proves its end. That it refused another form of the
/// request before, which took its time too, changes nothing.
#[tokio::test]
async fn the_ten_minutes_begin_with_the_request() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let stage = Stage::of_rows(100).await.set(json!({ "retry": { "max_attempts": 1 } }));
    let export = || Fault::on("POST /api/card/12/query/csv");
    let refused = export().nth(1).virtual_delay(&stage.clock, minutes(4)).status(400);
    stage.sim.fault(refused.shape(Shape::RawText, "", "no"));
    let slow = export().nth(2).virtual_delay(&stage.clock, minutes(5));
    let slow = slow.body(Damage::Stall(At::Row(50), Stall::OnItsClock(minutes(5)))).body(Damage::NotPacked);
    let handle = stage.sim.fault(slow);
    let test = stage.builder().build();
    let waits = async {
        handle.stalled(1).await;
        stage.clock.advance(minutes(5));
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! { ended = stage.run(&test) => ended, () = waits => unreachable!() };
    let error = ended.unwrap_err();
    assert!(error.to_string().contains("it ended after 600 s, when the server's own time limit"), "{error}");
}

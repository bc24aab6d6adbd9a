//! What a server repeats of our requests in its errors stands in no manifest and no outcome. Logs are the daemon's matter.

use roundsman_simulators::{At, Damage, Fault, metabase::API_KEY};
use serde_json::json;

use super::stage::*;

#[tokio::test]
async fn an_error_that_repeats_the_key_is_told_without_it() {
    let items = json!([{ "name": "bad", "card": 12 }, { "name": "good", "card": 12, "format": "json" }]);
    let stage = Stage::of_rows(50).await.set(json!({ "item": items }));
    let told = format!("ERROR: syntax error, asked with X-API-KEY {API_KEY}");
    let document = json!({ "status": "failed", "error": told, "error_type": API_KEY });
    let late = Damage::document(At::Row(7), &document);
    stage.sim.fault(Fault::on("POST /api/card/12/query/csv").body(late));
    let test = stage.builder().build();
    let end = format!("{:?}", stage.run(&test).await);
    let manifest = stage.manifest().to_string();
    for told in [end, manifest] {
        assert!(told.contains("asked with X-API-KEY") && !told.contains(API_KEY), "{told}");
    }
}

//! Damage at any byte, over any framing, in every form: what gets its name is whole, whatever came before it.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use roundsman_simulators::{
    At, Damage, Ending, Fault,
    metabase::{CardSetup, Framing, MetabaseScenario, Release, Rows},
};
use serde_json::json;

use super::stage::*;

const FORMS: [&str; 4] = ["csv", "json", "xlsx", "xlsx-local"];
const FRAMINGS: [Framing; 3] = [Framing::Chunked, Framing::ContentLength, Framing::UntilClose];
const ENDINGS: [Ending; 4] = [Ending::Clean, Ending::Closed, Ending::MidChunk, Ending::Reset];

async fn stage(form: &str, framing: Framing, keys: serde_json::Value) -> Stage {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders").rows(Rows::awkward(60)))
        .set(|settings| settings.framing = framing);
    let stage = Stage::new(scenario, json!([{ "name": "orders", "card": 12 }])).await;
    stage.set(json!({ "format": form, "retry": { "max_attempts": 1 } })).set(keys)
}

/// Without damage every way is good, but for the one that proves nothing.
#[tokio::test]
async fn whole_exports_come_over_any_framing() {
    for form in FORMS {
        for framing in FRAMINGS {
            for packed in [true, false] {
                let told = format!("{form} {framing:?}, packed: {packed}");
                let stage = stage(form, framing, json!({})).await;
                if !packed {
                    stage.sim.fault(Fault::on("POST *").body(Damage::NotPacked));
                }
                let ended = stage.run(&stage.builder().build()).await;
                let proves_nothing =
                    !packed && framing == Framing::UntilClose && matches!(form, "csv" | "xlsx-local");
                assert_eq!(ended.is_ok(), !proves_nothing, "{told}: {ended:?}");
                if ended.is_ok() && matches!(form, "csv" | "json") {
                    assert_eq!(
                        stage.file(&format!("question_12.{form}")),
                        stage.sim.truth(12, form),
                        "{told}"
                    );
                }
            }
        }
    }
}

/// What is cut at any byte, however it ends, has no name afterwards, and what had it before is as it was.
#[tokio::test]
async fn cut_anywhere() {
    let mut random = StdRng::seed_from_u64(12);
    for round in 0..240 {
        let form = FORMS[round % 4];
        let framing = FRAMINGS[random.random_range(0..3)];
        let packed = random.random_bool(0.5);
        let ending = ENDINGS[random.random_range(0..4)];
        let post = if random.random_bool(0.5) {
            json!({ "post": ["zstd"], "unchanged": "skip" })
        } else {
            json!({})
        };
        let stage = stage(form, framing, post).await;
        let length = stage.sim.truth(12, if form == "xlsx-local" { "csv" } else { form }).len() as u64;
        let at = random.random_range(0..if packed { length / 8 } else { length - 1 });
        // Behind a row, and ended in good order: nothing on earth shows that.
        let is_behind_a_row = stage
            .sim
            .truth(12, "csv")
            .get(..usize::try_from(at).unwrap())
            .is_some_and(|so_far| so_far.ends_with(b"\n"));
        let is_in_order = matches!(
            (ending, framing),
            (Ending::Clean, Framing::Chunked | Framing::ContentLength) | (_, Framing::UntilClose)
        );
        if !packed
            && is_in_order
            && is_behind_a_row
            && framing != Framing::UntilClose
            && matches!(form, "csv" | "xlsx-local")
        {
            continue;
        }
        let told = format!("{round}: {form} {framing:?} {ending:?} at {at}, packed: {packed}");
        let mut fault = Fault::on("POST *").body(Damage::End(At::Byte(at), ending));
        if !packed {
            fault = fault.body(Damage::NotPacked);
        }
        let handle = stage.sim.fault(fault);
        let test = stage.builder().build();
        let ended = stage.run(&test).await;
        assert_eq!(handle.fired(), 1, "{told}");
        assert!(ended.is_err(), "{told}: {ended:?}");
        assert_eq!(stage.files(), Vec::<String>::new(), "{told}");
    }
}

/// A byte that changed on its way, where a check sum can tell.
#[tokio::test]
async fn changed_anywhere() {
    let mut random = StdRng::seed_from_u64(13);
    for round in 0..160 {
        let form = FORMS[round % 4];
        let stage = stage(form, FRAMINGS[random.random_range(0..3)], json!({})).await;
        let length = stage.sim.truth(12, if form == "xlsx-local" { "csv" } else { form }).len() as i64;
        // The first bytes are the head of the packing, with things that mean nothing.
        let at = if random.random_bool(0.2) {
            -random.random_range(1..40)
        } else {
            random.random_range(10..length / 5)
        };
        let handle = stage.sim.fault(Fault::on("POST *").body(Damage::Flip(at)));
        let ended = stage.run(&stage.builder().build()).await;
        assert_eq!(handle.fired(), 1);
        assert!(ended.is_err(), "{round}: {form} at {at}: {ended:?}");
        assert_eq!(stage.files(), Vec::<String>::new());
    }
}

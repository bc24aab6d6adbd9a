//! When the attempts of a task are repeated: what is written and what its kind says. It decides over no attempt.

use std::num::NonZeroU32;

use roundsman_model::RetryPolicy;

use crate::{check::toml_text, definition::Made, origin::Origin, tables::RetryTable};

/// The policy of a task. `repeatable` says whether attempts of its kind may simply be repeated.
pub(crate) fn policy(made: &mut Made<'_, '_>, table: Option<&RetryTable>, repeatable: bool) -> RetryPolicy {
    let usual = if repeatable { RetryPolicy::default() } else { RetryPolicy::never() };
    let none = RetryTable::default();
    let wanted = table.unwrap_or(&none);
    if table.is_some() && wanted.attempts.is_none() && !repeatable {
        let what = "this says when to repeat, but attempts of this kind are repeated only if the task says how often";
        made.problem("retry", what, Some("`attempts` among these keys, such as `attempts = 3`"));
    }
    let of_kind = made.kind_origin();
    let attempts = wanted.attempts.map(NonZeroU32::get);
    let attempts = made.value_or("retry.attempts", attempts, usual.attempts, &of_kind);
    let backoff = made.value("retry.backoff", wanted.backoff, usual.backoff);
    if wanted.backoff_max.is_some_and(|longest| longest < backoff) {
        made.problem(
            "retry.backoff_max",
            "this is shorter than `backoff`",
            Some(&format!("at least {backoff}")),
        );
    }
    // Whoever wants long pauses from the start does not want them cut.
    let backoff_max = made.value("retry.backoff_max", wanted.backoff_max, usual.backoff_max.max(backoff));
    made.optional("retry.deadline", wanted.deadline);
    let retry_on = wanted.retry_on.clone().unwrap_or(usual.retry_on);
    let shown = toml_text(&serde_json::to_value(&retry_on).unwrap_or_default());
    made.value_or("retry.retry_on", wanted.retry_on.as_ref().map(|_| shown.clone()), shown, &Origin::Default);
    RetryPolicy { attempts, backoff, backoff_max, deadline: wanted.deadline, retry_on }
}

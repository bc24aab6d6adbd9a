//! What this host makes of a task's sandbox, in words: findings for people, warnings for the log of a run, and the reason
//! why a task does not start. What is enforceable is decided in `model`.

use roundsman_model::{
    Abilities, Enforce, Finding, SandboxVerdict, TaskDefinition, TaskError, Unenforceable,
};

/// The verdict on a task's sandbox.
pub(crate) fn verdict(definition: &TaskDefinition, abilities: &Abilities) -> SandboxVerdict {
    definition.sandbox.verdict(definition.user.as_deref(), abilities)
}

/// The rules that the task goes without, for the log of its run. The error is why it must not start.
pub(crate) fn admit(definition: &TaskDefinition, abilities: &Abilities) -> Result<Vec<String>, TaskError> {
    let verdict = verdict(definition, abilities);
    if verdict.is_enforced() || definition.sandbox.enforce == Enforce::BestEffort {
        let unenforced = verdict.unenforceable.iter();
        return Ok(unenforced
            .map(|rule| format!("not enforced on this host: {}: {}", key(rule), rule.why))
            .collect());
    }
    let rules: Vec<String> =
        verdict.unenforceable.iter().map(|rule| format!("{}: {}", key(rule), rule.why)).collect();
    Err(TaskError::config(format!(
        "not started, because this host cannot enforce what the task demands (sandbox.enforce = \"strict\"): {}",
        rules.join("; ")
    )))
}

/// What of the sandbox a person should know, before a run.
pub(crate) fn findings(definition: &TaskDefinition, abilities: &Abilities) -> Vec<Finding> {
    let verdict = verdict(definition, abilities);
    let strict = definition.sandbox.enforce == Enforce::Strict;
    let unenforced = verdict.unenforceable.iter().map(|rule| {
        let what = format!("enforce {}", key(rule));
        if strict {
            let advice = "change the host, or the rule; until then no run of the task starts on this node";
            Finding::failure(what, &rule.why, advice)
        } else {
            let advice = "its runs go without this rule on this node; with sandbox.enforce = \"strict\" they would not start";
            Finding::warning(what, &rule.why, advice)
        }
    });
    let notes =
        verdict.notes.iter().map(|note| Finding::ok(format!("enforce sandbox.{}", note.rule), &note.how));
    let exposed = abilities.exposure(definition.user.as_deref()).map(|why| {
        let advice = "give its tasks a `user` of their own, or a kernel with Landlock";
        Finding::warning("keep the daemon out of the reach of its tasks", why, advice)
    });
    unenforced.chain(notes).chain(exposed).collect()
}

/// The key of the rule as it is written in the configuration.
fn key(rule: &Unenforceable) -> String {
    if rule.rule == "user" { rule.rule.clone() } else { format!("sandbox.{}", rule.rule) }
}

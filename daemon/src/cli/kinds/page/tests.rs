//! The page of a kind.

use std::time::Duration;

use expect_test::expect;
use roundsman_task::{ActionInfo, BudgetRule, KindInfo, MetricInfo, MetricType};
use serde_json::json;

use super::render;
use crate::cli::look::Look;

const INFO: KindInfo = KindInfo {
    name: "dns-availability",
    about: "asks DNS servers questions",
    category: "monitoring",
    default_schedule: Some("* * * * *"),
    timeout: Duration::from_secs(50),
    repeatable: true,
    metrics: &[MetricInfo {
        name: "roundsman_dns_up",
        help: "Whether the check passed",
        metric_type: MetricType::Gauge,
        labels: &["check"],
    }],
    credentials: &[],
    actions: &[ActionInfo {
        name: "ask",
        about: "asks one question now",
        timeout: Duration::from_secs(5),
        exclusive: false,
        writes: false,
        params: roundsman_task::no_params,
    }],
    budgets: &[("dns", BudgetRule::per_second(5))],
};

#[test]
fn a_kind_with_everything() {
    let schema = json!({ "type": "object", "required": ["server"], "properties": {
        "server": { "type": "string", "description": "Asks this one." },
        "type": { "type": "string", "default": "A" },
    } });
    expect![[r#"
        dns-availability: asks DNS servers questions
          family          monitoring
          time limit      50 s
          when it fails   may be tried again
          usual schedule  every minute (* * * * *)

        Keys of its `with` table
          server: text, must be written
              Asks this one.
          type: text, default "A"

        Actions
        NAME  TIME LIMIT  WRITES  WHAT IT DOES
        ask   5 s         no      asks one question now

        Metrics
          roundsman_dns_up: gauge by check
              Whether the check passed

        Budgets, shared by all tasks
          dns: one every 200ms, 5 at once after a rest; [budgets.dns] sets another

        A task of this kind
          [tasks.my-dns-availability]
          uses = "dns-availability"
          schedule = "* * * * *"
          [tasks.my-dns-availability.with]
          server = …  # text
    "#]]
    .assert_eq(&render(&INFO, false, &schema, Look::PLAIN));
}

#[test]
fn a_kind_with_little() {
    let info = KindInfo {
        metrics: &[],
        actions: &[],
        budgets: &[],
        default_schedule: None,
        repeatable: false,
        ..INFO
    };
    expect![[r#"
        dns-availability: asks DNS servers questions
          family         monitoring
          time limit     50 s
          when it fails  is not tried again unless the task says so

        Keys of its `with` table
          none

        A task of this kind
          [tasks.my-dns-availability]
          uses = "dns-availability"
          schedule = "0 2 * * *"
    "#]]
    .assert_eq(&render(&info, false, &json!({ "type": "object" }), Look::PLAIN));
}

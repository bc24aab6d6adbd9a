//! The page of a kind.

use expect_test::expect;
use roundsman_config::KindHeader;
use roundsman_model::{BudgetRule, KindDescription};
use serde_json::{Value, json};

use super::render;
use crate::{cli::look::Look, kinds::Known};

fn dns(schema: Value) -> KindDescription {
    let description = json!({
        "name": "dns-availability", "about": "asks DNS servers questions", "category": "monitoring",
        "default_schedule": "* * * * *", "timeout_ms": 50_000, "repeatable": true, "schema": schema,
        "metrics": [{ "name": "roundsman_dns_up", "help": "Whether the check passed", "labels": ["check"] }],
        "actions": [{ "name": "ask", "about": "asks one question now", "timeout_ms": 5_000, "writes": false }],
        "budgets": [["dns", BudgetRule::per_second(5)]],
    });
    serde_json::from_value(description).unwrap()
}

fn known(description: KindDescription) -> Known {
    Known { description, header: None, entry: None, gone: None }
}

#[test]
fn a_kind_with_everything() {
    let schema = json!({ "type": "object", "required": ["server"], "properties": {
        "server": { "type": "string", "description": "Asks this one." },
        "type": { "type": "string", "default": "A" },
    } });
    expect![[r#"
        dns-availability: asks DNS servers questions
          from            compiled
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
    .assert_eq(&render(&known(dns(schema)), Look::PLAIN));
}

#[test]
fn a_kind_with_little() {
    let description = KindDescription {
        metrics: Vec::new(),
        actions: Vec::new(),
        budgets: Vec::new(),
        default_schedule: None,
        repeatable: false,
        ..dns(json!({ "type": "object" }))
    };
    expect![[r#"
        dns-availability: asks DNS servers questions
          from           compiled
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
    .assert_eq(&render(&known(description), Look::PLAIN));
}

#[test]
fn a_script_with_a_header() {
    let description = json!({
        "name": "backup", "about": "saves it", "category": "ops", "takes_params": true,
        "code": { "from": "script", "path": "/scripts/ops/backup.sh", "sha256": "ab" },
        "schema": { "type": "object", "properties": { "day": { "type": "string", "description": "Which one." } } },
        "credentials": [{ "name": "netbox", "about": "Reads devices.", "fields": ["token"], "optional": true }],
    });
    let header = KindHeader {
        path: "/scripts/ops/backup.sh".into(),
        text: "\n\nschedule = \"0 2 * * *\"\n\npool = \"netbox\"\n".into(),
        scheduled: true,
    };
    let script = Known { header: Some(header), ..known(serde_json::from_value(description).unwrap()) };
    expect![[r#"
        backup: saves it
          from           script /scripts/ops/backup.sh
          family         ops
          time limit     10 min
          when it fails  is not tried again unless the task says so
          own task       backup, unless the configuration has one of that name

        Parameters: keys of its `with` table, or -p KEY=VALUE for one run
          day: text
              Which one.

        Credentials
          netbox: token; works without
              Reads devices.

        What its file says of tasks that use it
          schedule = "0 2 * * *"
          pool = "netbox"

        A task of this kind
          [tasks.my-backup]
          uses = "backup"
          schedule = "0 2 * * *"
    "#]]
    .assert_eq(&render(&script, Look::PLAIN));
}

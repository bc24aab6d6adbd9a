//! The scripts of docs/port-a-cron-script.md. Ansible and Python's packages come from PyPI; Terraform cannot be had from a
//! package registry, so that a stand-in with its exit codes plays its part.

use roundsman_testkit::python_environment;

use super::*;

/// Brings ansible-playbook, and PyYAML with it.
const ANSIBLE: &[&str] = &["ansible-core==2.19.4"];

fn ported(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scripts/ported").join(name).canonicalize().unwrap()
}

/// The search path with another folder before all.
fn path_with(folder: &Path) -> (String, String) {
    ("PATH".to_owned(), format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_an_environment_of_its_own() {
    let bench = Bench::new();
    let environment = python_environment(ANSIBLE);
    let text = fs::read_to_string(ported("inventory_report.py")).unwrap();
    let text = text.replacen("/opt/inventory/venv", environment.to_str().unwrap(), 1);
    let source = bench.path("inventory.yaml");
    fs::write(&source, "hosts:\n  web-2.example.com: {}\n  web-1.example.com: {}\n").unwrap();
    let mut order = bench.script(&text);
    order.request.with = json!({ "source": source });
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!(outcome.detail["stdout"], json!(["2 hosts"]));
    assert_eq!(notes.artifacts.lock().unwrap()["report.txt"], b"web-1.example.com\nweb-2.example.com\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_of_the_shell() {
    let bench = Bench::new();
    let log = bench.path("auth.log");
    let line = |address| format!("Mar 29 sshd[7]: Failed password for root from {address} port 4242 ssh2\n");
    fs::write(&log, [line("192.0.2.7"), line("192.0.2.9"), line("192.0.2.7"), "Accepted\n".into()].concat())
        .unwrap();
    let order = || with_header(&ported("failed-logins.sh"), json!({ "log": log }));
    let (outcome, _) = bench.outcome(order()).await;
    assert_eq!(outcome.detail["stdout"], json!(["      2 192.0.2.7", "      1 192.0.2.9"]));
    fs::write(&log, "").unwrap();
    assert_eq!(bench.outcome(order()).await.0.status, OutcomeStatus::Skipped);
    fs::write(&log, "nothing of interest\n").unwrap();
    assert_eq!(bench.outcome(order()).await.0.status, OutcomeStatus::Success);
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let (error, _) = bench.error(order()).await;
    assert!(matches!(&error, TaskError::Permanent { cause } if cause.starts_with("exit code ")), "{error:?}");
}

/// Two hosts that are this one, whose Python is the one that Ansible itself runs with.
const INVENTORY: &str = "
[all:vars]
ansible_connection=local
ansible_python_interpreter='{{ ansible_playbook_python }}'
[all]
good
bad
";

const PLAYBOOK: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - copy: { content: 'by hand', dest: '{{ playbook_dir }}/made' }
    - fail: { msg: 'broken on purpose' }
      when: inventory_hostname == 'bad'
";

#[tokio::test(flavor = "multi_thread")]
async fn ansible_playbook() {
    let bench = Bench::new();
    let environment = python_environment(ANSIBLE);
    let playbook = bench.path("site.yaml");
    fs::write(&playbook, PLAYBOOK).unwrap();
    let inventory = bench.path("inventory");
    fs::write(&inventory, INVENTORY).unwrap();
    let order = |inventory: &str, dry_run: bool| {
        let with = json!({ "playbook": playbook, "inventory": inventory });
        let mut order = with_header(&ported("site-playbook.sh"), with);
        order.env = vec![path_with(&environment.join("bin")), ("LC_ALL".into(), "C.UTF-8".into())];
        order.request.dry_run = dry_run;
        order
    };
    let made = bench.path("made");
    let inventory = inventory.to_str().unwrap();
    bench.run(order(inventory, true)).await;
    assert!(!made.exists(), "a dry run writes nothing");
    let (outcome, notes) = bench.outcome(order(inventory, false)).await;
    assert_eq!(outcome.status, OutcomeStatus::Partial, "{}", notes.texts().join("\n"));
    assert!(made.exists(), "{}", notes.texts().join("\n"));
    assert!(notes.texts().iter().any(|line| line.contains("broken on purpose")));
}

/// Terraform's exit codes and just enough of its words; which of them depends on a file in the folder of the module.
const STAND_IN: &str = r#"#!/bin/sh
root=${1#-chdir=}
case "$2" in
    plan)
        for word; do case "$word" in -out=*) echo plan > "${word#-out=}" ;; esac; done
        exit "$(cat "$root/answer")" ;;
    show) printf 'drift\nPlan: 0 to add, 1 to change, 0 to destroy.\n' ;;
esac
"#;

#[tokio::test(flavor = "multi_thread")]
async fn terraform_plan_with_drift() {
    let bench = Bench::new();
    let (programs, root) = (bench.path("programs"), bench.path("root"));
    fs::create_dir(&programs).unwrap();
    fs::create_dir(&root).unwrap();
    fs::write(programs.join("terraform"), STAND_IN).unwrap();
    fs::set_permissions(programs.join("terraform"), fs::Permissions::from_mode(0o755)).unwrap();
    let order = |answer: &str| {
        fs::write(root.join("answer"), answer).unwrap();
        let mut order = with_header(&ported("terraform-drift.sh"), json!({ "root": root }));
        order.env = vec![path_with(&programs)];
        order
    };
    let (outcome, _) = bench.outcome(order("0")).await;
    assert_eq!(outcome.status, OutcomeStatus::Success);
    let (outcome, notes) = bench.outcome(order("2")).await;
    assert_eq!(outcome.status, OutcomeStatus::Partial);
    assert_eq!(outcome.summary, "Plan: 0 to add, 1 to change, 0 to destroy.");
    assert!(notes.artifacts.lock().unwrap().contains_key("drift.txt"));
    let (error, _) = bench.error(order("1")).await;
    assert_eq!(error, TaskError::permanent("exit code 1"));
}

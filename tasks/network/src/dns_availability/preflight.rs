//! Whether the servers can be asked at all: one question to each, the first that a check would ask. It judges no records,
//! remembers nothing, and reports no metric.

use std::time::Duration;

use futures::future::join_all;
use roundsman_task::{Finding, HumanDuration};
use tokio::time::timeout;

use super::{
    check::Check,
    client,
    config::{Asking, Config, Server},
    exchange::{Exchange, Failure, Reply},
    rcode::Rcode,
    self_check::{LocalPath, local_path},
    servers,
    wire::Question,
    written::Transport,
};

/// How long a server may take; whoever asks for a preflight waits for it.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Asks each server one question.
pub(super) async fn preflight(config: &Config) -> Vec<Finding> {
    let servers = match servers(config).await {
        Ok(servers) => servers,
        Err(reason) => return vec![no_servers(&reason)],
    };
    let asked: Vec<_> = servers
        .iter()
        .filter_map(|server| Some((server, config.checks.iter().find(|check| check.asks(server))?)))
        .collect();
    let exchanges = join_all(asked.iter().map(|(server, check)| ask(server, check, config.asking))).await;
    let none_answers = exchanges.iter().flatten().all(|exchange| exchange.result.is_err());
    let finding = |((server, check), exchange): ((&Server, &Check), Option<Exchange>)| {
        let result = exchange
            .map_or(Err(Failure::Timeout { timeout: PATIENCE, attempts: 1 }), |exchange| exchange.result);
        match result {
            Ok(reply) => answered(server, check, &reply),
            Err(failure) => silent(server, &failure, none_answers),
        }
    };
    asked.into_iter().zip(exchanges).map(finding).collect()
}

async fn ask(server: &Server, check: &Check, asking: Asking) -> Option<Exchange> {
    let question = Question {
        name: check.name.clone(),
        record_type: check.record_type,
        recursion_desired: check.recursion_desired(server.role),
    };
    let asking = Asking { timeout: asking.timeout.min(ATTEMPT), attempts: asking.attempts.min(2), ..asking };
    timeout(PATIENCE, client::ask(server.at, check.transport(server), &question, &asking)).await.ok()
}

fn what(server: &Server) -> String {
    format!("ask {} at {}", server.name, server.at)
}

fn no_servers(reason: &str) -> Finding {
    Finding::failure("find servers", reason, "name servers under `servers` in the task's `with` table")
}

fn answered(server: &Server, check: &Check, reply: &Reply) -> Finding {
    let took = HumanDuration(Duration::from_millis(reply.latency.as_millis().max(1) as u64));
    let over = match reply.via {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let (name, record_type) = (&check.name, check.record_type);
    let found = format!("{} to {name} {record_type} over {over} in {took}", reply.rcode);
    if reply.rcode == Rcode::REFUSED && check.rcode != Rcode::REFUSED {
        return Finding::warning(what(server), found, "let the server answer this host, or ask another one");
    }
    if reply.latency > check.latency_warn {
        let limit = HumanDuration(check.latency_warn);
        let found = format!("{found}, which is over the limit of {limit}");
        return Finding::warning(what(server), found, "look at the network between, or raise `latency_warn`");
    }
    Finding::ok(what(server), found)
}

/// That a server is silent is what this kind is there to find out; that all are may be the fault of this host.
fn silent(server: &Server, failure: &Failure, none_answers: bool) -> Finding {
    let (found, advice) = match local_path(server.at) {
        LocalPath::Broken(reason) => (reason, "mend the network of this host, or correct the address"),
        LocalPath::Up => (
            failure.to_string(),
            "check address and port, that the server runs, and that no firewall is between",
        ),
    };
    if none_answers {
        Finding::failure(what(server), found, advice)
    } else {
        Finding::warning(what(server), found, advice)
    }
}

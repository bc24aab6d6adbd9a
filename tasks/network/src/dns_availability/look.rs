//! One look at everything: all questions to all servers, side by side and within a time limit, and what is made of
//! the answers together. It remembers nothing from earlier looks.

use std::{collections::BTreeSet, future::Future};

use futures::{StreamExt, future::join_all, stream};
use roundsman_task::TaskContext;
use tokio::time::{Instant, timeout_at};

use super::{
    check::Check,
    client,
    config::{Asking, Server},
    exchange::Exchange,
    judge::{Judgement, judge},
    rcode::Rcode,
    wire::Question,
    written::CheckKind,
};

/// Questions under way at one server at a time.
const PER_SERVER: usize = 4;

/// A check on a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) server: &'a Server,
    pub(super) check: &'a Check,
}

impl Target<'_> {
    /// The key under which its history is kept.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.server.name, self.check.label)
    }
}

/// A target with what came of it.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) target: Target<'a>,
    /// Absent when the time was used up before.
    pub(super) exchange: Option<Exchange>,
    /// Absent when it cannot be judged now.
    pub(super) judgement: Option<Judgement>,
    /// Why it cannot be judged now.
    pub(super) excuse: Option<String>,
    /// Whether all servers that were asked have the same failure, so that the zone is to blame and not this server.
    pub(super) zone_problem: bool,
}

/// All targets, those of one server together.
pub(super) fn targets<'a>(servers: &'a [Server], checks: &'a [Check]) -> Vec<Target<'a>> {
    let of = |server| {
        checks.iter().filter(move |check| check.asks(server)).map(move |check| Target { server, check })
    };
    servers.iter().flat_map(of).collect()
}

/// Asks everything; what is not answered by the end of the time stays open.
pub(super) async fn look<'a>(
    cx: &TaskContext,
    targets: &[Target<'a>],
    asking: &Asking,
    until: Instant,
) -> Vec<Look<'a>> {
    let total = targets.len() as u64;
    let done = std::cell::Cell::new(0);
    let ask = async |target: Target<'a>| {
        let look = ask_one(target, asking, until).await;
        done.set(done.get() + 1);
        cx.progress(done.get(), Some(total), format!("{} {}", target.server.name, target.check.label));
        look
    };
    let servers = targets.chunk_by(|a, b| std::ptr::eq(a.server, b.server));
    let per_server = servers.map(|targets| in_order(targets.iter().map(|target| ask(*target))));
    let mut looks: Vec<_> = join_all(per_server).await.into_iter().flatten().collect();
    blame_zones(&mut looks);
    excuse_children(&mut looks);
    looks
}

async fn in_order<T>(questions: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    stream::iter(questions).buffered(PER_SERVER).collect().await
}

async fn ask_one<'a>(target: Target<'a>, asking: &Asking, until: Instant) -> Look<'a> {
    let Target { server, check } = target;
    let question = Question {
        name: check.name.clone(),
        record_type: check.record_type,
        recursion_desired: check.recursion_desired(server.role),
    };
    let asked = client::ask(server.at, check.transport(server), &question, asking);
    let exchange = timeout_at(until, asked).await.ok();
    let judgement = exchange.as_ref().map(|exchange| judge(check, server.role, exchange));
    let excuse = exchange.is_none().then(|| "the run's time was used up".to_owned());
    Look { target, exchange, judgement, excuse, zone_problem: false }
}

/// SERVFAIL from one server of several is that server's problem; from all of them, the zone's.
fn blame_zones(looks: &mut [Look<'_>]) {
    let labels: BTreeSet<String> = looks.iter().map(|look| look.target.check.label.clone()).collect();
    for label in labels {
        let of_check = |look: &&mut Look<'_>| look.target.check.label == label && look.exchange.is_some();
        let mut asked: Vec<_> = looks.iter_mut().filter(of_check).collect();
        if asked.len() > 1 && asked.iter().all(|look| is_servfail(look)) {
            for look in &mut asked {
                look.zone_problem = true;
            }
        }
    }
}

fn is_servfail(look: &Look<'_>) -> bool {
    let reply = look.exchange.as_ref().and_then(|exchange| exchange.result.as_ref().ok());
    reply.is_some_and(|reply| reply.rcode == Rcode::SERVFAIL && look.target.check.rcode != Rcode::SERVFAIL)
}

/// A silent server behind others that are all silent cannot be judged.
fn excuse_children(looks: &mut [Look<'_>]) {
    let answers = |look: &Look<'_>| look.exchange.as_ref().is_some_and(|exchange| exchange.result.is_ok());
    let heard: BTreeSet<String> =
        looks.iter().filter(|look| answers(look)).map(|look| look.target.server.name.clone()).collect();
    for look in looks {
        let parents = &look.target.server.parents;
        let silent = !heard.contains(&look.target.server.name);
        if silent && !parents.is_empty() && parents.iter().all(|parent| !heard.contains(parent)) {
            look.judgement = None;
            look.excuse = Some(format!("parent {} is down", parents.join(", ")));
        }
    }
}

/// Whether any server answered anything.
pub(super) fn any_answered(looks: &[Look<'_>]) -> bool {
    looks.iter().any(|look| look.exchange.as_ref().is_some_and(|exchange| exchange.result.is_ok()))
}

/// Whether a look is one at a zone's serial.
pub(super) fn is_soa_sync(look: &Look<'_>) -> bool {
    look.target.check.kind == CheckKind::SoaSync
}

//! The one place where everything is constructed: ports, engine, services, and their end in the right order. It decides
//! nothing about tasks.

mod announce;
mod control;
mod drain;
pub(crate) mod keyring;
pub(crate) mod old_names;
mod protected;
pub(crate) mod settings;
mod start;
mod upkeep;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use roundsman_config::Loaded;
use roundsman_engine::{
    Dispatcher, Engine, EngineParts, EngineSettings, Examiner, Expirer, Firer, Follower, Health, Heart, Lead,
    Pruner, Rescuer, Service, Stopper, run_service,
};
use roundsman_store::Store;
use roundsman_task::SystemClock;
use roundsman_telemetry::KindMetrics;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use protected::protected;
pub(crate) use start::{executor, lookup, resolver};

use crate::{
    cli::failure::{Answer, Failure},
    control::ReloadSignals,
    kinds::{Stock, kind_metrics},
    node::Node,
    shutdown::StopSignals,
};

/// What the daemon is made from before its store is open.
struct Foundation {
    loaded: Arc<Loaded>,
    /// The configuration file named on the command line.
    file: Option<PathBuf>,
    stock: Arc<Stock>,
    node: Node,
    health: Arc<Health>,
    kind_metrics: Arc<KindMetrics>,
    prometheus: roundsman_telemetry::Prometheus,
    listen: std::net::SocketAddr,
}

/// Runs the daemon until it is told to stop.
pub(crate) async fn daemon(loaded: Loaded, file: Option<PathBuf>, stock: Stock) -> Answer<ExitCode> {
    let mut signals =
        StopSignals::listen().map_err(|error| Failure::failed("cannot listen for signals", error))?;
    // Heard from the beginning: one that comes early must not end the daemon.
    let hangups =
        ReloadSignals::listen().map_err(|error| Failure::failed("cannot listen for signals", error))?;
    let settings = &loaded.settings;
    let listener = roundsman_api::bind(settings.listen.value)
        .await
        .map_err(|error| Failure::failed("cannot start", error))?;
    let listen = listener.local_addr().map_err(|error| Failure::failed("cannot start", error))?;
    let node =
        Node::daemon(&settings.state_dir.value).map_err(|error| Failure::failed("cannot start", error))?;
    stock.begin();
    let prometheus =
        roundsman_telemetry::Prometheus::install().map_err(|error| Failure::failed("cannot start", error))?;
    roundsman_telemetry::set_build_info(env!("CARGO_PKG_VERSION"));
    let foundation = Foundation {
        kind_metrics: Arc::new(kind_metrics(&stock.shelf.now())),
        loaded: Arc::new(loaded),
        file,
        stock: Arc::new(stock),
        node,
        health: Arc::new(Health::default()),
        prometheus,
        listen,
    };
    roundsman_telemetry::set_daemon(0.0, false, 0, false);
    let pools = foundation.loaded.settings.pools.iter();
    roundsman_telemetry::set_queues(&pools.map(|(pool, _)| (pool.to_string(), 0)).collect());
    let mut services = Services::default();
    services.serve(listener, &foundation);
    let store = tokio::select! {
        store = start::open_store(&foundation) => store?,
        signal = signals.next() => {
            tracing::info!("{signal} before the store was reached: stopping");
            services.end().await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    make_rounds(foundation, store, services, signals, hangups).await
}

async fn make_rounds(
    foundation: Foundation,
    store: Arc<dyn Store>,
    mut services: Services,
    mut signals: StopSignals,
    hangups: ReloadSignals,
) -> Answer<ExitCode> {
    let engine = Engine::new(parts(&foundation, store)?);
    let begun = engine.now();
    let neighbours = Arc::new(foundation.node.neighbours());
    let mut rescuer = Rescuer::new(engine.clone(), neighbours.clone());
    let down_since = start::before_first_tick(&foundation, &engine, &mut rescuer).await?;
    let mut lead = Lead::new(engine.clone(), neighbours);
    lead.run_once().await;
    services.spawn(lead);
    let mut firer = Firer::new(engine.clone(), down_since);
    start::first_turn(&engine, &mut firer).await?;
    announce::announce(&foundation, &engine, begun).await;
    services.spawn(firer);
    start::declare_series(&foundation, &engine).await;
    let attempts = TaskTracker::new();
    let workers = foundation.loaded.settings.workers.value;
    services.spawn(Dispatcher::new(engine.clone(), workers, attempts.clone()));
    services.spawn(Heart::new(engine.clone()));
    services.spawn(Stopper::new(engine.clone()));
    services.spawn(Expirer::new(engine.clone()));
    services.spawn(Follower::new(engine.clone()));
    services.spawn(rescuer);
    services.spawn(Pruner::new(engine.clone()));
    services.spawn(Examiner::new(engine.clone()));
    let upkeep = upkeep::start(&engine, &foundation.prometheus)
        .await
        .map_err(|error| Failure::failed("cannot start the daemon's own upkeep", error))?;
    control::open(&foundation, &engine, hangups, &mut services);
    engine.health().started();
    let stopped = tokio::select! {
        signal = signals.next() => Ok(signal),
        broken = services.broken() => Err(broken),
    };
    let clean = drain::drain(&engine, &attempts, &stopped, &mut signals).await;
    upkeep.stop().await;
    services.end().await;
    drain::leave(&engine).await;
    match stopped {
        Ok(_) if clean => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::from(130)),
        Err(broken) => Err(Failure::Failed(format!("the daemon stopped: {broken}"))),
    }
}

fn parts(foundation: &Foundation, store: Arc<dyn Store>) -> Answer<EngineParts> {
    let environment = roundsman_config::Environment::of_process();
    Ok(EngineParts {
        store,
        executor: start::executor(&foundation.loaded.settings)?,
        clock: Arc::new(SystemClock),
        steady: Arc::new(roundsman_engine::HostUptime),
        me: foundation.node.holder().clone(),
        metrics: foundation.kind_metrics.clone(),
        resolver: start::resolver(&environment, foundation.stock.shelf.clone()),
        environment: start::lookup(&environment),
        keyring: keyring::keyring(&foundation.loaded, &environment, foundation.stock.shelf.clone()),
        observer: None,
        health: foundation.health.clone(),
        settings: EngineSettings {
            protected: protected(&foundation.loaded),
            ..settings::of_daemon(&foundation.loaded.settings, &foundation.stock.shelf.now())
        },
    })
}

/// The long-lived parts of the daemon, and their common end.
#[derive(Default)]
struct Services {
    running: JoinSet<Result<(), String>>,
    stop: CancellationToken,
}

impl Services {
    fn spawn(&mut self, service: impl Service + 'static) {
        self.running.spawn(run_service(service, self.stop.clone()));
    }

    fn serve(&mut self, listener: TcpListener, foundation: &Foundation) {
        let pages = roundsman_api::Pages {
            prometheus: foundation.prometheus.clone(),
            kind_metrics: foundation.kind_metrics.clone(),
            health: foundation.health.clone(),
        };
        let stop = self.stop.clone();
        self.running.spawn(async move {
            let serving = roundsman_api::serve(listener, pages, async move { stop.cancelled().await });
            serving.await.map_err(|error| format!("HTTP ended: {error}"))
        });
    }

    /// Returns when a service gave up, and says why.
    async fn broken(&mut self) -> String {
        match self.running.join_next().await {
            Some(Ok(Ok(()))) | None => "a service ended by itself".to_owned(),
            Some(Ok(Err(why))) => why,
            Some(Err(error)) => format!("a service ended: {error}"),
        }
    }

    async fn end(&mut self) {
        self.stop.cancel();
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(drain::SERVICES_END, all).await.is_err() {
            self.running.abort_all();
        }
    }
}

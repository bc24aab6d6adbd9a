//! Logs and metrics: their set-up, one struct per event that writes the log line and the metric together, and the
//! samples that kinds report.
//!
//! It serves nothing over the network and stores nothing.

mod events;
mod keeping;
mod kind_metrics;
mod logging;
mod series;

pub use events::{
    AttemptEnded, AttemptStarted, ClockOdd, FiringMoved, LeadChanged, MetricsRefused, Reloaded, RunEnded,
    RunRescued, ServicePanicked, StoreBack, StoreLost,
};
pub use keeping::{
    FollowerDecided, ResultKept, ResultReplayed, RunExpired, RunOverruns, StopTold, StoreStillAway,
    set_overrun, set_unconfirmed, set_unwritten,
};
pub use kind_metrics::{Family, KindMetrics, Merge, SUM_TOO_LARGE, sum};
pub use logging::{LogFormat, LoggingError, start_logging};
pub use series::{
    Prometheus, RecorderTaken, TaskGauges, WITHOUT_POOL, declare_task, names, retire_task, set_build_info,
    set_check_failures, set_daemon, set_queues, set_task, set_tick_age,
};

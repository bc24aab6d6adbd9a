//! What the kind says through `tracing` becomes log lines of its run. It keeps no file and prints nothing.

use std::{fmt, fmt::Write, sync::Arc};

use roundsman_task::{Clock, SystemClock};
use roundsman_wire::{FromWorker, LogLine, LogStream};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::outbox::Outbox;

/// The environment variable that chooses what is logged: `debug`, or `warn,roundsman_network=trace`.
const FILTER: &str = "ROUNDSMAN_LOG";
/// The most bytes of one line.
const LINE_BYTES: usize = 16 << 10;

/// From now on events become log lines.
pub(crate) fn log_over(outbox: Arc<Outbox>) {
    let asked = std::env::var(FILTER).ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let layer = LogLayer { outbox }.with_filter(filter);
    // Fails only if a subscriber is there already, and nothing ran before this.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

struct LogLayer {
    outbox: Arc<Outbox>,
}

/// The fields of a span, kept with it as text.
struct SpanText(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut line = Line::default();
        attributes.record(&mut line);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanText(line.join()));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let mut line = Line::default();
        values.record(&mut line);
        if let Some(span) = context.span(id)
            && let Some(text) = span.extensions_mut().get_mut::<SpanText>()
        {
            text.0.push_str(&line.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let mut text = line.join();
        for span in context.event_scope(event).into_iter().flatten() {
            let mut part = format!(" in {}", span.name());
            if let Some(SpanText(fields)) = span.extensions().get::<SpanText>() {
                part.push_str(fields);
            }
            text.push_str(&part);
        }
        text.truncate(text.floor_char_boundary(LINE_BYTES));
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let line = LogLine { at: SystemClock.now(), stream: LogStream::Log, level, text };
        self.outbox.offer(&FromWorker::Log { line });
    }
}

/// The message of an event and its other fields, as `key=value`.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn join(self) -> String {
        self.message + &self.fields
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let quoted = value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '"');
        if field.name() == "message" {
            self.message.push_str(value);
        } else if quoted {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        } else {
            let _ = write!(self.fields, " {}={value}", field.name());
        }
    }
}

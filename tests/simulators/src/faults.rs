//! What goes wrong on command: which requests, at which call, and how. It knows no system: bodies are made of what it is told.

pub(crate) mod damage;
mod known;
pub(crate) mod shape;

use std::{sync::Arc, time::Duration};

use roundsman_testkit::FakeClock;
use serde::{Deserialize, Serialize};

pub(crate) use self::{damage::Gate, known::Faults};
pub use self::{
    damage::{At, Damage, Ending, Stall},
    known::FaultHandle,
    shape::Shape,
};
use crate::{
    exchange::{Answer, Asked},
    pattern::Pattern,
};

/// A fault. Without anything said about calls it strikes each one; without anything said about what happens it is a 500 with
/// a standard body.
///
/// ```
/// use roundsman_simulators::Fault;
///
/// let throttled = Fault::on("GET /api/2.1/clusters/list").nth(2).status(429).retry_after("7");
/// let lost = Fault::on("POST /api/2.1/clusters/create").cut().after_effect().times(1);
/// # let _ = (throttled, lost);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// `METHOD /path` with `*` for any text, as `POST /api/2.1/clusters/*` or `*`.
    on: String,
    /// Only requests whose query or body has this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    containing: Option<String>,
    /// Only requests with this header, as `name: text`, where the text is part of its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// Only this call, the first one being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u32>,
    /// This call and all that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    /// Each call whose number this divides.
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u32>,
    /// So many calls at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// How the body is laid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<Shape>,
    /// The code in the body: `error_code`, `scimType`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The text in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// `Retry-After`, whatever it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    /// `Location`.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// How long it takes, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// The connection ends without an answer.
    cut: bool,
    /// The answer never comes; the connection stays.
    hang: bool,
    /// What was asked is done first.
    after_effect: bool,
    /// The clock on which the delay passes, if not on the real one.
    #[serde(skip)]
    passes_on: Option<VirtualDelay>,
    /// What becomes of the body of the right answer, where the simulator streams it.
    #[serde(skip)]
    damages: Vec<Damage>,
}

#[derive(Clone)]
struct VirtualDelay(Arc<FakeClock>);

impl std::fmt::Debug for VirtualDelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a clock of the test")
    }
}

/// Which requests a fault strikes.
impl Fault {
    /// A fault of requests such as `POST /api/2.1/clusters/delete`; `*` stands for any text, also for the method.
    pub fn on(pattern: &str) -> Self {
        Self { on: pattern.to_owned(), ..Self::default() }
    }

    /// Only requests whose query or body has this text.
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Only requests that have this text in this header.
    pub fn with_header(mut self, name: &str, text: &str) -> Self {
        self.header = Some(format!("{name}: {text}"));
        self
    }

    /// Only this call, counted from 1 from when the fault was made known.
    pub fn nth(mut self, call: u32) -> Self {
        self.nth = Some(call);
        self
    }

    /// This call and all that follow.
    pub fn from_call(mut self, call: u32) -> Self {
        self.from = Some(call);
        self
    }

    /// Each call whose number this divides.
    pub fn every(mut self, calls: u32) -> Self {
        self.every = Some(calls);
        self
    }

    /// It strikes so many times, then no more.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn means(&self, asked: &Asked) -> bool {
        let has = |text: &String| {
            asked.target.contains(text.as_str())
                || String::from_utf8_lossy(&asked.body).contains(text.as_str())
        };
        let carries = |header: &String| {
            let (name, text) = header.split_once(':').unwrap_or((header, ""));
            asked.header(name.trim()).is_some_and(|value| value.contains(text.trim()))
        };
        Pattern::of(&self.on).fits(&asked.method, &asked.path)
            && self.containing.as_ref().is_none_or(has)
            && self.header.as_ref().is_none_or(carries)
    }

    fn strikes(&self, call: u32, fired: u32) -> bool {
        self.nth.is_none_or(|nth| call == nth)
            && self.from.is_none_or(|from| call >= from)
            && self.every.is_none_or(|every| call.is_multiple_of(every))
            && self.times.is_none_or(|times| fired < times)
    }
}

/// What happens then.
impl Fault {
    /// An answer with this status, and a standard body unless a shape is named.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// How the body is laid out, and its code (where the shape has one) and text.
    pub fn shape(mut self, shape: Shape, code: &str, message: &str) -> Self {
        (self.shape, self.code, self.message) =
            (Some(shape), Some(code.to_owned()), Some(message.to_owned()));
        self
    }

    /// A `Retry-After` header: seconds, a date, or something else.
    pub fn retry_after(mut self, value: &str) -> Self {
        self.retry_after = Some(value.to_owned());
        self
    }

    /// A redirect (302) to somewhere.
    pub fn redirect(mut self, location: &str) -> Self {
        self.location = Some(location.to_owned());
        self.status(302).shape(Shape::Empty, "", "")
    }

    /// An answer 200 that is a page, as proxies and login pages give it.
    pub fn page(self, html: &str) -> Self {
        self.status(200).shape(Shape::RawHtml, "", html)
    }

    /// The connection ends without an answer.
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// The answer never comes; the connection stays.
    pub fn hang(mut self) -> Self {
        self.hang = true;
        self
    }

    /// What was asked is done before the fault strikes.
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    /// It takes so long; with nothing else said the answer is then the right one.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// It takes so long on a clock of the test: that clock goes on by it.
    pub fn virtual_delay(mut self, clock: &Arc<FakeClock>, delay: Duration) -> Self {
        self.passes_on = Some(VirtualDelay(clock.clone()));
        self.delay(delay)
    }

    /// The right answer comes, but this happens to its body; may be said more than once.
    pub fn body(mut self, damage: Damage) -> Self {
        self.damages.push(damage);
        self
    }

    fn ruling(&self, asked: &Asked, usual: Option<Shape>, gate: &Arc<Gate>) -> Ruling {
        let delay = Duration::from_millis(self.delay_ms.unwrap_or(0));
        let delay = Delay { length: delay, clock: self.passes_on.clone().map(|delay| delay.0) };
        let other = self.delay_ms.is_some() || !self.damages.is_empty();
        let own_answer = other && self.status.is_none() && self.shape.is_none();
        let answer = if self.cut {
            Some(Answer::empty(0))
        } else if self.hang || own_answer {
            None
        } else {
            Some(self.answer(asked, usual))
        };
        let (damages, gate) = (self.damages.clone(), gate.clone());
        Ruling { delay, after_effect: self.after_effect, hangs: self.hang, answer, damages, gate }
    }

    fn answer(&self, asked: &Asked, usual: Option<Shape>) -> Answer {
        let status = self.status.unwrap_or(500);
        let by_path = if asked.path.starts_with("/emails") { Shape::Acs } else { Shape::Standard };
        let shape = self.shape.or(usual).unwrap_or(by_path);
        let mut answer = shape.answer(status, self.code.as_deref(), self.message.as_deref());
        let headers = [("retry-after", &self.retry_after), ("location", &self.location)];
        for (name, value) in headers {
            if let Some(value) = value {
                answer = answer.with(name, value.as_str());
            }
        }
        answer
    }
}

/// What a fault does to one request; nothing by default.
#[derive(Default)]
pub(crate) struct Ruling {
    pub(crate) delay: Delay,
    pub(crate) after_effect: bool,
    pub(crate) hangs: bool,
    pub(crate) answer: Option<Answer>,
    pub(crate) damages: Vec<Damage>,
    pub(crate) gate: Arc<Gate>,
}

/// Time that passes, really or on a clock of the test.
#[derive(Default)]
pub(crate) struct Delay {
    length: Duration,
    clock: Option<Arc<FakeClock>>,
}

impl Delay {
    pub(crate) async fn pass(&self) {
        match &self.clock {
            Some(clock) => clock.advance(self.length),
            None if self.length.is_zero() => {}
            // sleep: a fault that takes its time is what was asked for
            None => tokio::time::sleep(self.length).await,
        }
    }
}

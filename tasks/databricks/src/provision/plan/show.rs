//! A plan as people read it: a line per step with its sign, then what waits, what stands in the way, and the counts. It
//! decides nothing.

use std::fmt;

use super::super::change::{Mark, Plan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for operation in &self.operations {
            let (sign, kind) = (operation.mark.sign(), operation.change.kind());
            writeln!(f, "{sign} {kind:<24} {}", operation.change.target())?;
        }
        for deferred in &self.deferred {
            let (kind, target) = (deferred.change.kind(), deferred.change.target());
            writeln!(f, "  {kind:<24} {target}: later, {}", deferred.because)?;
        }
        for (word, texts) in [("note", &self.notes), ("problem", &self.problems)] {
            for text in texts {
                writeln!(f, "{word}: {text}")?;
            }
        }
        writeln!(f, "{}", self.counts())
    }
}

impl Plan {
    /// How much is to be done, in one line.
    pub fn counts(&self) -> String {
        if self.is_empty() {
            return format!("Nothing to do: {} is as the course {} wants it.", self.host, self.course);
        }
        let counts = Mark::ALL.map(|mark| format!("{} to {}", self.count(mark), mark.word()));
        let more = [("later", self.deferred.len()), ("problems", self.problems.len())];
        let more =
            more.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}"));
        let counts: Vec<String> = counts.into_iter().chain(more).collect();
        format!("{} on {}.", counts.join(", "), self.host)
    }
}

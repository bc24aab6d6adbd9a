//! Whether the wall clock can be trusted, told from what it showed and what really passed.

const JUMP: i64 = 3_600;
const STABLE: i64 = 10;
const STALL: i64 = 5;

/// What a look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Even,
    /// Nothing could fire for a while.
    Gap,
    /// Firing waits.
    Held,
    /// Firing goes on after a jump; what lies after the instant was written under a wrong clock.
    SetRight {
        truth: Option<i64>,
    },
}

#[derive(Default)]
pub(crate) struct Clock {
    last: Option<(i64, i64)>,
    hold: Option<Hold>,
}

struct Hold {
    wall_before: i64,
    steady_before: Option<i64>,
    wall: i64,
    steady: i64,
}

impl Clock {
    /// A newest record that lies in the future is waited for.
    pub(crate) fn doubts(&mut self, record: i64, wall: i64, steady: i64) -> bool {
        if record <= wall + JUMP {
            return false;
        }
        self.hold = Some(Hold { wall_before: record, steady_before: None, wall, steady });
        true
    }

    pub(crate) fn holds_until(&self) -> Option<i64> {
        self.hold.as_ref().map(|hold| hold.steady + STABLE)
    }

    pub(crate) fn look(&mut self, wall: i64, steady: i64) -> Look {
        let Some((wall_before, steady_before)) = self.last.replace((wall, steady)) else { return Look::Even };
        let passed = steady - steady_before;
        let step = wall - wall_before - passed;
        if step != 0 && (self.hold.is_some() || step.abs() > JUMP) {
            let first = Hold { wall_before, steady_before: Some(steady_before), wall, steady };
            let hold = self.hold.get_or_insert(first);
            (hold.wall, hold.steady) = (wall, steady);
            return Look::Held;
        }
        if let Some(hold) = &self.hold {
            if steady - hold.steady < STABLE {
                return Look::Held;
            }
            let really = hold.steady_before.map_or(0, |before| hold.steady - before);
            let net = hold.wall - hold.wall_before - really;
            let truth = (net < -JUMP).then_some(hold.wall);
            self.hold = None;
            return Look::SetRight { truth };
        }
        if step > 0 || passed > STALL { Look::Gap } else { Look::Even }
    }
}

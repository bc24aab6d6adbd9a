//! How far the kernel trusts its own clock. It sets nothing.

use std::mem;

use nix::libc;

/// What is known of the system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrust {
    /// Something keeps it in step with the world's time; it may be wrong by so many microseconds at most.
    Synchronised {
        /// The estimated error.
        error_micros: i64,
    },
    /// Nothing does, as far as the kernel was told.
    Unsynchronised,
    /// The kernel does not say, as in some sandboxes.
    Unknown,
}

/// How far the kernel trusts its clock.
#[expect(unsafe_code, reason = "there is no safe wrapper of adjtimex")]
pub fn clock_trust() -> ClockTrust {
    // SAFETY: `timex` holds numbers only, for which zeros are values; with `modes` 0 nothing is set.
    let mut told: libc::timex = unsafe { mem::zeroed() };
    // SAFETY: `told` is a valid `timex` that outlives the call, which writes to nothing else.
    let state = unsafe { libc::adjtimex(&raw mut told) };
    match state {
        ..0 => ClockTrust::Unknown,
        libc::TIME_ERROR => ClockTrust::Unsynchronised,
        _ if told.status & libc::STA_UNSYNC != 0 => ClockTrust::Unsynchronised,
        _ => ClockTrust::Synchronised { error_micros: told.esterror },
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockTrust, clock_trust};

    #[test]
    fn the_kernel_is_asked_and_nothing_changes() {
        let told = clock_trust();
        assert_eq!(
            mem_discriminant(told),
            mem_discriminant(clock_trust()),
            "asking twice gives the same kind of answer"
        );
        if let ClockTrust::Synchronised { error_micros } = told {
            assert!(error_micros >= 0, "{told:?}");
        }
    }

    fn mem_discriminant(trust: ClockTrust) -> std::mem::Discriminant<ClockTrust> {
        std::mem::discriminant(&trust)
    }
}

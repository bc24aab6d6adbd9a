//! The environment this process was started with, taken out of the sight of others. What it holds stays as it is.

use std::{ffi::OsString, fs, io, ops::Range};

use roundsman_processes::MARK;

/// Takes the environment out of `/proc/PID/environ`, where root can read it whatever else keeps the memory of a process
/// from being read; only the mark of an attempt stays, by which its processes are found. Variables keep their values for
/// this process and what it starts.
///
/// To be called first of all in `main`: while there is one thread only, and nobody has kept a reference to a value.
pub fn hide_environment() -> io::Result<()> {
    let Some(block) = original_block()? else { return Ok(()) };
    let copies: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    for (name, value) in copies {
        #[expect(
            unsafe_code,
            clippy::disallowed_methods,
            reason = "the values stay what they are, and there is no other thread that could read them meanwhile"
        )]
        // SAFETY: the caller promises that this is the only thread.
        unsafe {
            std::env::set_var(name, value);
        }
    }
    blank(block);
    Ok(())
}

/// Where the kernel put the environment when the program began, as addresses in this process.
fn original_block() -> io::Result<Option<Range<usize>>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold anything. Counted as in proc(5), the state after it is the third field.
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let mut fields =
        after_name.split_ascii_whitespace().skip(50 - 3).map(|field| field.parse::<usize>().ok());
    let found = fields.next().flatten().zip(fields.next().flatten());
    Ok(found.map(|(start, end)| start..end).filter(|block| block.start != 0 && block.start < block.end))
}

/// Overwrites all but the mark.
fn blank(block: Range<usize>) {
    #[expect(unsafe_code, reason = "this memory belongs to no value of the program")]
    // SAFETY: the kernel mapped this range, readable and writable, below the stack when the program began, and nothing
    // unmaps it. All variables have just been copied elsewhere, so that the C library refers to none of it any more, and
    // by the promise of the caller neither does anybody else.
    let bytes = unsafe {
        let start: *mut u8 = std::ptr::with_exposed_provenance_mut(block.start);
        std::slice::from_raw_parts_mut(start, block.len())
    };
    for variable in bytes.split_mut(|byte| *byte == 0) {
        let is_mark = variable.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
        if !is_mark {
            variable.fill(0);
        }
    }
}

//! What a process that reads a stranger's document may use.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Bounds the memory of this process to so many bytes more than it has. Address
/// space counts, and of that the allocator reserves much before anything is
/// asked of it, how much differs from run to run: without what is there already,
/// a bound would now and then leave nothing for the document.
///
/// # Errors
/// When what it has is not known, or the bound cannot be set.
pub(super) fn memory(more: u64) -> io::Result<()> {
    set(Resource::As, reserved()?.saturating_add(more))
}

/// Bounds another resource.
///
/// # Errors
/// When it cannot be set.
pub(super) fn set(resource: Resource, max: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })?)
}

/// Address space of this process, in bytes: `VmSize` of proc(5).
fn reserved() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("the process has no size"))
}

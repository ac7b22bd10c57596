//! The program. All of it is in the library, which also compiles it.

/// Documents are made on one thread and forgotten on another, dozens of small
/// texts each: the system's allocator took a third of the engine's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Reads the variable FAILPOINTS; only in builds for fault tests.
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    facteur::cli::main()
}

//! The program. All of it is in the library, which also compiles it.

fn main() -> std::process::ExitCode {
    // Reads the variable FAILPOINTS; only in builds for fault tests.
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    facteur::cli::main()
}

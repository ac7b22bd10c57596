//! Places where a test can end the process.
//!
//! With the feature `failpoints`, `FAILPOINTS="committed=3*off->return"` ends
//! the process without any cleaning up at the fourth passage of `committed`.
//! Without the feature the places cost nothing.

#[cfg(feature = "failpoints")]
macro_rules! fail_point {
    ($name:literal) => {
        fail::fail_point!($name, |_| std::process::abort())
    };
}

#[cfg(not(feature = "failpoints"))]
macro_rules! fail_point {
    ($name:literal) => {{}};
}

pub(crate) use fail_point;

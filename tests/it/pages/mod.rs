//! The pages over real sockets: who is let in, what forms may do, and what
//! becomes of hostile text.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod access;
mod console;
mod forms;
mod hostile;
mod lists;
mod markup;
mod offered;
mod reading;
mod record;
mod replies;
mod rules;
mod sessions;
pub(crate) mod site;
mod stop_notices;
mod walls;

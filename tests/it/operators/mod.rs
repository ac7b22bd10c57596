//! What operators order, on both ledgers and with the program itself.

mod figures;
mod held_again;
mod lanes;
mod misdeclared;
mod orders;
mod policy;
mod printer;
mod quiesced;
mod refused_policy;
mod resumed;

//! Each law against its formula.

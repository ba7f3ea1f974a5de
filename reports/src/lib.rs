//! Reports: from the outcomes of runs to figures and HTML pages.
//!
//! Everything here reads [`record::RunRecord`], and in it the neutral outcome: no protocol is linked, so reports draw
//! any protocol, also a stranger's. A record is a file in a run's folder, and a report is made from it without running
//! anything again.

pub mod campaign;
pub mod compare;
pub mod figure;
pub mod folder;
pub mod history;
pub mod html;
pub mod latency;
mod page;
pub mod record;
pub mod run;
pub mod sweep;
#[cfg(test)]
mod testing;
mod words;

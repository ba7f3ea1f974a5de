//! Traces: every input and effect of a run, or those that a filter wants, kept in a compact form.
//!
//! A tracer only receives references: it can change nothing in a run. [`Tracer`] records, [`Trace`] is what can be
//! read, rendered, compared and searched for causes.

mod causes;
mod codec;
mod content;
mod difference;
mod event;
mod file;
mod filter;
mod moments;
mod render;
mod tracer;

#[cfg(test)]
mod tests;

pub(crate) use content::Known;
pub use content::{Content, Named, ShowFacts, Shown};
pub use difference::{Difference, Parting, first_difference, parting};
pub use event::{Event, LossReason, Recorded, TraceEvent, WORLD, What, WhatKind};
pub use file::TraceError;
pub use filter::{TraceFilter, TraceForm, TraceRequest};
pub use moments::{Center, Moment, Moments, Window};
pub use tracer::{Trace, Tracer};

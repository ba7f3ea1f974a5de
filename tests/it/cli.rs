//! The command line: exit codes, documents, bad input, capsules, campaigns.

mod bad_input;
mod campaign;
mod capsule;
mod check;
mod commands;
mod compare;
mod data;
mod demo;
mod empty_passes;
mod explain;
mod replay;
mod report;
mod reproduce;
mod robust;
mod shards;
mod shrink;
mod sweep;
mod validate;

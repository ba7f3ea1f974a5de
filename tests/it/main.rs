<<<<<<< HEAD
//! The one integration binary: everything through the façade or the program itself.

mod cli;
mod paper;
mod support;
=======
//! What crosses crates, in one binary.

mod docs;
>>>>>>> main

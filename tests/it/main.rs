//! The one integration binary: everything through the façade or the program itself.

mod composite;
mod lease_lock;
mod own_protocol;

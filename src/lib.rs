//! seedstorm

//! Schemas as they are written: the macro of serde_json, without its code. Each entry of a table there is a string, an insertion
//! and the disposal of what it replaces; here it is a pair in a list, of which one function makes the table.

use serde_json::Value;
use sim_core::tree;

/// A value in the syntax of JSON, in which an expression may stand for any value.
macro_rules! tree {
    (@table [$($done:expr,)*]) => { $crate::schema::json::table(&mut [$($done),*]) };
    (@table [$($done:expr,)*] $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        tree!(@table [$($done,)* ($key, tree!({ $($inner)* })),] $($($rest)*)?)
    };
    (@table [$($done:expr,)*] $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        tree!(@table [$($done,)* ($key, tree!([ $($inner)* ])),] $($($rest)*)?)
    };
    (@table [$($done:expr,)*] $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        tree!(@table [$($done,)* ($key, tree!($value)),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*]) => { $crate::schema::json::list(&mut [$($done),*]) };
    (@list [$($done:expr,)*] { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        tree!(@list [$($done,)* tree!({ $($inner)* }),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] $value:expr $(, $($rest:tt)*)?) => {
        tree!(@list [$($done,)* tree!($value),] $($($rest)*)?)
    };
    ({ $($inner:tt)* }) => { tree!(@table [] $($inner)*) };
    ([ $($inner:tt)* ]) => { tree!(@list [] $($inner)*) };
    ($value:expr) => { ::serde_json::Value::from($value) };
}

pub(super) fn table(entries: &mut [(&str, Value)]) -> Value {
    let entries: Vec<_> =
        entries.iter_mut().map(|(name, value)| ((*name).to_owned(), value.take())).collect();
    Value::Object(tree::table(entries))
}

pub(super) fn list(items: &mut [Value]) -> Value {
    Value::Array(items.iter_mut().map(Value::take).collect())
}

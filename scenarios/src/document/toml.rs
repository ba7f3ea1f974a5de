//! TOML to a neutral tree with places.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Document, Origin, Places, Source};
use crate::problem::Problem;

/// Parses a whole text. The parser limits nesting, so the recursion below is limited too.
pub(super) fn parse(source: &Arc<Source>) -> Result<Document, Problem> {
    let table = DeTable::parse(&source.text).map_err(|error| syntax(source, &error, 0))?;
    let (value, places) = convert_table(source, 0, table.span(), table.get_ref())?;
    Ok(Document { value, places })
}

/// Parses one value that stands at a byte of a text.
pub(super) fn parse_value(source: &Arc<Source>, start: usize) -> Result<(Value, Places), Problem> {
    let value = DeValue::parse(&source.text[start..]).map_err(|error| syntax(source, &error, start))?;
    convert(source, start, &value)
}

fn syntax(source: &Arc<Source>, error: &toml::de::Error, start: usize) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let title = error.message().lines().next().unwrap_or("not TOML").to_owned();
    Problem::new(title).at(Origin::new(source, span.start + start..span.end + start))
}

fn convert(
    source: &Arc<Source>,
    start: usize,
    spanned: &Spanned<DeValue<'_>>,
) -> Result<(Value, Places), Problem> {
    let span = spanned.span();
    let origin = Origin::new(source, span.start + start..span.end + start);
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(integer) => match convert_integer(integer) {
            Some(number) => Value::Number(number),
            None => return Err(Problem::new("this integer does not fit in 64 bits").at(origin)),
        },
        DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
            Some(number) => Value::Number(number),
            None => return Err(Problem::new("this number is not finite").at(origin)),
        },
        DeValue::Datetime(_) => {
            return Err(Problem::new("dates and times of day mean nothing in a scenario").at(origin));
        }
        DeValue::Array(array) => {
            let mut items = Vec::with_capacity(array.len());
            let mut places = Places::leaf(origin);
            for (index, item) in array.iter().enumerate() {
                let (value, place) = convert(source, start, item)?;
                items.push(value);
                places.children.insert(index.to_string(), place);
            }
            return Ok((Value::Array(items), places));
        }
        DeValue::Table(table) => return convert_table(source, start, span, table),
    };
    Ok((value, Places::leaf(origin)))
}

fn convert_table(
    source: &Arc<Source>,
    start: usize,
    span: Range<usize>,
    table: &DeTable<'_>,
) -> Result<(Value, Places), Problem> {
    let mut map = Map::new();
    let mut places = Places::leaf(Origin::new(source, span.start + start..span.end + start));
    for (key, item) in table {
        let (value, mut place) = convert(source, start, item)?;
        place.key = Some(Origin::new(source, key.span().start + start..key.span().end + start));
        map.insert(key.get_ref().clone().into_owned(), value);
        places.children.insert(key.get_ref().clone().into_owned(), place);
    }
    Ok((Value::Object(map), places))
}

fn convert_integer(integer: &DeInteger<'_>) -> Option<Number> {
    let (digits, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(digits, radix).ok().map(Number::from);
    signed.or_else(|| u64::from_str_radix(digits, radix).ok().map(Number::from))
}

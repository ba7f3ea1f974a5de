//! TOML to a neutral tree with places.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Document, Origin, Places, Source};
use crate::problem::{Problem, Problems};

/// How many slips of syntax are told: one often makes others appear.
const MOST: usize = 8;

/// Parses a whole text. The parser limits nesting, so the recursion below is limited too.
pub(super) fn parse(source: &Arc<Source>) -> Result<Document, Problems> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut converter = Converter { source, start: 0, problems: Vec::new() };
    converter.problems.extend(errors.iter().take(MOST).map(|error| syntax(source, error, 0)));
    if converter.problems.is_empty() {
        let (value, places) = converter.table(table.span(), table.get_ref());
        if converter.problems.is_empty() {
            return Ok(Document { value, places });
        }
    }
    Err(Problems { list: converter.problems })
}

/// Parses one value that stands at a byte of a text.
pub(super) fn parse_value(source: &Arc<Source>, start: usize) -> Result<(Value, Places), Problem> {
    let value = DeValue::parse(&source.text[start..]).map_err(|error| syntax(source, &error, start))?;
    let mut converter = Converter { source, start, problems: Vec::new() };
    let converted = converter.value(&value);
    converter.problems.into_iter().next().map_or(Ok(converted), Err)
}

fn syntax(source: &Arc<Source>, error: &toml::de::Error, start: usize) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let title = error.message().lines().next().unwrap_or("not TOML").to_owned();
    Problem::new(title).at(Origin::new(source, span.start + start..span.end + start))
}

/// Makes the neutral tree; what has no place in it becomes null and a problem.
struct Converter<'a> {
    source: &'a Arc<Source>,
    start: usize,
    problems: Vec<Problem>,
}

impl Converter<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        Origin::new(self.source, span.start + self.start..span.end + self.start)
    }

    fn refuse(&mut self, title: &str, origin: &Origin) -> Value {
        self.problems.push(Problem::new(title).at(origin.clone()));
        Value::Null
    }

    fn value(&mut self, spanned: &Spanned<DeValue<'_>>) -> (Value, Places) {
        let origin = self.origin(spanned.span());
        let value = match spanned.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Integer(integer) => convert_integer(integer)
                .map_or_else(|| self.refuse("this integer does not fit in 64 bits", &origin), Value::Number),
            DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => self.refuse("this number is not finite", &origin),
            },
            DeValue::Datetime(_) => self.refuse("dates and times of day mean nothing in a scenario", &origin),
            DeValue::Array(array) => {
                let mut places = Places::leaf(origin);
                let mut items = Vec::with_capacity(array.len());
                for (index, item) in array.iter().enumerate() {
                    let (value, place) = self.value(item);
                    items.push(value);
                    places.children.insert(index.to_string(), place);
                }
                return (Value::Array(items), places);
            }
            DeValue::Table(table) => return self.table(spanned.span(), table),
        };
        (value, Places::leaf(origin))
    }

    fn table(&mut self, span: Range<usize>, table: &DeTable<'_>) -> (Value, Places) {
        let mut map = Map::new();
        let mut places = Places::leaf(self.origin(span));
        for (key, item) in table {
            let (value, mut place) = self.value(item);
            place.key = Some(self.origin(key.span()));
            map.insert(key.get_ref().clone().into_owned(), value);
            places.children.insert(key.get_ref().clone().into_owned(), place);
        }
        (Value::Object(map), places)
    }
}

fn convert_integer(integer: &DeInteger<'_>) -> Option<Number> {
    let (digits, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(digits, radix).ok().map(Number::from);
    signed.or_else(|| u64::from_str_radix(digits, radix).ok().map(Number::from))
}

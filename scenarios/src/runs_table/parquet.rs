//! Rows as Parquet: group by group, so that a table of any length needs the memory of one group.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use serde_json::Value;

/// How many rows a group has.
const GROUP: usize = 8_192;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Whole numbers of 64 bits.
    Whole,
    /// True or false.
    Flag,
    /// Numbers of 64 bits with a fraction.
    Number,
}

impl Kind {
    fn field(self, name: &str) -> Result<Type> {
        let physical = match self {
            Self::Text => Physical::BYTE_ARRAY,
            Self::Whole => Physical::INT64,
            Self::Flag => Physical::BOOLEAN,
            Self::Number => Physical::DOUBLE,
        };
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        field.with_logical_type((self == Self::Text).then_some(LogicalType::String)).build()
    }
}

/// A table in the making. Every column may be empty in a row.
pub(super) struct ParquetRows<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    kinds: Vec<Kind>,
    /// The cells of rows not written yet, column by column.
    waiting: Vec<Vec<Value>>,
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a table with named columns.
    pub(super) fn begin(file: W, columns: &[(String, Kind)]) -> io::Result<Self> {
        let fields = columns.iter().map(|(name, kind)| Ok(Arc::new(kind.field(name)?)));
        let schema = fields
            .collect::<Result<Vec<_>>>()
            .and_then(|fields| Type::group_type_builder("run").with_fields(fields).build());
        let properties = Arc::new(WriterProperties::builder().build());
        let writer = schema.and_then(|schema| SerializedFileWriter::new(file, Arc::new(schema), properties));
        let kinds = columns.iter().map(|(_, kind)| *kind).collect();
        Ok(Self { writer: writer.map_err(plain)?, kinds, waiting: vec![Vec::new(); columns.len()] })
    }

    /// Adds a row: a cell for each column, null where there is nothing.
    pub(super) fn add(&mut self, cells: impl Iterator<Item = Value>) -> io::Result<()> {
        for (column, cell) in self.waiting.iter_mut().zip(cells) {
            column.push(cell);
        }
        let rows = self.waiting.first().map_or(0, Vec::len);
        if rows == GROUP { self.write_group().map_err(plain) } else { Ok(()) }
    }

    /// Writes what waits, and the end; the file.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.write_group().and_then(|()| self.writer.into_inner()).map_err(plain)
    }

    fn write_group(&mut self) -> Result<()> {
        if self.waiting.first().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (kind, cells) in self.kinds.iter().zip(&mut self.waiting) {
            if let Some(mut column) = group.next_column()? {
                write(*kind, cells, &mut column)?;
                column.close()?;
            }
            cells.clear();
        }
        group.close().map(|_| ())
    }
}

fn write(kind: Kind, cells: &[Value], column: &mut SerializedColumnWriter<'_>) -> Result<()> {
    match kind {
        Kind::Text => put::<ByteArrayType>(cells, column, |cell| {
            (!cell.is_null()).then(|| ByteArray::from(super::text(cell).into_bytes()))
        }),
        Kind::Whole => put::<Int64Type>(cells, column, Value::as_i64),
        Kind::Flag => put::<BoolType>(cells, column, Value::as_bool),
        Kind::Number => put::<DoubleType>(cells, column, Value::as_f64),
    }
}

fn put<T: DataType>(
    cells: &[Value],
    column: &mut SerializedColumnWriter<'_>,
    value: impl Fn(&Value) -> Option<T::T>,
) -> Result<()> {
    let cells: Vec<Option<T::T>> = cells.iter().map(value).collect();
    let there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, Some(&there), None).map(|_| ())
}

/// An error of the file as it was, and everything else as one.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}

//! A run's line, read without copying it. Tables take millions of lines, and each is written by this program in one form: what has
//! exactly that form is read in place. Any other line is read as JSON, which takes it or says what is wrong with it.

use std::borrow::Cow;

use sim_core::limit::LimitReading;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Ended, MetricSummary};

use super::store::read_row;
use super::{PlannedPoint, Row, Sweep};

/// What tables take from a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View<'a> {
    pub(super) point: usize,
    pub(super) seed: u64,
    pub(super) verdict: &'a str,
    pub(super) finding: bool,
    pub(super) broken: bool,
    /// As 32 hexadecimal digits.
    pub(super) digest: Cow<'a, str>,
    pub(super) events: u64,
    pub(super) virtual_ns: u64,
    pub(super) messages: u64,
    pub(super) delivered: u64,
    pub(super) dropped: u64,
    pub(super) bytes: u64,
    pub(super) per: u64,
    pub(super) metrics: Vec<(&'a str, MetricSummary)>,
    pub(super) measures: Vec<(&'a str, Option<u64>)>,
    pub(super) limits: Cow<'a, [LimitReading]>,
}

impl<'a> View<'a> {
    /// Of a row.
    pub(super) fn of(row: &'a Row) -> Self {
        Self {
            point: row.point,
            seed: row.seed,
            verdict: &row.verdict,
            finding: row.finding,
            broken: row.broken,
            digest: Cow::Owned(row.digest.to_string()),
            events: row.events,
            virtual_ns: row.virtual_ns,
            messages: row.messages,
            delivered: row.delivered,
            dropped: row.dropped,
            bytes: row.bytes,
            per: row.per,
            metrics: row.metrics.iter().map(|(name, metric)| (name.as_str(), *metric)).collect(),
            measures: row.measures.iter().map(|(name, value)| (name.as_str(), *value)).collect(),
            limits: Cow::Borrowed(&row.limits),
        }
    }
}

/// Reads the lines of a sweep.
pub(super) struct LineReader {
    /// How the line of a run at each point begins.
    begins: Vec<String>,
}

impl LineReader {
    pub(super) fn new(sweep: &Sweep) -> Self {
        let begin = |(index, point): (usize, &PlannedPoint)| {
            let at: OrderedMap<_, _> = point.at.iter().cloned().collect();
            let [base, at] = [serde_json::to_string(&sweep.base(point).label), serde_json::to_string(&at)]
                .map(Result::unwrap_or_default);
            format!("{{\"point\":{index},\"base\":{base},\"at\":{at},\"seed\":")
        };
        Self { begins: sweep.points.iter().enumerate().map(begin).collect() }
    }

    /// Calls with what a line says.
    ///
    /// # Errors
    /// Why it is no line of a run; `place` is its number in the file.
    pub(super) fn read<T>(
        &self,
        place: u64,
        line: &str,
        call: impl FnOnce(&View<'_>) -> T,
    ) -> Result<T, String> {
        match self.plain(line) {
            Some(view) => Ok(call(&view)),
            None => Ok(call(&View::of(&read_row(place, line)?))),
        }
    }

    /// What a line says that has the one form.
    fn plain<'a>(&self, line: &'a str) -> Option<View<'a>> {
        let index = Scan { rest: line.strip_prefix("{\"point\":")? }.number()?;
        let point = usize::try_from(index).ok()?;
        let mut scan = Scan { rest: line.strip_prefix(self.begins.get(point)?.as_str())? };
        let seed = scan.number()?;
        let verdict = scan.after(",\"verdict\":")?.text()?;
        let finding = scan.after(",\"finding\":")?.flag()?;
        let broken = scan.after(",\"broken\":")?.flag()?;
        u32::try_from(scan.after(",\"members\":")?.number()?).ok()?;
        let digest = scan.after(",\"digest\":")?.text()?;
        let events = scan.after(",\"events\":")?.number()?;
        let virtual_ns = scan.after(",\"virtual_ns\":")?.number()?;
        let ended = scan.after(",\"ended\":")?.text()?;
        let messages = scan.after(",\"messages\":")?.number()?;
        let delivered = scan.after(",\"delivered\":")?.number()?;
        let dropped = scan.after(",\"dropped\":")?.number()?;
        let bytes = scan.after(",\"bytes\":")?.number()?;
        let per = scan.after(",\"per\":")?.number()?;
        let metrics = scan.after(",\"metrics\":")?.table(Scan::metric)?;
        let measures = scan.after(",\"measures\":")?.table(Scan::measure)?;
        let limits = match scan.after(",\"limits\":") {
            Some(scan) => Cow::Owned(scan.limits()?),
            None => Cow::Borrowed(&[][..]),
        };
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let whole = scan.rest == "}\n" && digest.len() == 32 && digest.bytes().all(hex);
        (whole && Ended::ALL.iter().any(|known| known.name() == ended)).then_some(View {
            point,
            seed,
            verdict,
            finding,
            broken,
            digest: Cow::Borrowed(digest),
            events,
            virtual_ns,
            messages,
            delivered,
            dropped,
            bytes,
            per,
            metrics,
            measures,
            limits,
        })
    }
}

/// What is left of a line.
struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    /// Behind these words, if they come next.
    fn after(&mut self, words: &str) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(words)?;
        Some(self)
    }

    /// A whole number, which has no more zeros than it needs and fits.
    fn number(&mut self) -> Option<u64> {
        /// So many digits always fit.
        const SAFE: usize = 19;
        let bytes = self.rest.as_bytes();
        let (mut number, mut length) = (0_u64, 0);
        while let Some(digit) =
            bytes.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        {
            let digit = u64::from(digit);
            number = if length < SAFE {
                number.wrapping_mul(10).wrapping_add(digit)
            } else {
                number.checked_mul(10)?.checked_add(digit)?
            };
            length += 1;
        }
        if length == 0 || (length > 1 && bytes[0] == b'0') {
            return None;
        }
        self.rest = &self.rest[length..];
        Some(number)
    }

    /// A fraction without an exponent, as JSON writes it.
    fn fraction(&mut self) -> Option<f64> {
        let whole = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let mut scan = Scan { rest: whole };
        scan.number().filter(|whole| *whole < 1 << 63)?;
        let point = scan.after(".")?;
        let digits = point.rest.bytes().take_while(u8::is_ascii_digit).count();
        let rest = &point.rest[digits..];
        if digits == 0 || rest.starts_with(['e', 'E']) {
            return None;
        }
        let value = self.rest[..self.rest.len() - rest.len()].parse().ok()?;
        self.rest = rest;
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.after("true") {
            Some(_) => Some(true),
            None => self.after("false").map(|_| false),
        }
    }

    /// A text of which every byte stands for itself.
    fn text(&mut self) -> Option<&'a str> {
        let rest = self.rest.strip_prefix('"')?;
        let end = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (text, rest) = rest.split_at(end);
        self.rest = rest.strip_prefix('"')?;
        Some(text)
    }

    /// Names in rising order, each with a value.
    fn table<T>(&mut self, value: fn(&mut Self) -> Option<T>) -> Option<Vec<(&'a str, T)>> {
        self.after("{")?;
        let mut table: Vec<(&str, T)> = Vec::new();
        if self.after("}").is_some() {
            return Some(table);
        }
        loop {
            let name = self.text()?;
            let value = value(self.after(":")?)?;
            if table.last().is_some_and(|(last, _)| *last >= name) {
                return None;
            }
            table.push((name, value));
            if self.after(",").is_none() {
                return self.after("}").map(|_| table);
            }
        }
    }

    fn metric(&mut self) -> Option<MetricSummary> {
        let metric = MetricSummary {
            count: self.after("{\"count\":")?.number()?,
            mean: self.after(",\"mean\":")?.fraction()?,
            p50: self.after(",\"p50\":")?.number()?,
            p90: self.after(",\"p90\":")?.number()?,
            p99: self.after(",\"p99\":")?.number()?,
            max: self.after(",\"max\":")?.number()?,
        };
        self.after("}").map(|_| metric)
    }

    fn measure(&mut self) -> Option<Option<u64>> {
        match self.after("null") {
            Some(_) => Some(None),
            None => self.number().map(Some),
        }
    }

    /// Limits, up to the end of the line: they are JSON of their own.
    fn limits(&mut self) -> Option<Vec<LimitReading>> {
        let text = self.rest.strip_suffix("}\n")?;
        self.rest = "}\n";
        serde_json::from_str(text).ok().filter(|limits: &Vec<_>| !limits.is_empty())
    }
}

#[cfg(test)]
mod tests;

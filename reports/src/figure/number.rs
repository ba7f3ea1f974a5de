//! Numbers as people read them.

/// A number with so many decimals and groups of three digits: `12,345.6`.
pub fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|digit| digit.is_ascii_digit() && digit != b'0') {
        out.push('\u{2212}');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// A number on an axis whose values are about this far apart.
pub(super) fn tick(value: f64, step: f64) -> String {
    let mut decimals = 0;
    let mut unit = step.abs();
    while decimals < 9 && (unit - unit.round()).abs() > 1e-6 * unit {
        unit *= 10.0;
        decimals += 1;
    }
    for (size, letter) in [(1e9, "G"), (1e6, "M")] {
        if value.abs() >= size && (value / size * 100.0).fract().abs() < 1e-6 {
            let scaled = value / size;
            let decimals = [0, 1, 2].into_iter().find(|d| (scaled * 10_f64.powi(*d)).fract().abs() < 1e-6);
            return format!(
                "{} {letter}",
                grouped(scaled, usize::try_from(decimals.unwrap_or(2)).unwrap_or(0))
            );
        }
    }
    grouped(value, decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(grouped(999.0, 0), "999");
        assert_eq!(grouped(-1_000.0, 0), "\u{2212}1,000");
        assert_eq!(grouped(-0.001, 1), "0.0");
    }

    #[test]
    fn ticks_have_as_many_decimals_as_their_step_needs() {
        assert_eq!(tick(0.25, 0.05), "0.25");
        assert_eq!(tick(5.0, 0.5), "5.0");
        assert_eq!(tick(20_000.0, 5_000.0), "20,000");
        assert_eq!(tick(2_500_000.0, 500_000.0), "2.5 M");
        assert_eq!(tick(0.001, 0.001), "0.001");
    }
}

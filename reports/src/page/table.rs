//! Tables: a column of numbers is aligned to the right, and a long table is cut and says so.

use maud::{Markup, html};

use crate::words::count;

/// How many rows a table shows; the rest is in files.
const MOST_ROWS: usize = 150;

/// So many rows are in sight without scrolling.
const IN_SIGHT: usize = 20;

/// A cell with more letters is a text that wants width.
const LONG: usize = 24;

/// A table with its heads; `about` names it for those who hear it.
pub(crate) fn table(heads: &[String], rows: &[Vec<String>], about: &str) -> Markup {
    let cells = |at: usize| rows.iter().filter_map(move |row| row.get(at)).filter(|cell| !cell.is_empty());
    let used = (0..heads.len()).filter(|at| cells(*at).next().is_some());
    let columns: Vec<(usize, Option<&str>)> = used
        .map(|at| {
            let class = if cells(at).all(|cell| is_number(cell)) {
                Some("number")
            } else {
                cells(at).any(|cell| cell.contains(' ') && cell.len() > LONG).then_some("words")
            };
            (at, class)
        })
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label=(about) {
            table {
                thead { tr { @for (at, class) in &columns { th class=[class] scope="col" { (heads[*at]) } } } }
                tbody {
                    @for row in rows.iter().take(MOST_ROWS) {
                        tr { @for (at, class) in &columns { td class=[class] { (row.get(*at).map_or("", String::as_str)) } } }
                    }
                }
            }
        }
        @if rows.len() > IN_SIGHT && rows.len() <= MOST_ROWS {
            p.quiet.more { (count(rows.len() as u64)) " rows: scroll inside the table to see all." }
        }
        @if rows.len() > MOST_ROWS {
                p.quiet { "The first " (MOST_ROWS) " of " (count(rows.len() as u64)) " rows; the files have them all." }
        }
    }
}

/// Whether a text is a number, with a unit or an interval perhaps, and not a name that begins with a digit.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '\u{2212}', '+']);
    let number = digits.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.'));
    let rest = number.trim_start();
    let unit = rest.chars().count() <= 3 && !rest.contains(|c: char| c.is_ascii_digit());
    let interval = ["± ", "to ", "e-", "e+"].iter().any(|start| rest.starts_with(start));
    number.len() < digits.len() && (unit || interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_numbers_only_if_every_cell_is_one() {
        for number in
            ["1", "-5", "\u{2212}5", "3,060", "1.028 s", "200ppm", "0.5 %", "16.5 ± 0.2", "1e-7", "95 %"]
        {
            assert!(is_number(number), "{number}");
        }
        for text in ["", "n1", "95ea9b3adb35b372", "1/100", "4 votes of n1"] {
            assert!(!is_number(text), "{text}");
        }
        let rows = [["ca24", "1"], ["95ea9b", "2"]].map(|row| row.map(str::to_owned).to_vec());
        let table = table(&["print".to_owned(), "n".to_owned()], &rows, "t").into_string();
        assert_eq!((table.matches("<td class=\"number\">").count(), table.matches("<td>").count()), (2, 2));
    }
}

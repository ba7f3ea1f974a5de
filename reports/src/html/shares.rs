//! Where something went: a table of the protocol whose rows are shares of a whole becomes bars, and with it come the
//! key figures that the protocol itself tells.

use maud::{Markup, html};
use sim_core::outcome::Table;

use crate::run::{Palette, Run};
use crate::words::count;

/// Values with more letters are sentences, and stay in their table.
const LONG: usize = 24;
/// What a row may lack to be a whole: its shares are rounded down.
const ROUNDED: u32 = 12;

/// The section, where there is such a table.
pub(super) fn section(run: &Run) -> Markup {
    let tables = &run.outcome.picture.tables.items;
    let Some((table, shares)) = tables.iter().find_map(|table| Some((table, shares(table)?))) else {
        return html! {};
    };
    let figures: Vec<&Vec<String>> = tables
        .iter()
        .filter(|own| own.columns.len() == 2)
        .flat_map(|own| &own.rows)
        .filter(|row| row.len() == 2 && row[1].chars().count() <= LONG)
        .collect();
    let names: Vec<String> = table.columns.iter().skip(1).take(shares).cloned().collect();
    let colors = Palette::new(run).shares(&names);
    html! {
        @if !figures.is_empty() {
            section.cards aria-label="Figures of the protocol" {
                @for row in figures { div.card { div.quiet { (row[0]) } div.value { (row[1]) } } }
            }
        }
        section #shares {
            h2 { (table.title) }
            p.quiet {
                @for (name, color) in names.iter().zip(&colors) {
                    span.key { svg viewBox="0 0 10 10" aria-hidden="true" {
                        rect class={ "state " (color) } width="10" height="10" {}
                    } (name) }
                }
            }
            ul.shares { @for row in &table.rows { (bar(table, row, &colors)) } }
            @if table.omitted > 0 { p.quiet { (count(table.omitted)) " more rows were not kept, and are in no file." } }
        }
    }
}

/// One row: its name, and its shares side by side.
fn bar(table: &Table, row: &[String], colors: &[&str]) -> Markup {
    let shares = colors.len();
    let parts: Vec<u32> = row.iter().skip(1).take(shares).filter_map(|cell| permille(cell)).collect();
    let starts = parts.iter().scan(0, |sum, part| {
        *sum += part;
        Some(*sum - part)
    });
    let words: Vec<String> = table
        .columns
        .iter()
        .zip(row)
        .skip(1)
        .take(shares)
        .map(|(name, cell)| format!("{name} {cell}"))
        .collect();
    html! {
        li {
            span { (row[0]) }
            svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label=(words.join(", ")) {
                title { (words.join(", ")) }
                @for ((part, start), color) in parts.iter().zip(starts).zip(colors) {
                    rect class={ "state " (color) } x=(start) width=(part) height="14" {}
                }
            }
        }
    }
}

/// How many columns after the first make up the whole in every row; none if the table is of another kind.
fn shares(table: &Table) -> Option<usize> {
    let whole = |row: &Vec<String>, columns: usize| {
        let parts: Option<Vec<u32>> = row.iter().skip(1).take(columns).map(|cell| permille(cell)).collect();
        let sum: u32 = parts.unwrap_or_default().iter().sum();
        (1_000 - ROUNDED..=1_000 + ROUNDED).contains(&sum)
    };
    let many = |columns: &usize| table.rows.iter().all(|row| whole(row, *columns));
    if table.rows.is_empty() { None } else { (2..table.columns.len()).find(many) }
}

/// A share as it is written, "12.3 %", in tenths of a percent.
fn permille(cell: &str) -> Option<u32> {
    let (whole, tenth) = cell.strip_suffix(" %")?.split_once('.')?;
    whole.parse::<u32>().ok()?.checked_mul(10)?.checked_add(tenth.parse().ok().filter(|tenth| *tenth < 10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let texts = |row: &[&str]| row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let columns = texts(&["agent", "working", "idle", "overhead"]);
        Table {
            title: "T".to_owned(),
            columns,
            rows: rows.iter().map(|row| texts(row)).collect(),
            omitted: 0,
        }
    }

    #[test]
    fn rows_of_shares_make_a_whole_and_others_do_not() {
        assert_eq!(permille("12.3 %"), Some(123));
        assert_eq!(permille("12 %"), None);
        let whole = table(&[&["n1", "60.1 %", "39.8 %", "0.0 %"], &["n2", "0.0 %", "100.0 %", "7.0 %"]]);
        assert_eq!(shares(&whole), Some(2));
        let less = table(&[&["n1", "60.1 %", "30.0 %", "0.0 %"]]);
        assert_eq!(shares(&less), None);
        assert_eq!(shares(&table(&[])), None);
        assert_eq!(shares(&table(&[&["n1", "many", "words", ""]])), None);
    }

    #[test]
    fn a_bar_lays_its_shares_side_by_side() {
        let own = table(&[&["n1", "60.1 %", "39.8 %", "0.0 %"]]);
        let drawn = bar(&own, &own.rows[0], &["c0", "plain"]).into_string();
        assert!(drawn.contains("class=\"state c0\" x=\"0\" width=\"601\""), "{drawn}");
        assert!(drawn.contains("class=\"state plain\" x=\"601\" width=\"398\""), "{drawn}");
        assert!(drawn.contains("working 60.1 %, idle 39.8 %"));
    }
}

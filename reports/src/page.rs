//! The shell that every page has: its policy, its style for light, dark and paper, its script, its bar.
//!
//! Texts are data: they are escaped where they stand, and the page's own policy runs no script but its own, which it
//! names by its hash. Colors are variables, so that figures follow the page from light to dark.

mod security;
pub(crate) mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use sim_core::judgment::Judgment;

use crate::figure::Figure;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = concat!(include_str!("page/script.js"), include_str!("page/timeline.js"));

/// A page without its shell.
pub(crate) struct Page<'a> {
    /// What the window is called.
    pub(crate) title: String,
    /// What stands beside the program's name at the top.
    pub(crate) about: Markup,
    /// Everything between the bar and the footer.
    pub(crate) main: Markup,
    /// The file that it was made from.
    pub(crate) made_from: &'a str,
}

impl Page<'_> {
    /// The whole file.
    pub(crate) fn into_html(self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(security::policy(&[STYLE], &[SCRIPT]));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the report" }
                    header.bar {
                        span.name { "seedstorm" }
                        span { (self.about) }
                        button #theme type="button" aria-label="Switch between light and dark" { "light / dark" }
                    }
                    main #main { (self.main) }
                    footer { "Made by seedstorm from " code { (self.made_from) } ". It loads nothing from anywhere." }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
        .into_string()
    }
}

/// The class that colors the badge of a judgment; the words say it too.
pub(crate) const fn tone(judgment: Judgment) -> &'static str {
    match judgment {
        Judgment::AsExpected => "good",
        Judgment::Inconclusive | Judgment::NothingRan | Judgment::Interrupted => "unsure",
        Judgment::Finding => "bad",
    }
}

/// A figure with its numbers below it; its files are in a folder, or beside the page.
pub(crate) fn framed(figure: &Figure, folder: Option<&str>) -> Markup {
    let (heads, rows) = figure.table();
    // Smaller than the files, so that its letters can be read on a narrow screen.
    let shown = Figure { size: (540, 340), ..figure.clone() };
    html! {
        figure id=(format!("figure-{}", figure.name)) {
            (PreEscaped(shown.inline_svg()))
            figcaption {
                details {
                    summary { "Numbers" span.quiet { " · " @if let Some(folder) = folder { (folder) "/" } (figure.name) ".csv, .svg, .png" } }
                    (table::table(&heads, &rows, &figure.title))
                }
            }
        }
    }
}

//! The shell that every page has: its policy, its style for light, dark and paper, its script, its bar.
//!
//! Texts are data: they are escaped where they stand, and the page's own policy runs no script but its own, which it
//! names by its hash. Colors are variables, so that figures follow the page from light to dark.

mod security;
pub(crate) mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use sim_core::judgment::Judgment;

use crate::figure::{FIGURES, Figure};

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

/// Where the files of a page's figures are: the page names no file that is not written with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// They are not written.
    None,
    /// Beside the page.
    Beside,
    /// In the folder of figures beside the page.
    InFolder,
}

impl Files {
    /// The folder, with its slash; empty beside the page.
    fn folder(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Beside => Some(String::new()),
            Self::InFolder => Some(format!("{FIGURES}/")),
        }
    }
}

/// A figure with its numbers below it, and where its files are.
pub(crate) fn framed(figure: &Figure, files: Files) -> Markup {
    let (heads, rows) = figure.table();
    // Smaller than the files, so that its letters can be read on a narrow screen.
    let shown = Figure { size: (540, 340), ..figure.clone() };
    html! {
        figure id=(format!("figure-{}", figure.name)) {
            (PreEscaped(shown.inline_svg()))
            figcaption {
                details {
                    summary { "Numbers" @if let Some(folder) = files.folder() { span.quiet { " · " (folder) (figure.name) ".csv, .svg, .png" } } }
                    (table::table(&heads, &rows, &figure.title))
                }
            }
        }
    }
}

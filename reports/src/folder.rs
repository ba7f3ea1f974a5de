//! What `report` writes of a record: the page, and beside it each figure as PNG, SVG and CSV.

use std::path::PathBuf;

use crate::figure::{FIGURES, FigureError};
use crate::html;
use crate::record::RunRecord;
use crate::run::figures;

/// The page's name in a run's folder.
pub const PAGE: &str = "report.html";

/// The files of a record's figures, with their paths from the page's folder.
///
/// # Errors
/// If a figure cannot be drawn, which would be a bug.
pub fn figure_files(record: &RunRecord) -> Result<Vec<(PathBuf, Vec<u8>)>, FigureError> {
    let mut files = Vec::new();
    for figure in figures::of_run(record) {
        let own = figure.files()?;
        files.extend(own.into_iter().map(|file| (PathBuf::from(FIGURES).join(file.name), file.content)));
    }
    Ok(files)
}

/// The page alone.
pub fn page(record: &RunRecord) -> Vec<u8> {
    html::page(record).into_bytes()
}

/// The page that has [`figure_files`] beside it, and names them.
pub fn page_of_figures(record: &RunRecord) -> Vec<u8> {
    html::page_of_figures(record).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::passing;

    #[test]
    fn every_figure_of_the_page_is_there_three_times() {
        let record = passing();
        let files = figure_files(&record).unwrap();
        let alone = String::from_utf8(page(&record)).unwrap();
        let page = String::from_utf8(page_of_figures(&record)).unwrap();
        assert!(files.len() >= 21, "{} files", files.len());
        for (path, content) in &files {
            assert!(!content.is_empty(), "{path:?} is empty");
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(page.contains(&format!("id=\"figure-{stem}\"")), "{stem} is not on the page");
            assert!(!alone.contains(&format!("{stem}.csv")), "a page alone names {stem}.csv");
        }
        assert!(page.contains("figures/latency-percentiles.csv"));
        assert_eq!(files, figure_files(&record).unwrap(), "the same record gave other files");
    }
}

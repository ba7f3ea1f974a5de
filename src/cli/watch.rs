//! What is going on, drawn in the terminal: a run played back (`run --watch`), and a campaign while it goes on
//! (`explore --watch`).
//!
//! Frames are drawn in place, without another screen, without another mode of the terminal, and with the cursor as it is.
//! So there is nothing to restore, also where the program is killed.

mod campaign;
mod run;

use std::io::{self, Write};

use console::{Term, measure_text_width, truncate_str};

use super::terminal::{Terminal, wrap};

pub(crate) use campaign::CampaignWatch;
pub(crate) use run::{play, speed};

/// Milliseconds between two frames.
const FRAME: u64 = 80;

/// Whether frames can be drawn; where they cannot, it is said why.
pub(crate) fn possible(terminal: &Terminal) -> bool {
    let possible = Terminal::is_interactive();
    if !possible {
        terminal.remark("note: --watch needs a terminal on stderr");
    }
    possible
}

/// Where frames are drawn, one in place of the other. The last one is gone when the screen is dropped.
struct Screen<W: Write> {
    out: W,
    /// How wide each line of the frame is that is there.
    drawn: Vec<usize>,
}

impl Screen<Term> {
    /// The terminal on stderr.
    fn stderr() -> Self {
        Self::on(Term::stderr())
    }

    /// Draws a frame as far as there is room.
    fn show(&mut self, lines: &[String]) -> io::Result<()> {
        let size = self.out.size();
        self.draw(lines, size)
    }
}

impl<W: Write> Screen<W> {
    fn on(out: W) -> Self {
        Self { out, drawn: Vec::new() }
    }

    /// Draws a frame on a terminal with so many rows and columns, in one go, so that it does not flicker.
    fn draw(&mut self, lines: &[String], (rows, columns): (u16, u16)) -> io::Result<()> {
        let room = usize::from(rows).saturating_sub(1).max(1);
        let columns = usize::from(columns);
        let mut frame = self.back(columns);
        let broken: String = lines.iter().map(|line| wrap(line, &labelled("", ""), columns)).collect();
        self.drawn.clear();
        for line in broken.lines().take(room) {
            let line = truncate_str(line, columns, "…");
            self.drawn.push(measure_text_width(&line));
            frame += &line;
            frame += "\x1b[K\n";
        }
        frame += "\x1b[J";
        self.out.write_all(frame.as_bytes())?;
        self.out.flush()
    }

    /// Takes the cursor to where the frame begins. A terminal that became narrower has broken lines that were longer.
    fn back(&self, columns: usize) -> String {
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        if rows == 0 { "\r".to_owned() } else { format!("\r\x1b[{rows}A") }
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        if self.drawn.is_empty() {
            return;
        }
        let clear = self.back(usize::MAX) + "\x1b[J";
        // If stderr is gone there is nothing to clear.
        let _ = self.out.write_all(clear.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// How far something is, as a bar.
fn bar(done: u64, whole: u64) -> String {
    const WIDE: u128 = 24;
    let full = (u128::from(done) * WIDE / u128::from(whole.max(1))).min(WIDE) as usize;
    "█".repeat(full) + &"░".repeat(WIDE as usize - full)
}

/// A line of a frame: what it is about, and what there is.
fn labelled(label: &str, words: &str) -> String {
    format!("{label:<12}{words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal shows of what was written to it: it knows the few codes that frames are made of, and no others.
    fn shown(bytes: &[u8]) -> (Vec<String>, usize) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (mut lines, mut row, mut column) = (vec![String::new()], 0, 0);
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\r' => column = 0,
                '\n' => {
                    (row, column) = (row + 1, 0);
                    lines.resize(lines.len().max(row + 1), String::new());
                }
                '\x1b' => {
                    assert_eq!(chars.next(), Some('['), "an escape that changes more than what is shown");
                    let mut code = String::new();
                    while !code.ends_with(|c: char| c.is_ascii_alphabetic()) {
                        code.push(chars.next().unwrap());
                    }
                    match code.strip_suffix('A') {
                        Some(up) => row -= up.parse::<usize>().unwrap(),
                        None if code == "K" => lines[row] = lines[row].chars().take(column).collect(),
                        None if code == "J" => {
                            lines[row] = lines[row].chars().take(column).collect();
                            lines.truncate(row + 1);
                        }
                        None => panic!("the code {code} changes more than what is shown"),
                    }
                }
                c => {
                    let before: String = lines[row].chars().take(column).collect();
                    let after: String = lines[row].chars().skip(column + 1).collect();
                    lines[row] = format!("{before}{c}{after}");
                    column += 1;
                }
            }
        }
        (lines, row)
    }

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_frame_takes_the_place_of_the_one_before() {
        let mut out = Vec::new();
        let mut screen = Screen::on(&mut out);
        screen.draw(&lines(&["one", "a long line", "three"]), (24, 8)).unwrap();
        screen.draw(&lines(&["1", "2"]), (24, 80)).unwrap();
        std::mem::forget(screen);
        assert_eq!(shown(&out), (lines(&["1", "2", ""]), 2));
        out.clear();
        let mut screen = Screen::on(&mut out);
        let long = "words       a line that is too long";
        screen.draw(&lines(&[long, "unbreakable-word-here", "three"]), (5, 20)).unwrap();
        std::mem::forget(screen);
        let broken =
            ["words       a line", "            that is", "            too long", "unbreakable-word-he…", ""];
        assert_eq!(shown(&out), (lines(&broken), 4), "what has no room is left out");
    }

    #[test]
    fn a_terminal_that_became_narrower_has_broken_the_lines() {
        let mut out = Vec::new();
        let mut screen = Screen::on(&mut out);
        screen.draw(&lines(&["a line of thirty characters..,", "two"]), (24, 80)).unwrap();
        screen.draw(&lines(&["1"]), (24, 20)).unwrap();
        std::mem::forget(screen);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\r\x1b[3A1\x1b[K\n"), "{text:?}");
    }

    #[test]
    fn the_terminal_is_as_it_was_at_the_end_and_after_a_panic() {
        for panics in [false, true] {
            let mut out = b"before\n".to_vec();
            let drawing = std::panic::AssertUnwindSafe(|| {
                let mut screen = Screen::on(&mut out);
                screen.draw(&lines(&["one", "two"]), (24, 80)).unwrap();
                screen.draw(&lines(&["one", "two", "three"]), (24, 80)).unwrap();
                assert!(!panics, "in the middle of a campaign");
            });
            assert_eq!(std::panic::catch_unwind(drawing).is_err(), panics);
            assert_eq!(shown(&out), (lines(&["before", ""]), 1));
        }
    }

    #[test]
    fn a_bar_is_as_full_as_what_it_shows() {
        assert_eq!(bar(0, 0), "░".repeat(24));
        assert_eq!(bar(u64::MAX, u64::MAX), "█".repeat(24));
        assert_eq!(bar(1, 2), "█".repeat(12) + &"░".repeat(12));
    }
}

//! Files are read in bounds: some never end, and some are not what their name says.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use sim_core::digest::{Digest, RunDigest};

/// How many bytes are asked for at once.
const PIECE: usize = 1 << 16;

/// Reads a text, and no more of it than it may have. A byte order mark, which some editors put first, is no part of it.
///
/// # Errors
/// If it cannot be read, is no text, or has more than `limit` bytes ([`io::ErrorKind::FileTooLarge`]).
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    let too_long = file.metadata()?.len() > limit;
    if !too_long {
        file.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if too_long || bytes.len() as u64 > limit {
        let why = format!("it has more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    text_of(bytes)
}

/// The text of bytes in UTF-8, without a byte order mark at its beginning.
///
/// # Errors
/// If they are no text in UTF-8 ([`io::ErrorKind::InvalidData`]).
pub fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    const MARK: char = '\u{feff}';
    let no_text = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(no_text("it is text in UTF-16; save it as UTF-8".to_owned()));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        no_text(format!("it is not text: byte {at} (counted from 0) is not UTF-8"))
    })?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

/// The lines of a text that have their ends, with them; what is behind the last one may be torn. A line of more than `limit`
/// bytes is an error.
///
/// # Errors
/// If the file cannot be opened.
pub fn whole_lines(path: &Path, limit: u64) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
    whole_lines_from(path, 0, limit)
}

/// [`whole_lines`], from a byte at which one begins.
///
/// # Errors
/// If the file cannot be opened.
pub fn whole_lines_from(
    path: &Path,
    at: u64,
    limit: u64,
) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
    let mut file = BufReader::new(open(path)?);
    if at > 0 {
        file.seek(SeekFrom::Start(at))?;
    }
    Ok(std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        match file.by_ref().take(limit + 1).read_until(b'\n', &mut bytes) {
            Err(error) => Some(Err(error)),
            Ok(length) if length as u64 > limit => {
                let why = format!("a line has more than {limit} bytes");
                Some(Err(io::Error::new(io::ErrorKind::FileTooLarge, why)))
            }
            Ok(_) if bytes.ends_with(b"\n") => {
                Some(String::from_utf8(bytes).map_err(|_| io::Error::other("a line is not UTF-8")))
            }
            Ok(_) => None,
        }
    }))
}

/// Reads a file of a size that was judged before.
///
/// # Errors
/// If it cannot be read.
pub fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The digest of what a file holds. It is never in memory as a whole.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of(path: &Path) -> io::Result<RunDigest> {
    let mut file = open(path)?;
    let (mut digest, mut bytes) = (Digest::new(), Vec::with_capacity(PIECE));
    loop {
        // Pieces are of one length but for the last, however much each read gives.
        bytes.clear();
        file.by_ref().take(PIECE as u64).read_to_end(&mut bytes)?;
        digest.bytes(&bytes);
        if bytes.len() < PIECE {
            return Ok(digest.whole());
        }
    }
}

/// Whether a file is empty or these bytes are anywhere in it. It is never in memory as a whole.
///
/// # Errors
/// If it cannot be read.
pub(super) fn is_empty_or_has(path: &Path, mark: &[u8]) -> io::Result<bool> {
    const PIECE: u64 = 1 << 16;
    let mut file = open(path)?;
    let (mut bytes, mut empty) = (Vec::new(), true);
    loop {
        // What may be the beginning of the mark is looked at again with the next piece.
        let kept = bytes.len().min(mark.len().saturating_sub(1));
        bytes.drain(..bytes.len() - kept);
        if file.by_ref().take(PIECE).read_to_end(&mut bytes)? == 0 {
            return Ok(empty);
        }
        empty = false;
        if bytes.windows(mark.len()).any(|window| window == mark) {
            return Ok(true);
        }
    }
}

/// Adds a piece of a file to what was read before; how many bytes, fewer than asked for only at its end.
///
/// # Errors
/// If it cannot be read.
pub fn read_piece(path: &Path, at: u64, length: u64, to: &mut Vec<u8>) -> io::Result<u64> {
    let mut file = open(path)?;
    file.seek(SeekFrom::Start(at))?;
    to.reserve(usize::try_from(length).unwrap_or(0).min(PIECE));
    Ok(file.take(length).read_to_end(to)? as u64)
}

fn open(path: &Path) -> io::Result<File> {
    if is_named_pipe(path) {
        let why = "it is a named pipe, which may never end";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    File::open(path)
}

/// A pipe that nobody writes to would be waited for without end. What a shell hands over (`<(...)`, /dev/stdin) is open
/// already.
#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let handed_over = path.starts_with("/dev") || path.starts_with("/proc");
    !handed_over && path.metadata().is_ok_and(|there| there.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_named_pipe(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_may_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        assert_eq!(read_text(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::write(&path, b"12\xff45").unwrap();
        assert!(read_text(&path, 5).unwrap_err().to_string().contains("byte 2"));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let text = |bytes: &[u8]| text_of(bytes.to_vec());
        assert_eq!(text(b"\xef\xbb\xbf{}").unwrap(), "{}");
        assert_eq!(text(b"\xef\xbb\xbf").unwrap(), "");
        assert_eq!(text(b"{}\xef\xbb\xbf").unwrap(), "{}\u{feff}", "elsewhere it is one");
        for utf_16 in [b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
            assert!(text(utf_16).unwrap_err().to_string().contains("UTF-16"));
        }
    }

    #[test]
    fn a_line_is_whole_and_not_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let lines = |text: &[u8], limit| {
            std::fs::write(&path, text).unwrap();
            whole_lines(&path, limit).unwrap().collect::<io::Result<Vec<_>>>()
        };
        assert_eq!(lines(b"one\ntwo\nth\xc3", 4).unwrap(), ["one\n", "two\n"]);
        assert_eq!(lines(b"one\ntwo\n", 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(lines(b"one\n\xc3\n", 9).is_err());
    }

    #[test]
    fn a_mark_is_found_across_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (before, found) in [(0, true), ((1 << 16) - 3, true), (200_000, true)] {
            std::fs::write(&path, [vec![b'x'; before], b"mark".to_vec(), vec![b'y'; 9]].concat()).unwrap();
            assert_eq!(is_empty_or_has(&path, b"mark").unwrap(), found, "{before}");
            assert!(!is_empty_or_has(&path, b"other").unwrap());
        }
        std::fs::write(&path, b"").unwrap();
        assert!(is_empty_or_has(&path, b"mark").unwrap());
    }
}

//! Small inputs that once went wrong, with the right answer: the files in `tests/cases/`.

mod numbers;

//! How much a storm explores: what the code says, and what the environment says instead.

use std::path::PathBuf;
use std::time::Duration;

/// How much is explored, and by how many threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
    /// How long at most.
    pub time: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { first: 0, seeds: 200, jobs: None, time: None }
    }
}

/// A variable of the environment that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?}: expected {expected}")]
pub struct BadSetting {
    /// Which one.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub expected: &'static str,
}

impl Settings {
    /// Takes over what the environment says; the capsule that is to be replayed alone, if it names one.
    pub(super) fn read_environment(&mut self) -> Result<Option<PathBuf>, BadSetting> {
        self.read(|name| {
            #[expect(clippy::disallowed_methods, reason = "how people steer a test; no run sees it")]
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn read(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<PathBuf>, BadSetting> {
        let asked = |name: &'static str, expected: &'static str| {
            variable(name).map(|value| (value.clone(), BadSetting { name, value, expected }))
        };
        if let Some((value, bad)) = asked("SEEDSTORM_SEEDS", "a number of seeds, or a range as 500..1000") {
            (self.first, self.seeds) = match value.split_once("..") {
                None => (self.first, value.parse().map_err(|_| bad)?),
                Some((from, to)) => {
                    let range = from.parse::<u64>().ok().zip(to.parse::<u64>().ok());
                    let (from, to) = range.filter(|(from, to)| from < to).ok_or(bad)?;
                    (from, to - from)
                }
            };
        }
        if let Some((value, bad)) = asked("SEEDSTORM_SEED", "one seed, as 42") {
            (self.first, self.seeds) = (value.parse().map_err(|_| bad)?, 1);
        }
        if let Some((value, bad)) = asked("SEEDSTORM_TIME", "a duration, as 90s or 10min") {
            let time: sim_core::time::Duration = value.parse().map_err(|_| bad)?;
            self.time = Some(Duration::from_nanos(time.as_nanos()));
        }
        if let Some((value, bad)) = asked("SEEDSTORM_JOBS", "a number of threads, 1 or more") {
            let jobs = value.parse::<usize>().ok().filter(|jobs| *jobs > 0);
            self.jobs = Some(jobs.ok_or(bad)?);
        }
        Ok(variable("SEEDSTORM_CAPSULE").map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<(Settings, Option<PathBuf>), BadSetting> {
        let mut settings = Settings { seeds: 500, ..Settings::default() };
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        settings.read(variable).map(|capsule| (settings, capsule))
    }

    #[test]
    fn the_environment_goes_before_the_code() {
        let plain = Settings { seeds: 500, ..Settings::default() };
        assert_eq!(read(&[]), Ok((plain, None)));
        assert_eq!(read(&[("SEEDSTORM_SEEDS", "9")]), Ok((Settings { seeds: 9, ..plain }, None)));
        let range = Settings { first: 500, seeds: 250, ..plain };
        assert_eq!(read(&[("SEEDSTORM_SEEDS", "500..750")]), Ok((range, None)));
        let one = Settings { first: 7, seeds: 1, jobs: Some(2), time: Some(Duration::from_secs(90)) };
        let variables = [("SEEDSTORM_SEED", "7"), ("SEEDSTORM_JOBS", "2"), ("SEEDSTORM_TIME", "90s")];
        assert_eq!(read(&variables), Ok((one, None)));
        let capsule = Some(PathBuf::from("a.capsule.json"));
        assert_eq!(read(&[("SEEDSTORM_CAPSULE", "a.capsule.json")]), Ok((plain, capsule)));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (name, value) in [
            ("SEEDSTORM_SEEDS", "many"),
            ("SEEDSTORM_SEEDS", "9..3"),
            ("SEEDSTORM_SEED", "-1"),
            ("SEEDSTORM_TIME", "soon"),
            ("SEEDSTORM_JOBS", "0"),
        ] {
            let bad = read(&[(name, value)]).unwrap_err();
            assert_eq!((bad.name, bad.value.as_str()), (name, value));
        }
    }
}

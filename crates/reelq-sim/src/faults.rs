//! What goes wrong, and how often: one probability a kind of fault.

use std::{fmt, str::FromStr};

/// Says why a list of faults cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultsError {
    /// An entry without `=`.
    #[error("`{0}` is not of the form name=probability, for example throttled=0.1")]
    Form(String),
    /// A fault that the simulator does not know.
    #[error("`{name}` is not a fault; did you mean `{nearest}`? the faults are {}", Faults::NAMES.join(", "))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The known name that is most like it.
        nearest: &'static str,
    },
    /// A number outside 0 to 1, or no number.
    #[error("`{value}` is not a probability for `{name}`: give a number from 0 to 1")]
    Probability {
        /// The fault.
        name: &'static str,
        /// The text that was given.
        value: String,
    },
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Probabilities, each from 0 (never) to 1 (always). The default is a world without faults.
        ///
        /// Written and read as `throttled=0.1,dropped_after=0.03`.
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct Faults {
            $($(#[$doc])* pub $name: f64,)+
        }

        impl Faults {
            /// The names, as they are written in a list of faults.
            pub const NAMES: &[&str] = &[$(stringify!($name)),+];

            fn by_name(&mut self, name: &str) -> Option<(&'static str, &mut f64)> {
                match name {
                    $(stringify!($name) => Some((stringify!($name), &mut self.$name)),)+
                    _ => None,
                }
            }

            fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }
        }
    };
}

faults! {
    /// A submission is answered with 429; nothing is accepted.
    throttled,
    /// A status request is answered with 429.
    poll_throttled,
    /// The connection of a status request is closed without a reply.
    poll_dropped,
    /// A submission is accepted and charged, and its connection is closed without a reply.
    dropped_after,
    /// The connection is closed before a submission is accepted.
    dropped_before,
    /// A submission is accepted, or a status is told, and the reply is cut in its middle.
    torn_reply,
    /// A reply drips over some seconds.
    slow_reply,
    /// A submission or status request is answered with a 5xx; half of such submissions are accepted all the same.
    server_error,
    /// A 200 whose body says nothing; half of such submissions are accepted all the same.
    garbage,
    /// An accepted task fails for a reason that passes.
    transient_failure,
    /// An accepted task fails for good.
    permanent_failure,
    /// An accepted task is refused by moderation.
    moderation,
    /// A download is cut in its middle.
    torn_download,
    /// A download is answered with a 5xx.
    download_error,
    /// The first status request after acceptance is answered with 404.
    not_found_after_submit,
    /// The first links that a task tells are dead.
    expired_links,
    /// A success that names no output the first time it is told.
    empty_result,
    /// A callback that was asked for is never sent.
    callbacks_lost,
    /// A good reply comes in a form that strict readers refuse: text around the JSON, another encoding, compressed
    /// unasked, an echo that is cut inside a character or longer than a megabyte.
    strange_reply,
    /// A submission or status request is answered by the page of a gateway, under a 4xx; nothing is accepted.
    gateway_page,
    /// A status reply is the one of another task.
    other_task,
    /// A status request is refused, for this task only.
    task_refused,
    /// A status request about a task that is there is answered as if there were no such task.
    task_unknown,
    /// A status request is redirected to a page for people.
    login_redirect,
    /// A success is told under a word that is not documented.
    strange_word,
    /// Costs of zero or beyond all bounds, and expiries beyond all times.
    strange_numbers,
    /// A null and a picture stand before the video in the list of outputs.
    cover_first,
    /// A file is there only some seconds after its task succeeded.
    late_file,
    /// A download that is continued is of another file by now.
    changed_file,
    /// A file comes compressed, under a 203, or under the name of an encoding that it does not have.
    strange_delivery,
    /// A submission is accepted and charged, and its reply is a refusal that names the task.
    refused_though_taken,
    /// A success has an error beside its output.
    error_beside_success,
    /// A file is called by a word that says nothing of its kind.
    strange_label,
    /// Every file of a task is a `WebM`, whatever its name says.
    strange_container,
    /// Messages hold what steers a terminal, and the key that asked.
    hostile_text,
    /// A status reply has the date of another century.
    wrong_clock,
}

impl Faults {
    /// The mixture that reelq's own whole-system tests use.
    pub fn rough() -> Self {
        Self {
            throttled: 0.10,
            dropped_after: 0.03,
            dropped_before: 0.03,
            transient_failure: 0.02,
            moderation: 0.01,
            torn_download: 0.02,
            ..Self::default()
        }
    }

    /// Everything that vendors and networks were ever seen to do, each thing rarely: what promises are tried with.
    pub fn strange() -> Self {
        Self {
            throttled: 0.05,
            poll_throttled: 0.02,
            poll_dropped: 0.02,
            dropped_after: 0.01,
            dropped_before: 0.01,
            torn_reply: 0.01,
            server_error: 0.01,
            garbage: 0.01,
            transient_failure: 0.01,
            permanent_failure: 0.01,
            moderation: 0.01,
            torn_download: 0.05,
            download_error: 0.02,
            not_found_after_submit: 0.02,
            expired_links: 0.02,
            empty_result: 0.02,
            strange_reply: 0.05,
            gateway_page: 0.02,
            other_task: 0.02,
            task_refused: 0.02,
            task_unknown: 0.02,
            login_redirect: 0.02,
            strange_word: 0.03,
            strange_numbers: 0.03,
            cover_first: 0.03,
            late_file: 0.03,
            changed_file: 0.05,
            strange_delivery: 0.03,
            refused_though_taken: 0.01,
            error_beside_success: 0.03,
            strange_label: 0.05,
            strange_container: 0.03,
            hostile_text: 0.50,
            wrong_clock: 0.02,
            ..Self::default()
        }
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let mixture = match entry {
                "rough" => Some(Self::rough()),
                "strange" => Some(Self::strange()),
                _ => None,
            };
            if let Some(mixture) = mixture {
                faults = mixture;
                continue;
            }
            let (name, value) = entry.split_once('=').ok_or_else(|| FaultsError::Form(entry.to_owned()))?;
            let (name, value) = (name.trim().replace('-', "_"), value.trim());
            let Some((name, place)) = faults.by_name(&name) else {
                return Err(FaultsError::Unknown { nearest: nearest(&name), name });
            };
            *place = probability(value).ok_or_else(|| FaultsError::Probability { name, value: value.to_owned() })?;
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.values().filter(|(_, probability)| *probability > 0.0);
        for (number, (name, probability)) in given.enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{name}={probability}")?;
        }
        Ok(())
    }
}

fn probability(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value| (0.0..=1.0).contains(value))
}

fn nearest(name: &str) -> &'static str {
    reelq_model::nearest_above(0.0, name, Faults::NAMES.iter().copied()).unwrap_or("throttled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        let faults: Faults = "throttled=0.1, dropped-after=0.03,moderation=1".parse().unwrap();
        assert_eq!(faults.to_string(), "throttled=0.1,dropped_after=0.03,moderation=1");
        assert_eq!(faults.to_string().parse::<Faults>().unwrap(), faults);
        assert_eq!("".parse::<Faults>().unwrap(), Faults::default());
    }

    #[test]
    fn the_rough_mixture_can_be_changed_after_its_name() {
        let faults: Faults = "rough,throttled=0".parse().unwrap();
        assert_eq!(faults, Faults { throttled: 0.0, ..Faults::rough() });
        assert_eq!("strange".parse::<Faults>().unwrap(), Faults::strange());
    }

    #[test]
    fn a_misspelt_fault_is_refused_with_the_nearest_name() {
        let error = "trottled=0.1".parse::<Faults>().unwrap_err().to_string();
        assert!(error.starts_with("`trottled` is not a fault; did you mean `throttled`?"), "{error}");
    }

    #[test]
    fn a_probability_outside_its_range_is_refused() {
        for value in ["1.1", "-0.1", "often", "NaN", ""] {
            let error = format!("garbage={value}").parse::<Faults>().unwrap_err();
            assert_eq!(error, FaultsError::Probability { name: "garbage", value: value.to_owned() });
        }
        assert_eq!("garbage".parse::<Faults>().unwrap_err(), FaultsError::Form("garbage".to_owned()));
    }
}

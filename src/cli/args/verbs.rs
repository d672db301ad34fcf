//! The verbs as subcommands whose flags are set up only where a verb is typed: all of them together take clap longer than
//! many a verb takes for its work. `#[derive(Subcommand)]` does the same for all at once.

/// Declares the verbs, each with its help, its word and its arguments.
macro_rules! verbs {
    ($(#[doc = $about:literal] $word:literal => $verb:ident($arguments:ty),)+) => {
        #[derive(Debug)]
        pub(super) enum Verb {
            $(#[doc = $about] $verb($arguments),)+
        }

        impl clap::Subcommand for Verb {
            fn augment_subcommands(command: clap::Command) -> clap::Command {
                command$(.subcommand(
                    clap::Command::new($word)
                        .about($about.trim_start())
                        // The first group of flags would put its own heading in the place of the verb's.
                        .defer(|verb| <$arguments as clap::Args>::augment_args(verb).about($about.trim_start())),
                ))+
            }

            fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
                Self::augment_subcommands(command)
            }

            fn has_subcommand(word: &str) -> bool {
                [$($word),+].contains(&word)
            }
        }

        impl clap::FromArgMatches for Verb {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($word, typed)) => Ok(Self::$verb(clap::FromArgMatches::from_arg_matches(typed)?)),)+
                    _ => Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand)),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

pub(super) use verbs;

//! Text for the configuration around the files. Every target of `pgtls config` is written from one model of the
//! directory, [`Site`], so that all of them agree; each is a file here. Pure: `ops::config` fills the model.

mod brief;
mod check;
mod docker;
mod error;
mod hba;
mod hosts;
mod ident;
mod inclusion;
mod jdbc;
mod kong;
mod libpq;
mod link;
mod mark;
mod patroni;
mod pgbouncer;
mod postgresql;
mod quote;
mod site;
mod user_map;
mod userlist;

pub use brief::{connection_keywords, keyword_text, pg_hba_conf, postgresql_conf};
pub use docker::{DockerWish, docker};
pub use error::ConfigError;
pub use hba::{Auth, HbaWish, Local, hba};
pub use hosts::{HostsWish, hosts};
pub use ident::{IdentWish, Rule, ident};
pub use inclusion::Reader;
pub use jdbc::jdbc;
pub use kong::{KongForm, KongProtocol, KongWish, kong};
pub use libpq::{LibpqForm, LibpqWish, libpq};
pub use link::{KeyReader, Link, LinkWish, usual_host};
pub use mark::is_marked;
pub use patroni::{PatroniWish, VerifyClient, patroni};
pub use pgbouncer::{FrontAuth, PgbouncerWish, pgbouncer};
pub use postgresql::{ListsWish, PostgresqlWish, Protocol, postgresql};
pub use quote::in_uri;
pub use site::{Home, Lists, Member, Site, Text};
pub use user_map::pg_ident_line;
pub use userlist::userlist;

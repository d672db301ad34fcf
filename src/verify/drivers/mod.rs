//! Which client stacks connect with these files, and why the others do not.
//!
//! Nothing is judged here that the judge has not judged: its findings about each end-entity are put to each stack
//! (`effects`), and beside them stand the few things in which stacks differ without any fault: host names, key files.

mod catalogue;
mod chain;
mod effect;
mod effects;
mod findings;
mod form;
mod keys;
mod names;
mod reception;

pub use catalogue::Driver;
pub use reception::{Reception, reception};

use super::chain::End;
use super::exhibit::Exhibit;
use super::policy::Policy;
use super::roles::Roles;
use super::rules::Rule;
use super::scene::{Identity, Scene, Side};
use catalogue::Set;
use effects::effect;
use findings::Heard;
use serde::Serialize;

/// What a stack does with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The connection gets past it.
    Accepts,
    /// It does not.
    Refuses,
    /// It cannot be said.
    CannotTell,
}

impl Answer {
    /// The worse, the more.
    pub(super) fn badness(self) -> u8 {
        match self {
            Self::Accepts => 0,
            Self::CannotTell => 1,
            Self::Refuses => 2,
        }
    }
}

/// An answer and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// The file that it hangs on, where it is no plain yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The rule behind it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Why, in the words of the stack where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What one stack says of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriverRow {
    /// Which stack.
    pub driver: Driver,
    /// The versions that its row was measured with.
    pub version: &'static str,
    /// Whether it takes the servers' certificates; `None`: none is there.
    pub server: Option<Verdict>,
    /// Whether it shows the clients' certificates, and the server takes them from it; `None`: none is there.
    pub client: Option<Verdict>,
    /// The command that makes the key file which it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The least `lua_ssl_verify_depth` of Kong: how many intermediates stand in the server's chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lua_ssl_verify_depth: Option<usize>,
}

impl DriverRow {
    /// Whether it connects; `None` where it cannot be told.
    #[must_use]
    pub fn connects(&self) -> Option<bool> {
        let answers = [self.server.as_ref(), self.client.as_ref()].map(|verdict| verdict.map(|it| it.answer));
        match answers {
            [Some(Answer::Refuses), _] | [_, Some(Answer::Refuses)] => Some(false),
            [Some(Answer::Accepts), Some(Answer::Accepts)] => Some(true),
            _ => None,
        }
    }
}

/// Puts the files to every stack, in the order of [`Driver::ALL`].
#[must_use]
pub fn drivers(exhibits: &[Exhibit], roles: &Roles, policy: &Policy) -> Vec<DriverRow> {
    let scene = Scene::of(".", exhibits, roles, policy);
    let cases: Vec<Case<'_>> =
        scene.identities.iter().flat_map(|it| cases(it, &scene, roles, policy)).collect();
    Driver::ALL.iter().map(|driver| row(*driver, &cases, policy)).collect()
}

/// An end-entity on one side, and what the judge says of it.
struct Case<'a> {
    identity: &'a Identity<'a>,
    side: Side,
    /// As its file is.
    filed: Heard<'a>,
    /// As it is sent by those that fill its file up.
    filled: Option<Heard<'a>>,
}

fn cases<'a>(
    identity: &'a Identity<'a>,
    scene: &'a Scene<'a>,
    roles: &Roles,
    policy: &Policy,
) -> Vec<Case<'a>> {
    let sides = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
    let case = |side| {
        let filed = findings::hear(identity, side, scene, roles, policy);
        let filled = findings::filled_up(identity, side, scene)
            .filter(|_| findings::lacks_issuer(&filed))
            .map(|identity| findings::hear(&identity, side, scene, roles, policy));
        Case { identity, side, filed, filled }
    };
    sides.into_iter().filter(|(shows, _)| *shows).map(|(_, side)| case(side)).collect()
}

fn row(driver: Driver, cases: &[Case<'_>], policy: &Policy) -> DriverRow {
    let of_side = |side: Side| {
        let verdicts =
            cases.iter().filter(|case| case.side == side).map(|case| verdict(driver, case, policy));
        // Where there are several, the worst counts.
        verdicts.max_by_key(|verdict| verdict.answer.badness())
    };
    let clients = cases.iter().filter(|case| case.side == Side::Client);
    let servers = cases.iter().filter(|case| case.side == Side::Server);
    let between = |case: &Case<'_>| {
        let chain = &case.filled.as_ref().unwrap_or(&case.filed).chain;
        (chain.end == End::Anchor).then(|| chain.links.len().saturating_sub(2))
    };
    DriverRow {
        driver,
        version: driver.version(),
        server: of_side(Side::Server),
        client: of_side(Side::Client),
        needs: clients.into_iter().find_map(|case| keys::conversion(driver, case.identity)),
        lua_ssl_verify_depth: servers.filter_map(between).max().filter(|_| driver == Driver::PgmoonNginx),
    }
}

fn verdict(driver: Driver, case: &Case<'_>, policy: &Policy) -> Verdict {
    let Case { identity, side, .. } = case;
    let leaf = identity.leaf;
    // A server is OpenSSL and fills up; of clients not all do.
    let fills = *side == Side::Server || !Set::SENDS_ITS_FILE_ALONE.has(driver);
    let heard = case.filled.as_ref().filter(|_| fills).unwrap_or(&case.filed);
    let answered = |answer, file: &str, rule, why: &str| Verdict {
        answer,
        file: Some(file.to_owned()),
        rule,
        why: Some(why.to_owned()),
    };
    let (mut refusal, mut doubt) = (None, None);
    for (spot, finding) in &heard.findings {
        let Some(place) = heard.place(*spot, driver) else { continue };
        let effect = effect(finding, *side, place, leaf.certificate);
        let file = finding.files.first().map_or(leaf.file, String::as_str);
        if effect.refused.has(driver) {
            let why = effect.words(driver).unwrap_or(&finding.fact);
            let refused = answered(Answer::Refuses, file, Some(finding.rule), why);
            // What stops everybody is the reason to name.
            if effect.stops_all() {
                return refused;
            }
            refusal.get_or_insert(refused);
        } else if effect.unknown.has(driver) {
            doubt
                .get_or_insert_with(|| answered(Answer::CannotTell, file, Some(finding.rule), &finding.fact));
        }
    }
    if let Some(refusal) = refusal {
        return refusal;
    }
    if *side == Side::Server {
        match names::answer(driver, leaf.certificate, policy) {
            names::Answer::Takes => {}
            names::Answer::Refuses(why) => return answered(Answer::Refuses, leaf.file, None, why),
            names::Answer::Unknown(why) => {
                doubt.get_or_insert_with(|| answered(Answer::CannotTell, leaf.file, None, why));
            }
        }
    } else if keys::refuses_der(driver, identity) {
        let file = identity.key.map_or(leaf.file, |key| key.name.as_str());
        return answered(Answer::Refuses, file, None, "it reads PEM alone");
    }
    if let Some(why) = keys::unmeasured(driver, *side, &heard.chain) {
        doubt.get_or_insert_with(|| answered(Answer::CannotTell, leaf.file, None, &why));
    }
    doubt.unwrap_or(Verdict { answer: Answer::Accepts, file: None, rule: None, why: None })
}

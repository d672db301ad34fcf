//! One certificate after the other, each under its CA: those that are renewed and those that stay, and what keeps one from
//! being renewed.

use super::items::Item;
use super::signer::{Signer, refuse_revoked, signer, successor};
use super::{Blocked, Due, Lasting, RenewError, RenewWish, lasting};
use crate::keys::{KeyType, PublicKey, StoredKey};
use crate::pg::{certificate_file, key_file};
use crate::plan::authorities::{self, Authority};
use crate::plan::evidence::has_its_word_alone;
use crate::plan::issue::kept_spec;
use crate::plan::reissue::{Reissued, leaf_usage, reissue};
use crate::plan::window::BACKDATED;
use crate::plan::{CertificateSpec, IssuerRef, Notice, PlanError, build, issuers, rules};
use crate::state::{State, key_identifier};
use crate::x509::{Lifetime, Usage, Window, format_instant};
use time::OffsetDateTime;

/// What was planned so far.
pub(super) struct Bench<'b, 's> {
    pub(super) state: &'s State,
    pub(super) found: &'b [Authority<'s>],
    pub(super) wish: &'b RenewWish,
    pub(super) now: OffsetDateTime,
    /// The CAs that are needed, each behind the one above it: renewed, or as they are.
    pub(super) cas: Vec<CertificateSpec>,
    pub(super) leaves: Vec<CertificateSpec>,
    pub(super) notices: Vec<Notice>,
}

/// The CAs above a certificate, the highest first, each with who signed it; none above one that signs itself.
type Above<'b, 's> = Vec<(&'b Authority<'s>, IssuerRef)>;

impl<'b, 's> Bench<'b, 's> {
    /// Plans those at these places again. What is due and cannot be comes back; of what is named the first is refused.
    pub(super) fn renew_all(
        &mut self,
        order: Vec<usize>,
        items: &[Item<'_>],
    ) -> Result<Vec<Blocked>, PlanError> {
        let mut blocked = Vec::new();
        for item in order.into_iter().map(|at| &items[at]) {
            match self.renew(item, lasting(self.wish, item)) {
                Ok(()) => {}
                Err(error) if !self.wish.names.is_empty() => return Err(error),
                // A revoked one is at its end, and nobody waits for another.
                Err(PlanError::Renew(RenewError::Revoked { .. })) => {}
                Err(error) => blocked.push(Blocked::of_item(item, &error)),
            }
        }
        Ok(blocked)
    }

    /// Plans one again, for as long as is said; its CAs stay as they are, unless they were planned before.
    pub(super) fn renew(&mut self, item: &Item<'_>, lasting: Lasting) -> Result<(), PlanError> {
        let chain = self.above(item)?;
        if let Signer::Ca(issuer) = signer(item, self.found, self.state) {
            refuse_revoked(item, issuer, self.state)?;
        }
        self.refuse_other_key(item)?;
        let signer = chain.last().map(|(ca, _)| *ca);
        let usage = self.usage(item, signer.is_some())?;
        let wish = Reissued {
            stem: &item.stem,
            certificate: item.certificate,
            issuer: signer.map(|ca| (ca.stem.as_str(), key_identifier(ca.certificate))),
            usage,
            window: item.certificate.window,
            new_key: self.new_key(item)?,
            path_length: (!self.has_cas_below(item)).then_some(0),
        };
        let planned = self.cas.len();
        self.keep(&chain);
        match self.checked(reissue(&wish), item, lasting) {
            Ok((mut spec, notice)) => {
                // With the key usage of a CA it could be no client any more, should it be one after all.
                if item.is_ca && has_its_word_alone(item.certificate, &item.stem, self.state) {
                    spec.extensions.key_usage.clear();
                }
                self.notices.extend(notice);
                self.notices.extend(build::p384_client(&spec).filter(|_| spec.existing_key.is_none()));
                self.notices.extend(build::long_lived(&spec, self.now));
                self.notices.extend(own_anchor(&spec));
                if item.is_ca {
                    self.cas.push(spec)
                } else {
                    self.leaves.push(spec)
                }
                Ok(())
            }
            // CAs that only this one needed are not spoken of.
            Err(error) => {
                self.cas.truncate(planned);
                Err(error)
            }
        }
    }

    /// The CAs that come into the plan as they are, because something under them does.
    pub(super) fn keep(&mut self, chain: &Above<'_, '_>) {
        for link in chain {
            if !self.cas.iter().any(|spec| spec.stem == link.0.stem) {
                self.cas.push(kept_spec(link));
            }
        }
    }

    /// Who signs it, and the CAs above that.
    pub(super) fn above(&self, item: &Item<'_>) -> Result<Above<'b, 's>, PlanError> {
        match signer(item, self.found, self.state) {
            Signer::Ca(ca) => Ok(authorities::above(successor(ca, self.found), self.found)),
            Signer::Elsewhere => {
                let issuer = item.certificate.issuer.clone();
                Err(RenewError::CaElsewhere { certificate: item.shown(self.state), issuer }.into())
            }
            Signer::Itself if let Some(problem) = issuers::unread_key(&item.stem, self.state) => {
                Err(PlanError::UnusableCa { certificate: item.shown(self.state), problem })
            }
            Signer::Itself if self.state.key(&item.stem).is_none() => {
                let key = self.state.shown_pair(item.is_ca, &key_file(&item.stem));
                Err(RenewError::OwnKeyMissing { certificate: item.shown(self.state), key, is_ca: item.is_ca }
                    .into())
            }
            Signer::Itself => Ok(Vec::new()),
        }
    }

    fn usage(&self, item: &Item<'_>, has_signer: bool) -> Result<Usage, PlanError> {
        if !item.is_ca {
            let says_nothing = item.certificate.ca.is_none() && !item.certificate.has_extended_key_usage;
            let all = self.state.certificates.values().flatten();
            let mut others = all.filter(|other| !item.is(other));
            // X.509 v1 knows no CAs, and anybody could be one.
            if says_nothing && others.any(|other| item.certificate.may_have_issued(other)) {
                let problem = "it issued others, and does not say that it is a CA".to_owned();
                return Err(PlanError::NotReproducible { certificate: item.stem.clone(), problem });
            }
            return leaf_usage(&item.stem, item.certificate, self.asked_usage(item));
        }
        let own = if has_signer { Usage::IntermediateCa } else { Usage::RootCa };
        match self.wish.usage.filter(|_| !self.wish.names.is_empty()) {
            Some(asked) => Err(PlanError::OtherUse { certificate: item.stem.clone(), own, asked }),
            None => Ok(own),
        }
    }

    /// Of everything that is due some say themselves what they are for; what is asked for is for the others.
    fn asked_usage(&self, item: &Item<'_>) -> Option<Usage> {
        let says_itself = item.certificate.has_extended_key_usage;
        self.wish.usage.filter(|_| !(self.wish.names.is_empty() && says_itself))
    }

    fn has_cas_below(&self, item: &Item<'_>) -> bool {
        let mut others = self.found.iter().filter(|other| !item.is(other.certificate));
        item.is_ca && others.any(|other| item.certificate.may_have_issued(other.certificate))
    }

    /// A pair of two keys works nowhere, and nobody knows which of them is the right one.
    fn refuse_other_key(&self, item: &Item<'_>) -> Result<(), RenewError> {
        if self.wish.rekey.is_some() || !self.state.has_other_key(&item.stem, item.certificate) {
            return Ok(());
        }
        let key = self.state.shown_pair(item.is_ca, &key_file(&item.stem));
        Err(RenewError::OtherKey { certificate: item.shown(self.state), key })
    }

    /// The kind of the new key, where it gets one.
    fn new_key(&self, item: &Item<'_>) -> Result<Option<KeyType>, PlanError> {
        let is_named = !self.wish.names.is_empty();
        let Some(rekey) = self.wish.rekey else { return Ok(None) };
        let certificate = || item.shown(self.state);
        if item.is_ca {
            return match is_named {
                true => Err(RenewError::RekeyedCa { certificate: certificate() }.into()),
                false => Ok(None),
            };
        }
        let file = key_file(&item.stem);
        if !self.state.occupied.contains(&file) {
            return match is_named {
                true => Err(RenewError::NoKeyToReplace { certificate: certificate() }.into()),
                false => Ok(None),
            };
        }
        if matches!(self.state.key(&item.stem), Some(StoredKey::Encrypted(_))) && !rekey.encrypted {
            return Err(RenewError::KeyEncrypted { key: self.state.shown(&file) }.into());
        }
        if self.state.others.iter().any(|other| item.is(other)) {
            return Err(RenewError::BesideItsKey { certificate: certificate() }.into());
        }
        let own = || build::nearest_type(&PublicKey::from_spki_der(&item.certificate.public_key));
        Ok(Some(rekey.key_type.unwrap_or_else(own)))
    }

    /// The spec with its window, where its CAs and the rules allow it.
    fn checked(
        &mut self,
        spec: Result<CertificateSpec, PlanError>,
        item: &Item<'_>,
        lasting: Lasting,
    ) -> Result<(CertificateSpec, Option<Notice>), PlanError> {
        let mut spec = spec?;
        if item.is_ca
            && let Some(problem) = unfit(item, self.now)
        {
            let certificate = item.shown(self.state);
            if self.now < item.certificate.window.not_before {
                let hint = issuers::EARLY_CLOCK.to_owned();
                return Err(PlanError::CaOutOfTime { certificate, problem, hint });
            }
            return Err(PlanError::UnusableCa { certificate, problem });
        }
        // Together with its CAs, and not with whatever else is renewed.
        self.cas.push(spec);
        let checked = issuers::check(&self.cas, self.state, self.now);
        let broken = self.cas.last().map_or(Ok(()), |spec| rules::check_reissued(spec, &self.cas));
        let Some(own) = self.cas.pop() else { return Err(PlanError::NoCa { path: self.state.path.clone() }) };
        spec = own;
        checked.and(broken)?;
        let notice = self.set_window(&mut spec, item, lasting)?;
        Ok((spec, notice))
    }

    /// As long as it was, from now on, or as long as is asked for; no longer than the CAs above it. What is asked for is
    /// refused where it does not fit, and what was is made to fit.
    fn set_window(
        &self,
        spec: &mut CertificateSpec,
        item: &Item<'_>,
        lasting: Lasting,
    ) -> Result<Option<Notice>, PlanError> {
        let past = || PlanError::PastYear9999 { certificate: item.stem.clone() };
        let not_before = self.now - BACKDATED;
        let length = item.certificate.window.length();
        let not_after = match lasting {
            Lasting::Unchanged => {
                spec.window = item.certificate.window;
                return Ok(None);
            }
            Lasting::Lifetime(lifetime) => self.now.checked_add(lifetime.duration()),
            Lasting::AsBefore if !length.is_positive() => {
                return Err(RenewError::NoLength { certificate: item.shown(self.state) }.into());
            }
            // One that began in this last hour, as others make them, would end earlier than it does.
            Lasting::AsBefore => {
                let old = item.certificate.window;
                let at_least = if old.not_before <= self.now { old.not_after } else { not_before };
                not_before.checked_add(length).map(|end| end.max(at_least))
            }
        };
        let not_after = not_after.filter(|end| end.year() <= 9999).ok_or_else(past)?;
        spec.window = Window { not_before, not_after };
        let ends = std::iter::successors(spec.issuer_in(&self.cas), |ca| ca.issuer_in(&self.cas));
        let Some(first) = ends
            .reduce(|one, higher| if higher.window.not_after <= one.window.not_after { higher } else { one })
        else {
            return Ok(None);
        };
        let end = first.window.not_after;
        if not_after <= end {
            return Ok(None);
        }
        if let Lasting::Lifetime(_) = lasting {
            let (own, ca) = (format_instant(not_after), format_instant(end));
            let detail = format!("It would end at {own}; \"{}\" ends at {ca}.", first.stem);
            let fits = Lifetime::fitting(end - self.now);
            return Err(PlanError::outlives(&item.stem, detail, "--lifetime", fits, true));
        }
        // Else it would be made again every day, to the same second or an earlier one.
        let is_asked = !self.wish.names.is_empty() || self.wish.due == Due::All;
        if !is_asked && end <= item.certificate.window.not_after {
            let (certificate, ca) = (item.shown(self.state), first.stem.clone());
            return Err(RenewError::EndsWithCa { certificate, ca, ends: end }.into());
        }
        spec.window.not_after = end;
        let (certificate, because_of) = (item.stem.clone(), first.stem.clone());
        Ok(Some(Notice::Capped { certificate, because_of, not_after: end }))
    }
}

/// What keeps a CA from being one again.
fn unfit(item: &Item<'_>, now: OffsetDateTime) -> Option<String> {
    let begins = item.certificate.window.not_before;
    let at = now.max(begins).min(item.certificate.window.not_after.max(begins));
    if now < begins {
        let (now, begins) = (format_instant(now), format_instant(begins));
        return Some(format!("it begins at {begins}, and by the clock of this machine it is {now}"));
    }
    issuers::unfit(item.certificate, at)
}

/// The file of a CA that what is planned hangs from, as it is kept.
pub(super) fn kept_files(cas: &[CertificateSpec]) -> impl Iterator<Item = String> {
    cas.iter().filter(|spec| spec.kept.is_some()).map(|spec| certificate_file(&spec.stem))
}

/// That others have to be given what is made: a pair of the self-signed layout is trusted by itself.
fn own_anchor(spec: &CertificateSpec) -> Option<Notice> {
    let is_own = spec.issuer == IssuerRef::Itself && spec.usage.is_end_entity();
    let trusted_by = match spec.usage.serves() {
        true => "sslrootcert, or lua_ssl_trusted_certificate of Kong,",
        false => "ssl_ca_file",
    };
    is_own.then(|| Notice::OwnAnchor { certificate: spec.stem.clone(), trusted_by })
}

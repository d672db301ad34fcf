//! Who shall own what: account names -> numbers, and the modes that PostgreSQL takes of which owner.

use crate::error::{Error, RequestError};
use crate::fs::{Directory, Mode, Owner};
use crate::layout::{Outline, Place};
use crate::pg::key_mode_problem;
use nix::unistd::{Gid, Group, Uid, User, geteuid};
use std::path::Path;

/// Whether whoever runs this is root.
#[must_use]
pub fn caller_is_root() -> bool {
    geteuid().is_root()
}

/// `USER[:GROUP]`, names or numbers. Without a group it is the account's own.
pub(super) fn parse_owner(text: &str) -> Result<Owner, RequestError> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let (uid, own_group) = match user.parse::<u32>() {
        Ok(uid) => {
            (uid, User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|account| account.gid.as_raw()))
        }
        Err(_) => {
            let account = User::from_name(user).ok().flatten().ok_or_else(|| unknown("user", user))?;
            (account.uid.as_raw(), Some(account.gid.as_raw()))
        }
    };
    let gid = match group {
        None => own_group.ok_or(RequestError::NoGroup { uid })?,
        Some(group) => match group.parse::<u32>() {
            Ok(gid) => Gid::from_raw(gid),
            Err(_) => Group::from_name(group).ok().flatten().ok_or_else(|| unknown("group", group))?.gid,
        }
        .as_raw(),
    };
    // The system takes the highest number as "leave it as it is" (chown(2)).
    for (what, id) in [("user", uid), ("group", gid)] {
        if id == u32::MAX {
            return Err(unknown(what, &id.to_string()));
        }
    }
    Ok(Owner { uid, gid })
}

/// Gives new files to whoever has the directory that they go into, where root works for somebody else: its owner writes them
/// anew the next time, from a timer, and could not keep them root's.
pub(super) fn give_to_holders(
    outline: &mut Outline,
    directory: &Path,
    ca_directory: Option<&Path>,
) -> Result<(), Error> {
    if !caller_is_root() {
        return Ok(());
    }
    for (place, path) in [(Place::Directory, Some(directory)), (Place::CaDirectory, ca_directory)] {
        let Some(opened) = path.map(Directory::open).transpose()?.flatten() else { continue };
        let owner = Some(opened.owner()?).filter(|owner| owner.uid != 0);
        let new = outline.files.iter_mut().filter(|file| file.place == place && file.owner.is_none());
        new.for_each(|file| file.owner = owner);
    }
    Ok(())
}

fn unknown(what: &'static str, found: &str) -> RequestError {
    RequestError::UnknownOwner { what, found: found.to_owned() }
}

/// An octal mode that PostgreSQL takes of that owner.
pub(super) fn parse_key_mode(text: &str, owner: Option<Owner>) -> Result<Mode, RequestError> {
    let refuse = |detail| RequestError::KeyMode { found: text.to_owned(), detail };
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let bits = u32::from_str_radix(digits, 8).map_err(|_| refuse("It is not an octal number."))?;
    let by_root = owner.map_or_else(caller_is_root, |owner| owner.uid == 0);
    key_mode_problem(bits, by_root).map_or(Ok(Mode::from_bits(bits)), |problem| Err(refuse(problem)))
}
